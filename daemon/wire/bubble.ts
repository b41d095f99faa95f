/** Bubbles: an IPv6 header with nothing behind it, which only opens and keeps mappings in NATs (RFC 4380 §2.8). */
import {
  IPV6_HEADER_LENGTH,
  IPV6_NEXT_HEADER,
  IPV6_PAYLOAD_LENGTH,
  type Ipv6Address,
  NEXT_HEADER_NONE,
  writeIpv6Header,
} from './ipv6.js';

const BUBBLE_HOP_LIMIT = 255;

export function emitBubble(source: Ipv6Address, destination: Ipv6Address): Uint8Array {
  const bytes = new Uint8Array(IPV6_HEADER_LENGTH);
  writeIpv6Header(bytes, 0, {
    source,
    destination,
    nextHeader: NEXT_HEADER_NONE,
    hopLimit: BUBBLE_HOP_LIMIT,
    payloadLength: 0,
  });
  return bytes;
}

/** Whether the valid IPv6 packet at `offset` is a bubble. */
export const isBubble = (view: DataView, offset: number): boolean =>
  view.getUint8(offset + IPV6_NEXT_HEADER) === NEXT_HEADER_NONE && view.getUint16(offset + IPV6_PAYLOAD_LENGTH) === 0;
