/**
 * A Teredo internet in virtual time: give it a seed, add servers, relays, NATs, clients and hosts, and let time pass.
 *
 * Every node reports what it must never do; the run that sees a report throws, with the seed that repeats it.
 */
import assert from 'node:assert/strict';
import type { ClientConfiguration, RelayConfiguration } from '../../daemon/protocol/configuration.js';
import { type Endpoint, type Ipv4Address, ipv4, type Port, port } from '../../daemon/wire/ipv4.js';
import { type Ipv6Address, parseIpv6 } from '../../daemon/wire/ipv6.js';
import { SeededRandom } from '../support/seeded-random.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Attacker } from './attacker.js';
import { CallMemory } from './call-memory.js';
import { ClientNode } from './client-node.js';
import type { World } from './core-node.js';
import { type Flow, type FlowOptions, Flows } from './flow.js';
import { Ipv6Internet } from './ipv6-internet.js';
import type { Ipv6Stack } from './ipv6-stack.js';
import { DATA_CENTRE_LINE, HOME_LINE, type LinkProfile } from './link.js';
import { NAT_PRESETS, Nat, type NatBehaviour, type NatName } from './nat.js';
import { NativeHost } from './native-host.js';
import { Ipv4Network } from './network.js';
import { RelayNode } from './relay-node.js';
import { ServerNode, type ServerOptions } from './server-node.js';
import { Violations } from './violations.js';

export interface ClientPlace {
  readonly server: ServerNode;
  /** undefined: the client has a public address of its own. */
  readonly nat?: Nat;
  readonly line?: LinkProfile;
  readonly localPort?: number;
  readonly configuration?: Partial<ClientConfiguration>;
  readonly watchBubbles?: boolean;
}

/** Monotonic clocks begin anywhere. */
const LATEST_ORIGIN = 1e9;

