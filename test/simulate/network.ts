/**
 * An IPv4 network: hosts by address, each on its own line. The Internet is one; so is what lies behind a NAT, which
 * is then the network's gateway. Nobody checks a source address, as on too much of the real one.
 */
import { type Endpoint, formatIpv4, type Ipv4Address } from '../../daemon/wire/ipv4.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { VirtualClock } from '../support/virtual-clock.js';
import { Link, type LinkProfile } from './link.js';

export interface Datagram {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Immutable: several deliveries may share it. */
  readonly bytes: Uint8Array;
}

export type Receiver = (datagram: Datagram) => void;

/** A host's place in a network. */
export class Ipv4Interface {
  readonly network: Ipv4Network;
  readonly address: Ipv4Address;
  readonly up: Link;
  readonly down: Link;

  constructor(network: Ipv4Network, address: Ipv4Address, up: Link, down: Link) {
    this.network = network;
    this.address = address;
    this.up = up;
    this.down = down;
  }

  /** Copies `bytes`. */
  send(source: Endpoint, destination: Endpoint, bytes: Uint8Array): void {
    this.up.carry(bytes.slice(), (carried) => this.network.route({ source, destination, bytes: carried }, this));
  }

  /** Both directions of the line. */
  setProfile(linkProfile: LinkProfile): void {
    this.up.profile = linkProfile;
    this.down.profile = linkProfile;
  }

  detach(): void {
    this.network.detach(this.address);
  }
}

export class Ipv4Network {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #hosts = new Map<Ipv4Address, { readonly line: Ipv4Interface; readonly receive: Receiver }>();
  /** Takes what no host of this network owns. */
  gateway: Receiver | undefined;
  /** Sees every datagram when it has passed its sender's line, and whose line that is. */
  observer: ((datagram: Datagram, sender: Ipv4Interface | undefined) => void) | undefined;
  /** Datagrams for an address that nobody owns. */
  unroutable = 0;
  carried = 0;

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  attach(address: Ipv4Address, receive: Receiver, linkProfile: LinkProfile): Ipv4Interface {
    if (this.#hosts.has(address)) throw new Error(`${formatIpv4(address)} is taken`);
    const up = new Link(this.#clock, this.#random.fork(), linkProfile);
    const down = new Link(this.#clock, this.#random.fork(), linkProfile);
    const line = new Ipv4Interface(this, address, up, down);
    this.#hosts.set(address, { line, receive });
    return line;
  }

  detach(address: Ipv4Address): void {
    this.#hosts.delete(address);
  }

  /** Brings a datagram to the owner of its destination. A gateway's comes without a line of this network. */
  route(datagram: Datagram, sender?: Ipv4Interface): void {
    this.carried++;
    this.observer?.(datagram, sender);
    const { source, destination } = datagram;
    const host = this.#hosts.get(destination.address);
    if (host !== undefined) {
      host.line.down.carry(datagram.bytes, (bytes) => this.#arrive({ source, destination, bytes }));
    } else if (this.gateway !== undefined) {
      this.gateway(datagram);
    } else {
      this.unroutable++;
    }
  }

  /** The host may have left while the datagram was on its way. */
  #arrive(datagram: Datagram): void {
    this.#hosts.get(datagram.destination.address)?.receive(datagram);
  }
}
