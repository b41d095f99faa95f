/** Interface and service port, which client and relay open alike: both or neither. */
import {
  closeDescriptor,
  type OpenFailure,
  openTun,
  openUdp,
  type TunDevice,
  type UdpOptions,
  type UdpSocket,
} from '../io/descriptors.js';

export interface TunnelDescriptors {
  readonly ok: true;
  readonly tun: TunDevice;
  readonly socket: UdpSocket;
}

export function openTunnelDescriptors(interfaceName: string, port: UdpOptions): TunnelDescriptors | OpenFailure {
  const tun = openTun(interfaceName);
  if (!tun.ok) return tun;
  const socket = openUdp(port);
  if (socket.ok) return { ok: true, tun, socket };
  closeDescriptor(tun.fd);
  return socket;
}

/** The interface goes with its descriptor. */
export function closeTunnelDescriptors({ tun, socket }: TunnelDescriptors): void {
  closeDescriptor(socket.fd);
  closeDescriptor(tun.fd);
}
