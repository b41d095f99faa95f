/** Solicitations answered in a second by the server core alone, on one processor. */
import { SystemEntropy } from '../../daemon/io/entropy.js';
import { TeredoServer } from '../../daemon/protocol/server.js';
import { concatenate, emitAuthentication } from '../../daemon/wire/encapsulation.js';
import { type Ipv4Address, ipv4 } from '../../daemon/wire/ipv4.js';
import { DEFAULT_MTU } from '../../daemon/wire/mtu.js';
import { emitRouterSolicitation } from '../../daemon/wire/router-discovery.js';
import { emitLinkLocal, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import type { Results } from './results.js';

export function measureServerCore(count: number, results: Results): void {
  let answered = 0;
  const server = new TeredoServer(
    {
      prefix: TEREDO_PREFIX,
      primary: ipv4(0xcb00710a),
      secondary: ipv4(0xcb00710b),
      mtu: DEFAULT_MTU,
      scope: { directedBroadcasts: [] },
      authentication: undefined,
    },
    { entropy: new SystemEntropy(), hmac: () => new Uint8Array() },
    { sendDatagram: () => answered++ },
  );
  const none = new Uint8Array(0);
  const shim = emitAuthentication({ clientId: none, value: none, nonce: new Uint8Array(8), confirmation: 0 });
  const solicitation = concatenate(shim, emitRouterSolicitation(emitLinkLocal(0, 0 as Ipv4Address, 0 as never)));
  const bytes = new Uint8Array(2048);
  bytes.set(solicitation);
  const memory = { bytes, view: new DataView(bytes.buffer) };
  const start = performance.now();
  for (let i = 0; i < count; i++)
    server.handleDatagram(memory, 0, solicitation.length, 0, 0xc6336401, 1 + (i & 0x7fff));
  if (answered !== count) throw new Error(`${answered} of ${count} solicitations answered`);
  results.add('server-core', 'ours', 'answers/s', (count / (performance.now() - start)) * 1000);
}
