/** Which of this host's addresses packets to a destination carry. No packet is sent to find out. */
import { createSocket } from 'node:dgram';
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../wire/ipv4.js';

export type LocalAddress =
  | { readonly ok: true; readonly address: Ipv4Address }
  /** ENETUNREACH: there is no route. */
  | { readonly ok: false; readonly errno: string };

/** Any port will do: the kernel looks at its routes only. */
const SOME_PORT = 9;

export function localAddressTo(destination: Ipv4Address): Promise<LocalAddress> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (result: LocalAddress): void => {
      socket.removeAllListeners();
      // What comes after the first word on it is of no interest.
      socket.on('error', () => {});
      socket.close();
      resolve(result);
    };
    socket.on('error', (error: NodeJS.ErrnoException) => finish({ ok: false, errno: error.code ?? 'EIO' }));
    socket.on('connect', () => {
      const address = parseIpv4(socket.address().address);
      finish(address === undefined ? { ok: false, errno: 'EIO' } : { ok: true, address });
    });
    // With a callback errors would go to it, and not be events.
    socket.connect(SOME_PORT, formatIpv4(destination));
  });
}
