/**
 * Explicit congestion notification across the tunnel (RFC 6040).
 *
 * Outward the outer field stays zero: nothing is agreed between the two ends of a Teredo tunnel, so copying the inner
 * one could lose marks at a far end that does not look (RFC 9601 §6.1.3 updates RFC 4380 so). Inward what a node on the
 * way has marked is carried over.
 */

export const ECN_NOT_CAPABLE = 0;
export const ECN_CAPABLE_1 = 1;
export const ECN_CAPABLE_0 = 2;
export const ECN_CONGESTION = 3;

/** The low two bits of the traffic class, which lies across the first two bytes of an IPv6 header. */
const SHIFT = 4;
const MASK = 3 << SHIFT;

/**
 * Gives the IPv6 packet at `packet` the field that RFC 6040 §4.2 (figure 4) makes of its own and the outer header's.
 * False: it must be dropped, since its sender would not understand the mark.
 */
export function decapsulateEcn(bytes: Uint8Array, packet: number, outer: number): boolean {
  const byte = bytes[packet + 1] as number;
  const inner = (byte & MASK) >> SHIFT;
  if (inner === ECN_NOT_CAPABLE) return outer !== ECN_CONGESTION;
  if (outer === ECN_CONGESTION || (outer === ECN_CAPABLE_1 && inner === ECN_CAPABLE_0)) {
    bytes[packet + 1] = (byte & ~MASK) | (outer << SHIFT);
  }
  return true;
}
