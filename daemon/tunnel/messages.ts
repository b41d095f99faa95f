/**
 * What supervisor and engine say to each other: small JSON objects, one a line.
 *
 * The supervisor has privilege and treats the engine as hostile: the engine reads what the network sends, and may
 * one day do what the network says. So what comes from it is parsed strictly, field by field, and can never name a
 * command, a path, an interface or a route. The other direction is checked as well, since that costs nothing.
 */
import type { PacketPathCounters } from '../io/packet-path.js';
import type { DropReason } from '../protocol/drops.js';
import type { Reachability } from '../protocol/internet-test.js';
import type { TunnelState } from '../protocol/tunnel-state.js';
import type { Ipv4Address } from '../wire/ipv4.js';

/** A line, without its end, is at most this long in UTF-8. The longest honest one is below 2 KiB. */
export const MESSAGE_LIMIT = 8192;

/** First message: what the engine is to be. Descriptors are numbers in the engine's own process. */
export interface Configure {
  readonly type: 'configure';
  readonly role: Role;
  readonly confinement: Confinement;
  readonly sockets: readonly number[];
  /** TUN device, the raw socket of a server, or nothing that is used by a probe. */
  readonly device: number;
  readonly directedBroadcasts: readonly Ipv4Address[];
}

export type Role = ClientRole | RelayRole | ServerRole | ProbeRole;

export interface ClientRole {
  readonly name: 'client';
  readonly prefix: number;
  readonly localPort: number;
  /** As text: hosts that are asked whether the IPv6 Internet answers. BOUNDED: TEST_ADDRESS_LIMIT. */
  readonly testAddresses: readonly string[];
}

export const TEST_ADDRESS_LIMIT = 8;

export interface RelayRole {
  readonly name: 'relay';
  readonly prefix: number;
  readonly directBubbles: boolean;
  /** Source of "unreachable" errors, as text. */
  readonly errorSource: string;
}

export interface ServerRole {
  readonly name: 'server';
  readonly prefix: number;
  readonly primary: Ipv4Address;
  readonly secondary: Ipv4Address;
  readonly mtu: number;
}

/** Asks servers and is gone: see protocol/server-probe.ts. What it says is in probe-messages.ts. */
export interface ProbeRole {
  readonly name: 'probe';
  readonly prefix: number;
  /** BOUNDED: TARGET_LIMIT. */
  readonly targets: readonly { readonly primary: Ipv4Address; readonly secondary: Ipv4Address }[];
  readonly cone: boolean;
}

/** Targets that one probe asks at the most; their addresses fit into a message. */
export const TARGET_LIMIT = 64;

/** How far the engine shuts itself in before it reads the first packet. */
export interface Confinement {
  readonly root: string;
  readonly uid: number;
  readonly gid: number;
  /** -u root: the user stays, every capability goes all the same. */
  readonly keepUser: boolean;
  /** The supervisor: when it goes, the engine goes. */
  readonly parent: number;
}

export type ToEngine =
  | Configure
  | { readonly type: 'start'; readonly primary: Ipv4Address; readonly secondary: Ipv4Address }
  | { readonly type: 'stop' }
  /** Asks the IPv6 Internet again, whether it answers. */
  | { readonly type: 'test' }
  | { readonly type: 'scope'; readonly directedBroadcasts: readonly Ipv4Address[] }
  | { readonly type: 'ask'; readonly number: number };

export interface EngineStatistics {
  readonly datagramsIn: number;
  readonly bytesIn: number;
  readonly packetsOut: number;
  readonly bytesOut: number;
  readonly bubblesSent: number;
  readonly bubblesReceived: number;
  readonly drops: Readonly<Record<DropReason, number>>;
  readonly peers: number;
  readonly path: PacketPathCounters;
  /** Milliseconds; undefined before the first answer of a server. */
  readonly roundTrip: number | undefined;
  /** Milliseconds since the last packet from the server. */
  readonly serverSilence: number | undefined;
  /** Milliseconds; undefined when not qualified. */
  readonly refreshInterval: number | undefined;
}

/** `lacking` names what the engine could not do to shut itself in, in the order tried; empty is best. */
export type FromEngine =
  | { readonly type: 'ready'; readonly lacking: readonly string[] }
  | { readonly type: 'state'; readonly state: TunnelState }
  | { readonly type: 'reachability'; readonly reachability: Reachability }
  | { readonly type: 'broken'; readonly sentence: string }
  | { readonly type: 'answer'; readonly number: number; readonly statistics: EngineStatistics };
