/** What the cores are told once, at construction. */
import type { Ipv4Address, Ipv4Scope, Port } from '../wire/ipv4.js';
import type { Ipv6Address } from '../wire/ipv6.js';
import type { HmacAlgorithm } from './environment.js';
import type { Duration } from './time.js';

/** Secure qualification (RFC 4380 §5.2.2). */
export interface Credentials {
  readonly clientId: Uint8Array;
  readonly secret: Uint8Array;
  readonly algorithm: HmacAlgorithm;
}

export interface ClientConfiguration {
  /** First 32 bits of the Teredo prefix; TEREDO_PREFIX unless told otherwise. */
  readonly prefix: number;
  /** Local port, to see whether the NAT preserves it. */
  readonly localPort: Port;
  readonly scope: Ipv4Scope;
  readonly refreshInterval: Duration;
  readonly credentials: Credentials | undefined;
  /** Peers remembered at the most. */
  readonly peerCapacity: number;
  /** Hosts that are asked whether the IPv6 Internet answers; none by default. */
  readonly testAddresses?: readonly Ipv6Address[];
}

export interface RelayConfiguration {
  readonly prefix: number;
  /**
   * Source of the relay's bubbles (RFC 4380 §5.4.1: "a local IPv6 address"). A link-local one with a random
   * identifier is best: only who was sent a bubble can answer it.
   */
  readonly address: Ipv6Address;
  /** Source of "unreachable" errors: an address of this router that the IPv6 Internet accepts packets from. */
  readonly errorSource: Ipv6Address;
  /** Behind a NAT that is not cone: bubbles go directly as well (RFC 4380 §5.4.1, RelayType restricted). */
  readonly directBubbles: boolean;
  readonly scope: Ipv4Scope;
  readonly peerCapacity: number;
}

export interface ServerConfiguration {
  readonly prefix: number;
  readonly primary: Ipv4Address;
  readonly secondary: Ipv4Address;
  /** Advertised to clients. */
  readonly mtu: number;
  readonly scope: Ipv4Scope;
  /** Secure qualification: undefined when it is not required. The function finds a client's secret by its id. */
  readonly authentication: ServerAuthentication | undefined;
}

export interface ServerAuthentication {
  /** Solicitations without valid authentication are dropped when true. */
  readonly required: boolean;
  /** undefined: the id is not known. `valid` false: still answered, with a confirmation byte that says "new key". */
  find(clientId: Uint8Array):
    | {
        readonly secret: Uint8Array;
        readonly algorithm: HmacAlgorithm;
        readonly valid: boolean;
      }
    | undefined;
}
