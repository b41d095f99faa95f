/**
 * A core on the bench: time is a number the test sets, the network is a list of what the core wanted to send.
 *
 * Actors (documentation addresses): our server 203.0.113.120/.121, our mapping 198.51.100.1:4096, another client B at
 * 198.51.100.10:8192 with server 203.0.113.200, a relay at 198.51.100.200:3545, a native host 2001:db8::7.
 */
import { createHmac } from 'node:crypto';
import { TeredoClient } from '../../daemon/protocol/client.js';
import type { ClientConfiguration, RelayConfiguration } from '../../daemon/protocol/configuration.js';
import type { Environment, PacketMemory } from '../../daemon/protocol/environment.js';
import type { Reachability } from '../../daemon/protocol/internet-test.js';
import { TeredoRelay } from '../../daemon/protocol/relay.js';
import { type Duration, type Instant, seconds } from '../../daemon/protocol/time.js';
import type { TunnelState } from '../../daemon/protocol/tunnel-state.js';
import { concatenate, emitAuthentication, emitOrigin, parseDatagram } from '../../daemon/wire/encapsulation.js';
import { type Endpoint, type Ipv4Address, type Port, parseIpv4, port } from '../../daemon/wire/ipv4.js';
import { type Ipv6Address, parseIpv6, writeIpv6Header } from '../../daemon/wire/ipv6.js';
import { emitRouterAdvertisement } from '../../daemon/wire/router-discovery.js';
import { emitTeredoAddress, serverLinkLocal, TEREDO_PORT, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';

export function v4(text: string): Ipv4Address {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`not IPv4: ${text}`);
  return address;
}

export function v6(text: string): Ipv6Address {
  const address = parseIpv6(text);
  if (address === undefined) throw new Error(`not IPv6: ${text}`);
  return address;
}

export const endpoint = (address: string, udpPort: number): Endpoint => ({ address: v4(address), port: port(udpPort) });

export const SERVERS = { primary: v4('203.0.113.120'), secondary: v4('203.0.113.121') };
export const MAPPED = endpoint('198.51.100.1', 4096);
export const B_MAPPED = endpoint('198.51.100.10', 8192);
export const B_SERVER = v4('203.0.113.200');
export const RELAY = endpoint('198.51.100.200', 3545);
export const HOST = v6('2001:db8::7');
export const B = teredo(B_SERVER, B_MAPPED);
export const NO_SCOPE = { directedBroadcasts: [] };

export function teredo(server: Ipv4Address, mapped: Endpoint, flags = 0): Ipv6Address {
  const parts = { prefix: TEREDO_PREFIX, server, flags, mappedAddress: mapped.address, mappedPort: mapped.port };
  return emitTeredoAddress(parts);
}

/** Repeatable bytes, different at each call. */
export function countingEntropy() {
  let state = 0x9e3779b9;
  return {
    fill(target: Uint8Array): void {
      for (let i = 0; i < target.length; i++) {
        state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
        target[i] = state >>> 24;
      }
    },
  };
}

export function testEnvironment(): Environment {
  return {
    entropy: countingEntropy(),
    hmac: (algorithm, secret, parts) => {
      const hmac = createHmac(algorithm, secret);
      for (const part of parts) hmac.update(part);
      return hmac.digest();
    },
  };
}

export function memoryOf(bytes: Uint8Array): PacketMemory {
  const copy = bytes.slice();
  return { bytes: copy, view: new DataView(copy.buffer) };
}

/** A UDP packet over IPv6 whose payload is `text`; its checksum is nobody's business here. */
export function dataPacket(source: Ipv6Address, destination: Ipv6Address, text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const bytes = new Uint8Array(40 + payload.length);
  writeIpv6Header(bytes, 0, { source, destination, nextHeader: 17, hopLimit: 64, payloadLength: payload.length });
  bytes.set(payload, 40);
  return bytes;
}

export const textOf = (packet: Uint8Array): string => new TextDecoder().decode(packet.subarray(40));

export interface Sent {
  readonly bytes: Uint8Array;
  readonly address: Ipv4Address;
  readonly port: Port;
}

/** Sent datagrams and delivered packets, in order, each taken once. */
export class Wire {
  sent: Sent[] = [];
  delivered: Uint8Array[] = [];
  readonly states: TunnelState[] = [];
  readonly reachabilities: Reachability[] = [];

  readonly output = {
    sendDatagram: (bytes: Uint8Array, address: Ipv4Address, udpPort: Port): void => {
      this.sent.push({ bytes: bytes.slice(), address, port: udpPort });
    },
    sendRun: (bytes: Uint8Array, _segment: number, _offload: number, address: Ipv4Address, udpPort: Port): void => {
      this.sent.push({ bytes: bytes.slice(), address, port: udpPort });
    },
    deliverPacket: (bytes: Uint8Array): void => {
      this.delivered.push(bytes.slice());
    },
    stateChanged: (state: TunnelState): void => {
      this.states.push(state);
    },
    reachabilityChanged: (reachability: Reachability): void => {
      this.reachabilities.push(reachability);
    },
  };

  takeSent(): Sent[] {
    const sent = this.sent;
    this.sent = [];
    return sent;
  }

  takeDelivered(): Uint8Array[] {
    const delivered = this.delivered;
    this.delivered = [];
    return delivered;
  }
}

/** What both tunnel cores share on the bench. */
class Bench<Core extends TeredoClient | TeredoRelay> {
  now = 1_000_000 as Instant;
  readonly wire: Wire;
  readonly core: Core;

  constructor(wire: Wire, core: Core) {
    this.wire = wire;
    this.core = core;
  }

