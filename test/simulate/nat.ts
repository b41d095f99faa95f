/**
 * Network address translators in the terms of RFC 4787: how they map (§4.1), filter (§5), allocate ports (§4.2),
 * forget (§4.3) and hairpin (§6). A NAT may stand behind another one.
 */
import { type Endpoint, type Ipv4Address, type Port, port } from '../../daemon/wire/ipv4.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { VirtualClock } from '../support/virtual-clock.js';
import { type LinkProfile, PERFECT } from './link.js';
import { type Datagram, type Ipv4Interface, Ipv4Network } from './network.js';

/** On what of the remote end a mapping or a filter depends (RFC 4787 §4.1, §5). */
export type Dependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent';

export interface NatBehaviour {
  readonly mapping: Dependence;
  readonly filtering: Dependence;
  /** The external port is the internal one while that is free (RFC 4787 §4.2.1). */
  readonly portPreservation: boolean;
  /** How a port is chosen otherwise. */
  readonly allocation: 'sequential' | 'random';
  /** Packets from inside to an external endpoint of this NAT come back in (RFC 4787 §6). */
  readonly hairpin: boolean;
  /** Milliseconds without refresh until a mapping, or the leave of one remote end to use it, is gone. */
  readonly timeout: number;
  /** Outbound packets always refresh; inbound ones only then (RFC 4787 §4.3). */
  readonly refreshedByInbound: boolean;
}

const TYPICAL = {
  portPreservation: false,
  allocation: 'random',
  hairpin: false,
  timeout: 120_000,
  refreshedByInbound: false,
} as const;

export type NatName = 'full-cone' | 'address-restricted' | 'port-restricted' | 'symmetric';

/** The four kinds of RFC 3489, in which RFC 4380 speaks. */
export const NAT_PRESETS: Record<NatName, NatBehaviour> = {
  'full-cone': { ...TYPICAL, mapping: 'endpoint-independent', filtering: 'endpoint-independent' },
  'address-restricted': { ...TYPICAL, mapping: 'endpoint-independent', filtering: 'address-dependent' },
  'port-restricted': { ...TYPICAL, mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' },
  symmetric: { ...TYPICAL, mapping: 'address-and-port-dependent', filtering: 'address-and-port-dependent' },
};

export interface NatOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly behaviour: NatBehaviour;
  readonly outside: Ipv4Network;
  /** External address in `outside`. */
  readonly address: Ipv4Address;
  readonly line?: LinkProfile;
}

interface Mapping {
  /** Index in the table of internal endpoints. */
  readonly key: string;
  readonly inside: Endpoint;
  readonly externalPort: Port;
  expires: number;
  /** Remote ends, as far as the filtering tells them apart, and until when each may send. */
  readonly permits: Map<string, number>;
}

const FIRST_PORT = 1024;
const LAST_PORT = 65535;

function remoteKey(dependence: Dependence, remote: Endpoint): string {
  if (dependence === 'endpoint-independent') return '';
  if (dependence === 'address-dependent') return `${remote.address}`;
  return `${remote.address}:${remote.port}`;
}

export class Nat {
  readonly behaviour: NatBehaviour;
  /** Attach hosts, or another NAT, here. */
  readonly inside: Ipv4Network;
  /** Inbound datagrams that found no mapping or no leave. */
  refused = 0;
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #outside: Ipv4Network;
  readonly #profile: LinkProfile;
  readonly #byInside = new Map<string, Mapping>();
  readonly #byPort = new Map<Port, Mapping>();
  #line: Ipv4Interface;
  #nextPort: number;

  constructor(options: NatOptions) {
    this.behaviour = options.behaviour;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#outside = options.outside;
    this.#profile = options.line ?? PERFECT;
    this.#nextPort = this.#random.integer(FIRST_PORT, LAST_PORT);
    this.inside = new Ipv4Network(options.clock, options.random.fork());
    this.inside.gateway = (datagram) => this.#outbound(datagram);
    this.#line = this.#attach(options.address);
  }

  /** The present external address. */
  get address(): Ipv4Address {
    return this.#line.address;
  }

  get line(): Ipv4Interface {
    return this.#line;
  }

