/** The Internet checksum over an IPv6 pseudo header and an upper-layer message (RFC 8200 §8.1, RFC 1071). */
import { IPV6_DESTINATION, IPV6_HEADER_LENGTH, IPV6_SOURCE } from './ipv6.js';

/** One's complement sum of `length` bytes at `offset`, not folded to the end, not inverted. */
function sum(view: DataView, offset: number, length: number, initial: number): number {
  let total = initial;
  const even = offset + (length & ~1);
  for (let i = offset; i < even; i += 2) total += view.getUint16(i);
  if (length & 1) total += view.getUint8(even) << 8;
  return total;
}

function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

/**
 * One's complement sum of the message of `length` bytes behind the IPv6 header at `packet`, pseudo header included.
 * 0xffff when the message holds its right checksum.
 */
export function upperLayerSum(view: DataView, packet: number, nextHeader: number, length: number): number {
  let total = (length >>> 16) + (length & 0xffff) + nextHeader;
  total = sum(view, packet + IPV6_SOURCE, IPV6_DESTINATION - IPV6_SOURCE + 16, total);
  return fold(sum(view, packet + IPV6_HEADER_LENGTH, length, total));
}

/** The value for a checksum field, which must be zero while this is computed. */
export const upperLayerChecksum = (view: DataView, packet: number, nextHeader: number, length: number): number =>
  ~upperLayerSum(view, packet, nextHeader, length) & 0xffff;

export const hasValidChecksum = (view: DataView, packet: number, nextHeader: number, length: number): boolean =>
  upperLayerSum(view, packet, nextHeader, length) === 0xffff;
