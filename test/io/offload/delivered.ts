/**
 * What a receiving host makes of packets: the bytes of each stream, and datagrams. Neither of the reference nor of the
 * addon, so that both can be held against it.
 */
import type { TunWrite } from './plain-coalesce.js';
import { IPV6_HEADER, TCP, UDP, viewOf } from './plain-packet.js';

export interface Delivered {
  /** TCP: a byte by its place in the sequence space. The first to come stays. */
  readonly bytes: Map<number, number>;
  /** UDP, in the order of arrival. */
  readonly datagrams: string[];
}

export function deliver(writes: readonly TunWrite[]): Delivered {
  const delivered: Delivered = { bytes: new Map(), datagrams: [] };
  for (const { packet, header } of writes) {
    if (packet[6] === TCP) takeTcp(packet, delivered);
    else if (packet[6] === UDP)
      takeUdp(packet, header.offload === 'udp' ? header.segmentSize : packet.length, delivered);
  }
  return delivered;
}

function takeTcp(packet: Uint8Array, { bytes }: Delivered): void {
  const sequence = viewOf(packet).getUint32(IPV6_HEADER + 4);
  const payload = packet.subarray(IPV6_HEADER + ((packet[IPV6_HEADER + 12] ?? 0) >> 4) * 4);
  for (let i = 0; i < payload.length; i++) {
    const place = (sequence + i) >>> 0;
    if (!bytes.has(place)) bytes.set(place, payload[i] ?? 0);
  }
}

function takeUdp(packet: Uint8Array, size: number, { datagrams }: Delivered): void {
  const payload = packet.subarray(IPV6_HEADER + 8);
  for (let at = 0; at < payload.length; at += size) {
    datagrams.push(Buffer.from(payload.subarray(at, at + size)).toString('hex'));
  }
}
