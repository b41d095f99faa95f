/**
 * The state of a Teredo client: one union, the same in the core, on the bus, in the control program and in the tray.
 * Readers must take a word they do not know for "busy".
 */
import type { Endpoint, Ipv4Address } from '../wire/ipv4.js';
import type { Ipv6Address } from '../wire/ipv6.js';

/** Why there is no tunnel (yet). The code is for programs, the sentence for people. */
export interface Reason {
  readonly code: ReasonCode;
  readonly sentence: string;
}

export type ReasonCode =
  | 'user'
  | 'no-network'
  | 'dns-failed'
  | 'server-not-global'
  | 'server-silent'
  | 'secondary-silent'
  | 'server-lost'
  | 'symmetric-nat'
  | 'authentication-failed'
  | 'native-ipv6'
  | 'network-policy'
  | 'asleep'
  | 'no-server'
  | 'firewall'
  | 'no-address'
  | 'ipv6-disabled'
  | 'internal';

/** What qualification learned of the NAT. Cone or restricted is not told apart any more (RFC 5991 §3.2). */
export interface NatFacts {
  /** 'endpoint-independent' when both server addresses saw one mapping. */
  readonly mapping: 'endpoint-independent' | 'symmetric' | 'unknown';
  readonly portPreserving: boolean;
}

export interface Qualified {
  readonly address: Ipv6Address;
  readonly mapped: Endpoint;
  readonly server: Ipv4Address;
  readonly secondary: Ipv4Address;
  readonly mtu: number;
  readonly nat: NatFacts;
}

export type TunnelState =
  | { readonly name: 'stopped'; readonly reason: Reason }
  | { readonly name: 'waiting'; readonly reason: Reason }
  | { readonly name: 'resolving'; readonly server: string }
  | {
      readonly name: 'qualifying';
      readonly attempt: number;
      readonly server: Ipv4Address;
    }
  | ({ readonly name: 'qualified' } & Qualified)
  | {
      readonly name: 'failed';
      readonly reason: Reason;
      /** 0 when there is no next try until something is changed. */
      readonly retryIn: number;
    };
