/** IPv6 addresses and the fixed IPv6 header: where its fields lie, and how an address reads as text. */
import type { Brand } from './brand.js';

/** Sixteen bytes in network order. Treat as immutable. */
export type Ipv6Address = Brand<Uint8Array, 'Ipv6Address'>;

export const IPV6_HEADER_LENGTH = 40;
export const IPV6_PAYLOAD_LENGTH = 4;
export const IPV6_NEXT_HEADER = 6;
export const IPV6_HOP_LIMIT = 7;
export const IPV6_SOURCE = 8;
export const IPV6_DESTINATION = 24;

export const NEXT_HEADER_ICMPV6 = 58;
export const NEXT_HEADER_NONE = 59;

/** Fields of an IPv6 header to be written; the payload follows it. */
export interface Ipv6Header {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly payloadLength: number;
}

/** Writes a header with traffic class 0 and flow label 0 at `offset`. */
export function writeIpv6Header(target: Uint8Array, offset: number, header: Ipv6Header): void {
  target.fill(0, offset, offset + IPV6_PAYLOAD_LENGTH);
  target[offset] = 0x60;
  target[offset + IPV6_PAYLOAD_LENGTH] = header.payloadLength >>> 8;
  target[offset + IPV6_PAYLOAD_LENGTH + 1] = header.payloadLength & 255;
  target[offset + IPV6_NEXT_HEADER] = header.nextHeader;
  target[offset + IPV6_HOP_LIMIT] = header.hopLimit;
  target.set(header.source, offset + IPV6_SOURCE);
  target.set(header.destination, offset + IPV6_DESTINATION);
}

/**
 * Length of the IPv6 packet at `offset`, or -1 when the `length` bytes there do not hold one.
 *
 * RFC 6081 §4 replaces the "consistent" length of RFC 4380 §5.2.3 by "at most": bytes behind the packet are trailers.
 */
export function ipv6PacketLength(view: DataView, offset: number, length: number): number {
  if (length < IPV6_HEADER_LENGTH) return -1;
  if (view.getUint8(offset) >>> 4 !== 6) return -1;
  const total = IPV6_HEADER_LENGTH + view.getUint16(offset + IPV6_PAYLOAD_LENGTH);
  return total <= length ? total : -1;
}

/** Copies the address at `offset`. */
export function readIpv6(bytes: Uint8Array, offset: number): Ipv6Address {
  return bytes.slice(offset, offset + 16) as Ipv6Address;
}

export function sameIpv6(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 16; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether the 16 bytes at `offset` are `address`; allocates nothing. */
export function ipv6EqualsAt(bytes: Uint8Array, offset: number, address: Ipv6Address): boolean {
  for (let i = 0; i < 16; i++) if (bytes[offset + i] !== address[i]) return false;
  return true;
}

/**
 * Whether the address whose first 32 bits are `first` may stand at the end of a path through the IPv6 Internet:
 * not unspecified, loopback, v4-mapped (::/8), unique local (fc00::/7), link or site local (fe80::/9), multicast.
 * Nothing else may enter or leave the tunnel (RFC 4380 §7.1: no one injects local traffic through it).
 */
export function isGlobalScope(first: number): boolean {
  const top = first >>> 24;
  if (top === 0) return false;
  if (top >= 0xfc) return false;
  return true;
}

export const isLinkLocal = (first: number): boolean => first >>> 22 === 0x3fa;

/** Parses text in any form of RFC 4291 §2.2, without zone; undefined when it is not an address. */
export function parseIpv6(text: string): Ipv6Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >>> 8;
    bytes[2 * i + 1] = group & 255;
  }
  return bytes as Ipv6Address;
}

/** The 16-bit groups of one side of "::"; a dotted quad may stand at the very end. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else if (last && i === parts.length - 1 && /^\d+\.\d+\.\d+\.\d+$/.test(part)) {
      const octets = part.split('.').map(Number);
      if (octets.some((octet, n) => octet > 255 || String(octet) !== part.split('.')[n])) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = octets;
      groups.push((a << 8) | b, (c << 8) | d);
    } else {
      return undefined;
    }
  }
  return groups;
}

/** Canonical text (RFC 5952): lower case, no leading zeros, the first longest run of two or more zeros as "::". */
export function formatIpv6(address: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((address[i] ?? 0) << 8) | (address[i + 1] ?? 0));
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): {
  start: number;
  length: number;
} {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  }
  return best;
}

export const ALL_ROUTERS = parseWellKnown('ff02::2');
export const ALL_NODES = parseWellKnown('ff02::1');

function parseWellKnown(text: string): Ipv6Address {
  const address = parseIpv6(text);
  if (address === undefined) throw new Error(`not an IPv6 address: ${text}`);
  return address;
}
