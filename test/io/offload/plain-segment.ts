/**
 * Segmentation as a plain reference: what the kernel hands out of a TUN device with offloads, as the packets that
 * have to leave. One after the other, each built and summed from nothing.
 */
import {
  CWR,
  FIN,
  flagsAt,
  IPV6_HEADER,
  PSH,
  rightChecksum,
  sequenceAt,
  TCP,
  UDP,
  withPayload,
  write16,
} from './plain-packet.js';
import type { VirtioHeader } from './virtio-header.js';

/** No packets when header and packet do not fit each other; the kernel makes no such pair. */
export function plainSegment(packet: Uint8Array, header: VirtioHeader): Uint8Array[] {
  if (header.offload !== 'none') return segments(packet, header);
  return header.needsChecksum ? completed(packet, header) : [packet];
}

/** The checksum lies where the header says, which may be behind extension headers. */
function completed(packet: Uint8Array, { checksumStart, checksumOffset }: VirtioHeader): Uint8Array[] {
  const checksumAt = checksumStart + checksumOffset;
  if (checksumStart < IPV6_HEADER || checksumAt + 2 > packet.length) return [];
  const protocol = checksumOffset === 16 ? TCP : checksumOffset === 6 ? UDP : undefined;
  if (protocol === undefined) return [];
  const whole = packet.slice();
  write16(whole, checksumAt, rightChecksum(whole, protocol, checksumStart, checksumAt));
  return [whole];
}

function segments(packet: Uint8Array, header: VirtioHeader): Uint8Array[] {
  const { offload, segmentSize, checksumStart: start, checksumOffset } = header;
  const isTcp = offload === 'tcp';
  const headerLength = start + (isTcp ? ((packet[start + 12] ?? 0) >> 4) * 4 : 8);
  const isSound = start >= IPV6_HEADER && headerLength >= start + (isTcp ? 20 : 8) && headerLength < packet.length;
  if (!header.needsChecksum || segmentSize === 0 || !isSound || checksumOffset !== (isTcp ? 16 : 6)) return [];
  const template = packet.subarray(0, headerLength);
  const payload = packet.subarray(headerLength);
  const result: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += segmentSize) {
    const slice = payload.subarray(at, at + segmentSize);
    const isLast = at + segmentSize >= payload.length;
    const tcp = isTcp
      ? { sequence: (sequenceAt(packet, start) + at) >>> 0, flags: flags(packet, start, at === 0, isLast) }
      : undefined;
    const segment = withPayload(template, start, slice, tcp);
    write16(segment, start + checksumOffset, rightChecksum(segment, isTcp ? TCP : UDP, start, start + checksumOffset));
    result.push(segment);
  }
  return result;
}

/** CWR belongs to the first segment (RFC 3168 §6.1.2), FIN and PSH to the last. */
function flags(packet: Uint8Array, start: number, isFirst: boolean, isLast: boolean): number {
  let value = flagsAt(packet, start);
  if (!isFirst) value &= ~CWR;
  if (!isLast) value &= ~(FIN | PSH);
  return value;
}
