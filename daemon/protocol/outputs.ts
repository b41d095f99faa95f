/**
 * Where a core puts what it wants done. The driver owns the sink; bytes are valid during the call only.
 *
 * The order of calls is the order on the wire: what a core sends before it returns leaves before the packet that
 * its return value forwards.
 */
import type { Ipv4Address, Port } from '../wire/ipv4.js';
import type { Reachability } from './internet-test.js';
import type { TunnelState } from './tunnel-state.js';

/** Shared by client and relay: they send from one service port and deliver to one interface. */
export interface TunnelOutput {
  sendDatagram(bytes: Uint8Array, address: Ipv4Address, port: Port): void;
  /** A packet or run that waited in a queue; `segment` and `offload` are those it came with. */
  sendRun(bytes: Uint8Array, segment: number, offload: number, address: Ipv4Address, port: Port): void;
  /** One IPv6 packet for the local stack (client) or the IPv6 Internet (relay). */
  deliverPacket(bytes: Uint8Array): void;
}

export interface ClientOutput extends TunnelOutput {
  /** Called on every change. 'qualified' is said again when address, mapping or MTU change. */
  stateChanged(state: TunnelState): void;
  /** Called on every change, and after each test that was asked for. */
  reachabilityChanged?(reachability: Reachability): void;
}

export interface ServerOutput {
  /** `socket` 0 is the primary address, 1 the secondary; both on port 3544. */
  sendDatagram(socket: number, bytes: Uint8Array, address: Ipv4Address, port: Port): void;
}
