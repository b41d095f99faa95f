/**
 * Judges what a server answers to a solicitation: every check of RFC 4380 §5.2.1 behind address, nonce and
 * authentication. The same for a client that qualifies and for a probe, so that neither believes what the other does not.
 */
import type { TeredoDatagram } from '../wire/encapsulation.js';
import { type Endpoint, type Ipv4Address, type Ipv4Scope, isPermittedDestination } from '../wire/ipv4.js';
import { type Ipv6Address, sameIpv6 } from '../wire/ipv6.js';
import { DEFAULT_MTU, MAXIMUM_MTU } from '../wire/mtu.js';
import { parseRouterAdvertisement, type RouterAdvertisement } from '../wire/router-discovery.js';

export interface Expected {
  /** Source of the solicitation. */
  readonly source: Ipv6Address;
  readonly prefix: number;
  /** Its primary address, whichever of its two was asked: both advertise the prefix that holds this one (§5.3.2). */
  readonly server: Ipv4Address;
  readonly scope: Ipv4Scope;
}

/** What one valid advertisement says. */
export interface ServerAnswer {
  readonly mapped: Endpoint;
  readonly server: Ipv4Address;
  readonly mtu: number;
}

/** undefined when it is not an honest server's. */
export function judgeAnswer(bytes: Uint8Array, datagram: TeredoDatagram, expected: Expected): ServerAnswer | undefined {
  const mapped = datagram.origin;
  if (mapped === undefined || mapped.port === 0) return undefined;
  // A mapped address that is not global unicast would make an address nobody may send to (RFC 4380 §4).
  if (!isPermittedDestination(mapped.address, expected.scope)) return undefined;
  const { packetOffset, packetLength } = datagram;
  const advertisement = parseRouterAdvertisement(bytes.subarray(0, packetOffset + packetLength), packetOffset);
  if (typeof advertisement === 'string') return undefined;
  if (!sameIpv6(advertisement.destination, expected.source)) return undefined;
  if (advertisement.prefix !== expected.prefix || advertisement.server !== expected.server) return undefined;
  return { mapped, server: advertisement.server, mtu: usableMtu(advertisement) };
}

/** RFC 4380 §5.1.2: the advertised MTU when it is one a Teredo link can have, else the default. */
function usableMtu({ mtu }: RouterAdvertisement): number {
  return mtu !== undefined && mtu >= DEFAULT_MTU && mtu <= MAXIMUM_MTU ? mtu : DEFAULT_MTU;
}
