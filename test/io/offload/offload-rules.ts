/**
 * What every implementation of segmentation and coalescing must keep, however it decides. Nothing here knows how one
 * works; it looks at what comes out.
 */
import assert from 'node:assert/strict';
import type { TunWrite } from './plain-coalesce.js';
import {
  ACK,
  CWR,
  flagsAt,
  IPV6_HEADER,
  isVerified,
  pseudoHeaderSum,
  RST,
  SYN,
  TCP,
  transportOf,
  URG,
  viewOf,
} from './plain-packet.js';
import { plainSegment } from './plain-segment.js';
import type { VirtioHeader } from './virtio-header.js';

export interface OffloadCode {
  segment(packet: Uint8Array, header: VirtioHeader): Uint8Array[];
  coalesce(packets: readonly Uint8Array[]): TunWrite[];
}

const OTHER = 'other';

/** What must stay in order: one flow of TCP or UDP, or all else between two hosts. */
function flowOf(packet: Uint8Array): string {
  const transport = transportOf(packet);
  const end = transport === undefined ? IPV6_HEADER : IPV6_HEADER + 4;
  return `${transport?.protocol ?? OTHER} ${Buffer.from(packet.subarray(8, end)).toString('hex')}`;
}

/**
 * One's complement has two zeros, and both verify. TCP's sender writes 0; a 0xffff is legal, and nothing is lost when
 * it becomes 0 on the way, as it does in the kernel.
 */
function comparable(packet: Uint8Array): string {
  const transport = transportOf(packet);
  if (transport?.protocol === TCP && transport.checksum === 0xffff && isVerified(packet)) {
    const copy = packet.slice();
    viewOf(copy).setUint16(transport.checksumAt, 0);
    return Buffer.from(copy).toString('hex');
  }
  return Buffer.from(packet).toString('hex');
}

/**
 * Each flow's packets in their order, and among them those that may be of any flow: fragments, and what else is not
 * taken apart.
 */
function byFlow(packets: readonly Uint8Array[]): Map<string, string[]> {
  const named = packets.map((packet) => ({ name: flowOf(packet), text: comparable(packet) }));
  const names = [...new Set(named.map(({ name }) => name))].sort();
  const isPart = (name: string, flow: string): boolean => name === flow || name.startsWith(OTHER);
  return new Map(names.map((flow) => [flow, named.filter(({ name }) => isPart(name, flow)).map(({ text }) => text)]));
}

/** What is written splits again into exactly the packets that came in, in the order of each flow. */
export function assertLossless(packets: readonly Uint8Array[], writes: readonly TunWrite[]): void {
  const split = writes.flatMap(({ header, packet }) => plainSegment(packet, header));
  assert.equal(split.length, packets.length, 'packets in and out');
  assert.deepEqual(byFlow(split), byFlow(packets));
}

/** Corrupt packets, and what is neither TCP nor UDP, go as they came, and nothing vouches for them. */
export function assertUntrustedAlone(packets: readonly Uint8Array[], writes: readonly TunWrite[]): void {
  const untouched = writes.filter(({ header }) => header.offload === 'none' && !header.needsChecksum);
  const count = (list: readonly Uint8Array[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const packet of list) {
      const text = Buffer.from(packet).toString('hex');
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    return counts;
  };
  const alone = count(untouched.filter(({ header }) => !header.dataValid).map(({ packet }) => packet));
  for (const [text, times] of count(packets.filter((packet) => !isVerified(packet)))) {
    assert.ok(
      (alone.get(text) ?? 0) >= times,
      `an unverified packet is written alone, as it came: ${text.slice(0, 200)}`,
    );
  }
  for (const { header, packet } of untouched) {
    assert.ok(!header.dataValid || isVerified(packet), 'DATA_VALID on what does not verify');
  }
}

/** What the kernel's TUN driver and its segmentation count on. */
export function assertWellFormed({ header, packet }: TunWrite): void {
  if (header.offload === 'none') {
    assert.ok(!header.ecn && header.segmentSize === 0, 'a lone packet has no segments');
    return;
  }
  const transport = transportOf(packet);
  assert.ok(transport !== undefined, 'a merged packet is whole');
  assert.equal(header.offload, transport.protocol === TCP ? 'tcp' : 'udp');
  assert.ok(header.needsChecksum && !header.dataValid);
  assert.equal(header.headerLength, transport.headerLength);
  assert.equal(header.checksumStart, IPV6_HEADER);
  assert.equal(header.checksumOffset, transport.protocol === TCP ? 16 : 6);
  assert.ok(header.segmentSize > 0 && transport.payload.length > header.segmentSize, 'more than one segment');
  assert.ok(packet.length <= 65_535 + IPV6_HEADER);
  const length = packet.length - IPV6_HEADER;
  assert.equal(transport.checksum, pseudoHeaderSum(packet, transport.protocol, length), 'sum of the pseudo header');
  if (transport.protocol === TCP) {
    assert.equal(transport.flags & (SYN | RST | URG | ACK), ACK, 'plain data only');
  }
  const hasCwr = transport.protocol === TCP && (flagsAt(packet, IPV6_HEADER) & CWR) !== 0;
  assert.equal(header.ecn, hasCwr, 'the kernel must know of CWR');
}

export function assertCoalesced(packets: readonly Uint8Array[], writes: readonly TunWrite[]): void {
  for (const write of writes) assertWellFormed(write);
  assertUntrustedAlone(packets, writes);
  assertLossless(packets, writes);
}
