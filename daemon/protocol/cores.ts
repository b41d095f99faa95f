/**
 * What every driver may count on: the calls of the three cores. Calls never throw for what the network sends, and
 * allocate nothing on the path of data.
 *
 * Order of calls: `start` once; then any of the `handle*` with a `now` that never goes back; after each call (or
 * batch of calls) ask `nextTimeout` and arm one timer; when it fires call `handleTimeout`.
 */
import type { Ipv4Address, Ipv4Scope } from '../wire/ipv4.js';
import type { Counters } from './drops.js';
import type { Forward, PacketMemory } from './environment.js';
import type { Instant } from './time.js';

/** A client or relay, between one service port and one interface. */
export interface TunnelCore {
  readonly counters: Counters;
  /** Result of the last call that returned true. */
  readonly forward: Forward;
  /**
   * A UDP datagram from `address`:`port` lies at `offset`. True: hand `forward.offset`, `forward.length` to the
   * IPv6 side.
   */
  handleDatagram(
    now: Instant,
    memory: PacketMemory,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): boolean;
  /**
   * An IPv6 packet (or a run of them behind one header, `segment` bytes each) from the IPv6 side lies at `offset`.
   * True: send it to `forward.address`:`forward.port`. False: dropped, or copied into a queue.
   */
  handlePacket(
    now: Instant,
    memory: PacketMemory,
    offset: number,
    length: number,
    segment: number,
    offload: number,
  ): boolean;
  handleTimeout(now: Instant): void;
  /** NEVER when there is nothing to wait for. */
  nextTimeout(): Instant;
  /** The host's subnets changed. */
  setScope(scope: Ipv4Scope): void;
}

export interface ClientCore extends TunnelCore {
  /** Begins qualification with a server; anew when it is already running. */
  start(now: Instant, servers: { readonly primary: Ipv4Address; readonly secondary: Ipv4Address }): void;
  /** Forgets address, peers and queues. */
  stop(now: Instant): void;
}

/** A server: stateless but for its counters (RFC 4380 §5.3). */
export interface ServerCore {
  readonly counters: Counters;
  readonly forward: Forward;
  /** `socket` is 0 (primary) or 1 (secondary). True: route `forward` natively over IPv6. */
  handleDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    socket: number,
    address: number,
    port: number,
  ): boolean;
}
