/** Judges what a server sent in answer to a solicitation of a probe: every check of RFC 4380 §5.2.1. */
import { parseDatagram } from '../wire/encapsulation.js';
import { type Endpoint, type Ipv4Address, type Ipv4Scope, isPermittedDestination } from '../wire/ipv4.js';
import { type Ipv6Address, sameIpv6 } from '../wire/ipv6.js';
import { parseRouterAdvertisement } from '../wire/router-discovery.js';
import type { PacketMemory } from './environment.js';

export interface Expected {
  /** Source of the solicitation. */
  readonly source: Ipv6Address;
  readonly prefix: number;
  /** Its primary address, whichever of its two was asked (§5.3.2). */
  readonly server: Ipv4Address;
  readonly scope: Ipv4Scope;
}

/** The nonce of a datagram that has one, before anything else of it is looked at. */
export function nonceOf(memory: PacketMemory, offset: number, length: number): Uint8Array | undefined {
  const datagram = parseDatagram(memory.bytes, offset, length);
  return typeof datagram === 'string' ? undefined : datagram.authentication?.nonce;
}

/** undefined when it is not an honest server's. */
export function judgeAnswer(
  memory: PacketMemory,
  offset: number,
  length: number,
  expected: Expected,
): Endpoint | undefined {
  const datagram = parseDatagram(memory.bytes, offset, length);
  if (typeof datagram === 'string') return undefined;
  const { origin, packetOffset, packetLength } = datagram;
  if (origin === undefined || origin.port === 0) return undefined;
  // A mapping that is not global unicast would make an address nobody may send to (§4).
  if (!isPermittedDestination(origin.address, expected.scope)) return undefined;
  const packet = memory.bytes.subarray(0, packetOffset + packetLength);
  const advertisement = parseRouterAdvertisement(packet, packetOffset);
  if (typeof advertisement === 'string') return undefined;
  if (!sameIpv6(advertisement.destination, expected.source)) return undefined;
  if (advertisement.prefix !== expected.prefix || advertisement.server !== expected.server) return undefined;
  return origin;
}