  /** The external endpoint by which `inside` reaches `remote`, if there is one. */
  externalOf(inside: Endpoint, remote: Endpoint): Endpoint | undefined {
    const mapping = this.#alive(this.#byInside.get(this.#insideKey(inside, remote)));
    return mapping === undefined ? undefined : { address: this.address, port: mapping.externalPort };
  }

  /** Forgets every mapping; with `address`, its provider gave it another one. */
  reboot(address: Ipv4Address = this.address): void {
    this.#byInside.clear();
    this.#byPort.clear();
    // No NAT starts over at the port where it left off.
    this.#nextPort = this.#random.integer(FIRST_PORT, LAST_PORT);
    if (address === this.address) return;
    this.#line.detach();
    this.#line = this.#attach(address);
  }

  #attach(address: Ipv4Address): Ipv4Interface {
    return this.#outside.attach(address, (datagram) => this.#inbound(datagram), this.#profile);
  }

  #outbound(datagram: Datagram): void {
    const { source, destination, bytes } = datagram;
    const mapping = this.#map(source, destination);
    const expires = this.#clock.now + this.behaviour.timeout;
    mapping.expires = expires;
    mapping.permits.set(remoteKey(this.behaviour.filtering, destination), expires);
    const external = { address: this.address, port: mapping.externalPort };
    if (destination.address !== this.address) {
      this.#line.send(external, destination, bytes);
    } else if (this.behaviour.hairpin) {
      this.#inbound({ source: external, destination, bytes });
    }
  }

  #inbound(datagram: Datagram): void {
    const { source, destination, bytes } = datagram;
    const mapping = this.#alive(this.#byPort.get(destination.port));
    if (mapping === undefined || !this.#admits(mapping, source)) {
      this.refused++;
      return;
    }
    if (this.behaviour.refreshedByInbound) {
      const expires = this.#clock.now + this.behaviour.timeout;
      mapping.expires = expires;
      mapping.permits.set(remoteKey(this.behaviour.filtering, source), expires);
    }
    this.inside.route({ source, destination: mapping.inside, bytes });
  }

  #admits(mapping: Mapping, remote: Endpoint): boolean {
    if (this.behaviour.filtering === 'endpoint-independent') return true;
    const until = mapping.permits.get(remoteKey(this.behaviour.filtering, remote));
    return until !== undefined && until > this.#clock.now;
  }

  #insideKey(inside: Endpoint, remote: Endpoint): string {
    return `${inside.address}:${inside.port}>${remoteKey(this.behaviour.mapping, remote)}`;
  }

  #map(inside: Endpoint, remote: Endpoint): Mapping {
    const key = this.#insideKey(inside, remote);
    const known = this.#alive(this.#byInside.get(key));
    if (known !== undefined) return known;
    const mapping = { key, inside, externalPort: this.#allocate(inside.port), expires: 0, permits: new Map() };
    this.#byInside.set(key, mapping);
    this.#byPort.set(mapping.externalPort, mapping);
    return mapping;
  }

  /** The mapping unless it has expired; then it is forgotten. */
  #alive(mapping: Mapping | undefined): Mapping | undefined {
    if (mapping === undefined || mapping.expires > this.#clock.now) return mapping;
    this.#byInside.delete(mapping.key);
    this.#byPort.delete(mapping.externalPort);
    return undefined;
  }

  #isFree(candidate: Port): boolean {
    return this.#alive(this.#byPort.get(candidate)) === undefined;
  }

  #allocate(internal: Port): Port {
    if (this.behaviour.portPreservation && this.#isFree(internal)) return internal;
    for (let tries = FIRST_PORT; tries <= LAST_PORT; tries++) {
      const candidate = port(this.#candidate());
      if (this.#isFree(candidate)) return candidate;
    }
    throw new Error('the NAT has no port left');
  }

  #candidate(): number {
    if (this.behaviour.allocation === 'random') return this.#random.integer(FIRST_PORT, LAST_PORT);
    const candidate = this.#nextPort;
    this.#nextPort = candidate === LAST_PORT ? FIRST_PORT : candidate + 1;
    return candidate;
  }
}