export class Simulation implements World {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly violations: Violations;
  readonly callMemory = new CallMemory();
  readonly flows = new Flows();
  readonly ipv4: Ipv4Network;
  readonly ipv6: Ipv6Internet;
  readonly clients: ClientNode[] = [];
  #nodes = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
    this.clock = new VirtualClock(this.random.chance(0.3) ? 0 : this.random.fraction() * LATEST_ORIGIN);
    this.violations = new Violations(this.clock);
    this.ipv4 = new Ipv4Network(this.clock, this.random.fork());
    this.ipv6 = new Ipv6Internet(this.clock, this.random.fork());
  }

  addServer(options: Partial<ServerOptions> = {}): ServerNode {
    const number = ++this.#nodes;
    return new ServerNode(this, {
      name: `server ${number}`,
      ipv4: this.ipv4,
      ipv6: this.ipv6,
      primary: ipv4(0x09000000 + number * 256 + 1),
      secondary: ipv4(0x09000000 + number * 256 + 2),
      native: nativeAddress(1, number),
      line: DATA_CENTRE_LINE,
      ...options,
    });
  }

  /** The first relay is the default one of the IPv6 Internet. */
  addRelay(configuration: Partial<RelayConfiguration> = {}, nat?: Nat): RelayNode {
    const number = ++this.#nodes;
    const address = nat === undefined ? ipv4(0x09800000 + number) : ipv4(0xc0a80000 + number);
    const bubbleSource = nativeAddress(0, 0);
    this.random.fill(bubbleSource.subarray(8));
    const relay = new RelayNode(this, {
      name: `relay ${number}`,
      ipv4: nat === undefined ? this.ipv4 : nat.inside,
      ipv6: this.ipv6,
      local: { address, port: port(3545) },
      native: nativeAddress(2, number),
      bubbleSource,
      line: DATA_CENTRE_LINE,
      configuration,
    });
    this.ipv6.defaultRelay ??= relay.native;
    return relay;
  }

  addHost(line: LinkProfile = DATA_CENTRE_LINE): NativeHost {
    const number = ++this.#nodes;
    return new NativeHost(this, this.flows, {
      name: `host ${number}`,
      ipv6: this.ipv6,
      address: nativeAddress(3, number),
      line,
    });
  }

  /** A NAT by name or behaviour, in the Internet or behind `outer`. */
  addNat(type: NatName | NatBehaviour, outer?: Nat, line: LinkProfile = HOME_LINE): Nat {
    const number = ++this.#nodes;
    return new Nat({
      clock: this.clock,
      random: this.random.fork(),
      behaviour: typeof type === 'string' ? NAT_PRESETS[type] : type,
      outside: outer === undefined ? this.ipv4 : outer.inside,
      address: outer === undefined ? this.freshAddress(number) : ipv4(0x0a000000 + number),
      line,
    });
  }

  /** A client that has not been started. */
  addClient(place: ClientPlace): ClientNode {
    const number = ++this.#nodes;
    const { server, nat, configuration, watchBubbles = true } = place;
    const local: Endpoint = {
      address: nat === undefined ? this.freshAddress(number) : ipv4(0xc0a80000 + number),
      port: place.localPort === undefined ? this.randomPort() : port(place.localPort),
    };
    const client = new ClientNode(this, this.flows, {
      name: `client ${number}`,
      network: nat === undefined ? this.ipv4 : nat.inside,
      local,
      line: place.line ?? HOME_LINE,
      servers: server.servers,
      watchBubbles,
      ...(configuration === undefined ? {} : { configuration }),
    });
    this.clients.push(client);
    return client;
  }

  /** Started, and qualified within a minute. */
  addQualifiedClient(place: ClientPlace): ClientNode {
    const client = this.addClient(place);
    client.start();
    this.until(() => client.qualified !== undefined, 60, `${client.name} qualifies`);
    return client;
  }

  addAttacker(): Attacker {
    const number = ++this.#nodes;
    return new Attacker(this, this.ipv4, { address: ipv4(0x0d000000 + number), port: this.randomPort() });
  }

  openFlow(from: { readonly stack: Ipv6Stack }, to: { readonly stack: Ipv6Stack }, options: FlowOptions = {}): Flow {
    return this.flows.open(from.stack, to.stack, options);
  }

  /** Sends one packet of `flow` every `interval` seconds from now on, `count` times. */
  stream(flow: Flow, interval: number, count: number): void {
    for (let i = 0; i < count; i++) this.clock.after(i * interval * 1000, () => flow.send());
  }

  run(seconds: number): void {
    const { reports } = this.violations;
    this.clock.runUntil(() => reports.length > 0, this.clock.now + seconds * 1000);
    this.assertSound();
  }

  /** Runs until `condition` holds; fails when it does not within `seconds`. */
  until(condition: () => boolean, seconds: number, what: string): void {
    const { reports } = this.violations;
    this.clock.runUntil(() => reports.length > 0 || condition(), this.clock.now + seconds * 1000);
    this.assertSound();
    assert.ok(condition(), `seed ${this.seed}: not within ${seconds} s: ${what}`);
  }

  assertSound(): void {
    const { reports } = this.violations;
    assert.equal(reports.length, 0, `seed ${this.seed}: ${reports.slice(0, 5).join('\n')}`);
  }

  /** An Internet address that nobody has; `number` makes it unique. */
  freshAddress(number = ++this.#nodes): Ipv4Address {
    return ipv4(0x0b000000 + number);
  }

  randomPort(): Port {
    return port(this.random.integer(1024, 65535));
  }
}

/** Runs `body` once with each seed; its failures tell the seed. */
export function withSeeds(seeds: readonly number[], body: (simulation: Simulation) => void): () => void {
  return () => {
    for (const seed of seeds) {
      try {
        body(new Simulation(seed));
      } catch (error) {
        if (error instanceof Error && !error.message.includes('seed')) {
          error.message = `seed ${seed}: ${error.message}`;
        }
        throw error;
      }
    }
  };
}

/** 2001:db8:kind::number, or fe80:: for kind 0. */
function nativeAddress(kind: number, number: number): Ipv6Address {
  const address = parseIpv6(kind === 0 ? 'fe80::' : `2001:db8:${kind}::${number.toString(16)}`);
  if (address === undefined) throw new Error('a malformed address');
  return address;
}
