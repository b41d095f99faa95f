/** A server between recorded outputs: what a test hands in, and what came out. */
import { createHmac } from 'node:crypto';
import type { ServerConfiguration } from '../../daemon/protocol/configuration.js';
import type { Environment, Hmac } from '../../daemon/protocol/environment.js';
import { TeredoServer } from '../../daemon/protocol/server.js';
import { concatenate, emitOrigin } from '../../daemon/wire/encapsulation.js';
import { type Endpoint, formatEndpoint, ipv4, port } from '../../daemon/wire/ipv4.js';
import { type Ipv6Address, writeIpv6Header } from '../../daemon/wire/ipv6.js';
import { DEFAULT_MTU } from '../../daemon/wire/mtu.js';
import { emitTeredoAddress, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import { ACTORS } from '../fixtures/vector.js';
import { address, endpoint, toHex } from '../fixtures/vectors.js';

export const hmac: Hmac = (algorithm, secret, parts) => {
  const digest = createHmac(algorithm, secret);
  for (const part of parts) digest.update(part);
  return new Uint8Array(digest.digest());
};

/** A stateless server draws no random numbers. */
export const environment: Environment = {
  hmac,
  entropy: {
    fill: () => {
      throw new Error('a server needs no entropy');
    },
  },
};

export const SERVER_OF_A: ServerConfiguration = {
  prefix: TEREDO_PREFIX,
  primary: address(ACTORS.serverOfA),
  secondary: address(ACTORS.secondaryOfA),
  mtu: DEFAULT_MTU,
  scope: { directedBroadcasts: [] },
  authentication: undefined,
};

export const SERVER_OF_B: ServerConfiguration = {
  ...SERVER_OF_A,
  primary: address(ACTORS.serverOfB),
  secondary: address(ACTORS.secondaryOfB),
};

/** One datagram that left, as text and hexadecimal, so that a failing test can be read. */
export interface Sent {
  readonly socket: number;
  readonly to: string;
  readonly payload: string;
}

/** What one datagram brought about. */
export interface Outcome {
  readonly sent: readonly Sent[];
  /** The packet for native IPv6, hexadecimal; undefined when there is none. */
  readonly native: string | undefined;
  /** Names of the drop counters that went up. */
  readonly drops: readonly string[];
}

/** A datagram is laid this far into its memory: nothing may depend on standing at the beginning. */
const MARGIN = 24;
const FILLER = 0xa5;

export class ServerUnderTest {
  readonly server: TeredoServer;
  readonly #sent: Sent[] = [];

  constructor(configuration: ServerConfiguration = SERVER_OF_A) {
    this.server = new TeredoServer(configuration, environment, {
      sendDatagram: (socket, bytes, to, toPort) => {
        this.#sent.push({ socket, to: formatEndpoint({ address: to, port: toPort }), payload: toHex(bytes) });
      },
    });
  }

  /** One datagram into `socket`; the address goes in signed, as the packet path's rows hold it. */
  receive(payload: Uint8Array, source: Endpoint, socket = 0): Outcome {
    this.#sent.length = 0;
    const before = { ...this.server.counters.drops };
    const bytes = new Uint8Array(payload.length + 2 * MARGIN).fill(FILLER);
    bytes.set(payload, MARGIN);
    const memory = { bytes, view: new DataView(bytes.buffer) };
    const { forward } = this.server;
    const native = this.server.handleDatagram(memory, MARGIN, payload.length, socket, source.address | 0, source.port)
      ? toHex(bytes.subarray(forward.offset, forward.offset + forward.length))
      : undefined;
    const drops = Object.entries(this.server.counters.drops).flatMap(([reason, count]) =>
      count === before[reason as keyof typeof before] ? [] : [reason],
    );
    return { sent: [...this.#sent], native, drops };
  }
}

/** The outcome of a datagram that was dropped, for this reason and without any answer. */
export const dropped = (reason: string): Outcome => ({ sent: [], native: undefined, drops: [reason] });

/** The outcome of a datagram that brought one other about. */
export const sent = (socket: number, to: Endpoint | string, payload: Uint8Array): Outcome => ({
  sent: [{ socket, to: typeof to === 'string' ? to : formatEndpoint(to), payload: toHex(payload) }],
  native: undefined,
  drops: [],
});

/** A client's Teredo address. */
export const teredo = (server: string, mapped: string | Endpoint, flags = 0): Ipv6Address => {
  const { address: mappedAddress, port: mappedPort } = typeof mapped === 'string' ? endpoint(mapped) : mapped;
  return emitTeredoAddress({ prefix: TEREDO_PREFIX, server: address(server), flags, mappedPort, mappedAddress });
};

export const ADDRESS_A = teredo(ACTORS.serverOfA, ACTORS.a);
export const ADDRESS_B = teredo(ACTORS.serverOfB, ACTORS.b);

/** An IPv6 packet of any next header. */
export function packet(
  source: Ipv6Address,
  destination: Ipv6Address,
  nextHeader: number,
  body: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(40);
  writeIpv6Header(bytes, 0, { source, destination, nextHeader, hopLimit: 64, payloadLength: body.length });
  return concatenate(bytes, body);
}

/** `bytes` with those at `at` replaced. */
export function patched(bytes: Uint8Array, at: number, ...values: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(values, at);
  return copy;
}

/** Behind an origin indication, as a server sends on to its own client. */
export const withOrigin = (from: string, bytes: Uint8Array): Uint8Array =>
  concatenate(emitOrigin(endpoint(from)), bytes);

/** An endpoint of any number. */
export const anyEndpoint = (addressNumber: number, portNumber: number): Endpoint => ({
  address: ipv4(addressNumber),
  port: port(portNumber),
});
