/**
 * The native IPv6 Internet: hosts, servers and relays by address. Where the Teredo prefix leads depends on who asks,
 * as with any anycast route: each host may have its own nearest relay.
 */
import { formatIpv6, IPV6_DESTINATION, type Ipv6Address, ipv6PacketLength } from '../../daemon/wire/ipv6.js';
import { isTeredoAt, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { VirtualClock } from '../support/virtual-clock.js';
import { Link, type LinkProfile } from './link.js';

export type PacketReceiver = (packet: Uint8Array) => void;

/** A node's place in the IPv6 Internet. */
export class Ipv6Interface {
  readonly internet: Ipv6Internet;
  readonly up: Link;
  readonly down: Link;
  readonly receive: PacketReceiver;
  /** Where packets for Teredo addresses go from here; undefined: to the Internet's default relay. */
  nearestRelay: Ipv6Interface | undefined;

  constructor(internet: Ipv6Internet, up: Link, down: Link, receive: PacketReceiver) {
    this.internet = internet;
    this.up = up;
    this.down = down;
    this.receive = receive;
  }

  /** Copies `packet`. */
  send(packet: Uint8Array): void {
    this.up.carry(packet.slice(), (carried) => this.internet.route(carried, this));
  }
}

export class Ipv6Internet {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #hosts = new Map<string, Ipv6Interface>();
  /** Serves those that have no nearer one. */
  defaultRelay: Ipv6Interface | undefined;
  /** Packets for an address that nobody owns. */
  unroutable = 0;
  carried = 0;

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  attach(address: Ipv6Address, receive: PacketReceiver, linkProfile: LinkProfile): Ipv6Interface {
    const key = formatIpv6(address);
    if (this.#hosts.has(key)) throw new Error(`${key} is taken`);
    const up = new Link(this.#clock, this.#random.fork(), linkProfile);
    const down = new Link(this.#clock, this.#random.fork(), linkProfile);
    const line = new Ipv6Interface(this, up, down, receive);
    this.#hosts.set(key, line);
    return line;
  }

  route(packet: Uint8Array, from: Ipv6Interface): void {
    this.carried++;
    const target = this.#nextHop(packet, from);
    if (target === undefined) this.unroutable++;
    else target.down.carry(packet, (carried) => target.receive(carried));
  }

  #nextHop(packet: Uint8Array, from: Ipv6Interface): Ipv6Interface | undefined {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    if (ipv6PacketLength(view, 0, packet.length) < 0) return undefined;
    if (isTeredoAt(view, IPV6_DESTINATION, TEREDO_PREFIX)) return from.nearestRelay ?? this.defaultRelay;
    return this.#hosts.get(formatIpv6(packet.subarray(IPV6_DESTINATION, IPV6_DESTINATION + 16)));
  }
}
