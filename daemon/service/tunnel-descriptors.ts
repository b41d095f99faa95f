/**
 * Interface and service port of a client (one of each) or a relay (one for each engine): all or nothing. The port goes
 * first: an interface that came and went would be a change of the network, at which what has failed is tried again.
 */
import {
  closeDescriptor,
  type OpenFailure,
  openTun,
  openTunQueues,
  openUdp,
  openUdpGroup,
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
  const socket = openUdp(port);
  if (!socket.ok) return socket;
  const tun = openTun(interfaceName);
  if (tun.ok) return { ok: true, tun, socket };
  closeDescriptor(socket.fd);
  return tun;
}

/** A queue of the interface and a socket for each engine. */
export interface GroupDescriptors {
  readonly ok: true;
  readonly queues: readonly TunDevice[];
  readonly sockets: readonly UdpSocket[];
}

export function openGroupDescriptors(
  interfaceName: string,
  port: UdpOptions,
  engines: number,
): GroupDescriptors | OpenFailure {
  const sockets = openUdpGroup(port, engines);
  if ('ok' in sockets) return sockets;
  const queues = openTunQueues(interfaceName, engines);
  if (!('ok' in queues)) return { ok: true, queues, sockets };
  for (const { fd } of sockets) closeDescriptor(fd);
  return queues;
}

export function closeGroupDescriptors({ queues, sockets }: GroupDescriptors): void {
  for (const { fd } of [...sockets, ...queues]) closeDescriptor(fd);
}

/** The interface goes with its descriptor. */
export function closeTunnelDescriptors({ tun, socket }: TunnelDescriptors): void {
  closeDescriptor(socket.fd);
  closeDescriptor(tun.fd);
}