  /** A datagram arrives. What is delivered at once or out of a queue is in `wire.delivered`. */
  receive(bytes: Uint8Array, from: Endpoint): void {
    const memory = memoryOf(bytes);
    if (this.core.handleDatagram(this.now, memory, 0, bytes.length, from.address | 0, from.port)) {
      const { offset, length } = this.core.forward;
      this.wire.delivered.push(memory.bytes.slice(offset, offset + length));
    }
  }

  /** The IPv6 side sends a packet. What leaves at once or out of a queue is in `wire.sent`. */
  transmit(packet: Uint8Array): void {
    const memory = memoryOf(packet);
    if (this.core.handlePacket(this.now, memory, 0, packet.length, 0, 0)) {
      const { offset, length, address, port: udpPort } = this.core.forward;
      const bytes = memory.bytes.slice(offset, offset + length);
      this.wire.sent.push({ bytes, address: (address >>> 0) as Ipv4Address, port: udpPort as Port });
    }
  }

  /** Time passes, and every deadline on the way is met when it is due. */
  advance(duration: Duration): void {
    const end = this.now + duration;
    for (let next = this.core.nextTimeout(); next <= end; next = this.core.nextTimeout()) {
      if (next < this.now) throw new Error('a deadline lies in the past');
      this.now = next;
      this.core.handleTimeout(this.now);
    }
    this.now = end as Instant;
  }
}

/** Everything in an advertisement that a liar might change. */
export interface AdvertisementLies {
  readonly nonce?: Uint8Array | undefined;
  readonly origin?: Endpoint | undefined;
  readonly destination?: Ipv6Address;
  readonly source?: Ipv6Address;
  readonly server?: Ipv4Address;
  readonly prefix?: number;
  readonly mtu?: number;
  /** Changes bytes of the finished IPv6 packet. */
  readonly spoil?: (packet: Uint8Array) => Uint8Array;
}

export class ClientBench extends Bench<TeredoClient> {
  static create(overrides: Partial<ClientConfiguration> = {}): ClientBench {
    const wire = new Wire();
    const configuration: ClientConfiguration = {
      prefix: TEREDO_PREFIX,
      localPort: port(40001),
      scope: NO_SCOPE,
      refreshInterval: seconds(30),
      credentials: undefined,
      peerCapacity: 64,
      ...overrides,
    };
    return new ClientBench(wire, new TeredoClient(configuration, testEnvironment(), wire.output));
  }

  /** Qualified, with nothing left over of the exchange. */
  static qualified(overrides: Partial<ClientConfiguration> = {}): ClientBench {
    const bench = ClientBench.create(overrides);
    bench.core.start(bench.now, SERVERS);
    bench.advertise();
    bench.advertise();
    bench.wire.takeSent();
    return bench;
  }

  get address(): Ipv6Address {
    const current = this.core.qualification.current;
    if (current === undefined) throw new Error('not qualified');
    return current.address;
  }

  get lastState(): TunnelState | undefined {
    return this.wire.states.at(-1);
  }

  /** The last solicitation sent. */
  solicitation(): { readonly to: Ipv4Address; readonly nonce: Uint8Array; readonly source: Ipv6Address } {
    const last = this.wire.sent.at(-1);
    if (last === undefined) throw new Error('nothing was sent');
    const datagram = parseDatagram(last.bytes, 0, last.bytes.length);
    if (typeof datagram === 'string' || datagram.authentication === undefined) throw new Error('no solicitation');
    const source = last.bytes.slice(datagram.packetOffset + 8, datagram.packetOffset + 24) as Ipv6Address;
    return { to: last.address, nonce: datagram.authentication.nonce, source };
  }

  /** The server that was asked last answers; `lies` says in what it differs from a right answer. */
  advertise(lies: AdvertisementLies = {}, from?: Endpoint): void {
    const { to, nonce, source } = this.solicitation();
    this.receive(advertisement({ nonce, destination: source, origin: MAPPED, ...lies }), from ?? serverEndpoint(to));
  }
}

export const serverEndpoint = (address: Ipv4Address): Endpoint => ({ address, port: TEREDO_PORT });

export function advertisement(lies: AdvertisementLies): Uint8Array {
  const packet = emitRouterAdvertisement({
    source: lies.source ?? serverLinkLocal(SERVERS.primary),
    destination: lies.destination ?? v6('fe80::ffff:ffff:ffff'),
    prefix: lies.prefix ?? TEREDO_PREFIX,
    server: lies.server ?? SERVERS.primary,
    mtu: lies.mtu ?? 1280,
  });
  const none = new Uint8Array(0);
  const { nonce, origin, spoil } = lies;
  return concatenate(
    nonce === undefined ? none : emitAuthentication({ clientId: none, value: none, nonce, confirmation: 0 }),
    origin === undefined ? none : emitOrigin(origin),
    spoil === undefined ? packet : spoil(packet),
  );
}

export const RELAY_ADDRESS = v6('fe80::1234:5678:9abc:def0');

export class RelayBench extends Bench<TeredoRelay> {
  static create(overrides: Partial<RelayConfiguration> = {}): RelayBench {
    const wire = new Wire();
    const configuration: RelayConfiguration = {
      prefix: TEREDO_PREFIX,
      address: RELAY_ADDRESS,
      errorSource: v6('2001:db8::1'),
      directBubbles: false,
      scope: NO_SCOPE,
      peerCapacity: 64,
      ...overrides,
    };
    return new RelayBench(wire, new TeredoRelay(configuration, testEnvironment(), wire.output));
  }
}
