/**
 * Random traffic for the offloading code: a few flows, interleaved, mostly regular so that there is something to merge,
 * with everything in between that must not be merged.
 */
import fc from 'fast-check';
import {
  ACK,
  CWR,
  ECE,
  FIN,
  IPV6_HEADER,
  PSH,
  RST,
  rightChecksum,
  SYN,
  TCP,
  UDP,
  URG,
  viewOf,
  write16,
} from './plain-packet.js';
import type { VirtioHeader } from './virtio-header.js';

export interface Flow {
  readonly protocol: typeof TCP | typeof UDP;
  /** Flows differ in it: it is part of addresses and ports. */
  readonly number: number;
  readonly trafficClass: number;
  readonly label: number;
  readonly hopLimit: number;
  /** TCP options in words of four bytes. */
  readonly options: readonly number[];
  readonly sequence: number;
  readonly full: number;
  readonly seed: number;
}

/** TCP and UDP alike; near the end of the sequence space too. Sizes odd and even, up to what a 64 KiB MTU holds. */
export const flow = (numbers: fc.Arbitrary<number>): fc.Arbitrary<Flow> =>
  fc.record({
    protocol: fc.constantFrom(TCP, UDP),
    number: numbers,
    trafficClass: fc.constantFrom(0, 1, 2, 3, 0xb8),
    label: fc.constantFrom(0, 1, 0xfffff),
    hopLimit: fc.constantFrom(1, 21, 64, 255),
    options: fc.oneof(
      fc.constant([]),
      fc.constant([0x0101080a, 1, 2]), // timestamps
      fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 10 }),
    ),
    sequence: fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0xffff0000, max: 0xffffffff })),
    full: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 1220 }) },
      { weight: 3, arbitrary: fc.constantFrom(1208, 1220, 1232, 64) },
      { weight: 1, arbitrary: fc.integer({ min: 1221, max: 9000 }) },
    ),
    seed: fc.nat(0xffff),
  });

/** The fixed parts, checksum right. */
export function emitPacket(flow: Flow, protocolHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(IPV6_HEADER + protocolHeader.length + payload.length);
  const view = viewOf(packet);
  view.setUint32(0, 0x60000000 + flow.trafficClass * 0x100000 + flow.label);
  view.setUint16(4, packet.length - IPV6_HEADER);
  packet[6] = flow.protocol;
  packet[7] = flow.hopLimit;
  packet.set([0x20, 1, 0, 0, 0xcb, 0, 0x71, 0x0a, 0, 0, 0xf1, flow.number, 1, 2, 3, 4], 8);
  packet.set([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2], 24);
  packet.set(protocolHeader, IPV6_HEADER);
  packet.set(payload, IPV6_HEADER + protocolHeader.length);
  sign(packet, flow.protocol);
  return packet;
}

export function sign(packet: Uint8Array, protocol: number): void {
  const at = IPV6_HEADER + (protocol === TCP ? 16 : 6);
  write16(packet, at, rightChecksum(packet, protocol, IPV6_HEADER, at));
}

export function tcpHeader(flow: Flow, sequence: number, flags: number, window = 501): Uint8Array {
  const header = new Uint8Array(20 + 4 * flow.options.length);
  const view = viewOf(header);
  view.setUint16(0, 5201);
  view.setUint16(2, 40_000 + flow.number);
  view.setUint32(4, sequence >>> 0);
  view.setUint32(8, 0x01020304);
  header[12] = (header.length / 4) << 4;
  header[13] = flags;
  view.setUint16(14, window);
  flow.options.forEach((word, i) => {
    view.setUint32(20 + 4 * i, word);
  });
  return header;
}

export function udpHeader(flow: Flow, payloadLength: number): Uint8Array {
  const header = new Uint8Array(8);
  const view = viewOf(header);
  view.setUint16(0, 5202);
  view.setUint16(2, 40_000 + flow.number);
  view.setUint16(4, 8 + payloadLength);
  return header;
}

/** Bytes of a flow's stream from `at` on: each place has its own, so that a shift shows. */
export function stream(flow: Flow, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(at + i + flow.seed, 0x9e3779b1) >>> 24;
  return bytes;
}

/** What happens to one packet on its way. `at` and `value` say where and what, as far as the kind has use for them. */
export interface Mishap {
  readonly kind: (typeof MISHAPS)[number];
  readonly at: number;
  readonly value: number;
}

const MISHAPS = [
  'corrupt',
  'gap',
  'repeat',
  'no-checksum',
  'zero-sum',
  'window',
  'urgent',
  'hop-limit',
  'traffic-class',
  'label',
  'options',
  'reserved-bits',
  'hop-by-hop',
  'fragment',
  'protocol',
  'cut',
  'trailing-bytes',
  'version',
  'udp-length',
  'data-offset',
] as const;

export interface Step {
  /** Index of the flow, modulo their number. */
  readonly flow: number;
  /** Share of the full size, in 1/16; 16 is full, 0 empty, 17 more than full. */
  readonly size: number;
  readonly flags: number;
  readonly mishap: Mishap | undefined;
}

const mishap: fc.Arbitrary<Mishap> = fc.record({
  kind: fc.constantFrom(...MISHAPS),
  at: fc.nat(0xffff),
  value: fc.nat(255),
});

const step: fc.Arbitrary<Step> = fc.record({
  flow: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3) }),
  size: fc.oneof({ weight: 12, arbitrary: fc.constant(16) }, { weight: 2, arbitrary: fc.integer({ min: 0, max: 17 }) }),
  flags: fc.oneof(
    { weight: 14, arbitrary: fc.constant(ACK) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(ACK | PSH, ACK | FIN, ACK | FIN | PSH, ACK | CWR, ACK | ECE, ACK | CWR | ECE | PSH),
    },
    { weight: 1, arbitrary: fc.constantFrom(0, SYN, SYN | ACK, RST, RST | ACK, ACK | URG, PSH, FIN, 0xff) },
  ),
  mishap: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: mishap }),
});

export interface Traffic {
  readonly flows: readonly Flow[];
  readonly steps: readonly Step[];
}

export const traffic: fc.Arbitrary<Traffic> = fc.record({
  flows: fc.tuple(flow(fc.constant(1)), flow(fc.constant(2)), flow(fc.constantFrom(1, 3)), flow(fc.constant(4))),
  steps: fc.array(step, { minLength: 1, maxLength: 90, size: 'max' }),
});

/** Runs a script: the packets as they would arrive, one batch. */
export function packetsOf({ flows, steps }: Traffic): Uint8Array[] {
  const offsets = flows.map(() => 0);
  return steps.map(({ flow: index, size, flags, mishap }) => {
    const number = index % flows.length;
    const flow = flows[number] as Flow;
    const length = size === 17 ? flow.full + 1 : Math.floor((flow.full * size) / 16);
    let at = offsets[number] ?? 0;
    if (mishap?.kind === 'gap') at += mishap.value + 1;
    if (mishap?.kind === 'repeat') at = Math.max(0, at - length);
    offsets[number] = at + length;
    return damaged(flow, at, length, flags, mishap);
  });
}

function damaged(flow: Flow, at: number, length: number, flags: number, mishap: Mishap | undefined): Uint8Array {
  const changed = mishap === undefined ? flow : changedFlow(flow, mishap);
  const window = mishap?.kind === 'window' ? mishap.value : 501;
  const header =
    flow.protocol === TCP ? tcpHeader(changed, flow.sequence + at, flags, window) : udpHeader(changed, length);
  if (mishap?.kind === 'urgent' && flow.protocol === TCP) header[19] = mishap.value;
  if (mishap?.kind === 'reserved-bits' && flow.protocol === TCP) header[12] = (header[12] ?? 0) | 1;
  const packet = emitPacket(changed, header, stream(flow, at, length));
  return mishap === undefined ? packet : spoiled(packet, flow.protocol, mishap);
}

/** Differences that are honest: the checksum is right. */
function changedFlow(flow: Flow, { kind, value }: Mishap): Flow {
  if (kind === 'hop-limit') return { ...flow, hopLimit: value };
  if (kind === 'traffic-class') return { ...flow, trafficClass: value };
  if (kind === 'label') return { ...flow, label: value };
  if (kind === 'options') return { ...flow, options: flow.options.map((word) => word ^ value) };
  return flow;
}

function spoiled(packet: Uint8Array, protocol: number, { kind, at, value }: Mishap): Uint8Array {
  const checksumAt = IPV6_HEADER + (protocol === TCP ? 16 : 6);
  switch (kind) {
    case 'corrupt':
      packet[at % packet.length] = (packet[at % packet.length] ?? 0) ^ (1 << (value & 7));
      return packet;
    case 'no-checksum':
      write16(packet, checksumAt, 0);
      return packet;
    case 'zero-sum':
      makeZeroSum(packet, protocol, packet.length);
      // The other of one's complement's two zeros: in UDP it says that there is no checksum.
      if (value & 1) write16(packet, checksumAt, viewOf(packet).getUint16(checksumAt) ^ 0xffff);
      return packet;
    case 'hop-by-hop':
      return withExtension(packet, 0, Uint8Array.of(protocol, 0, 1, 4, 0, 0, 0, 0));
    case 'fragment':
      return withExtension(packet, 44, Uint8Array.of(protocol, 0, value & 1, value & 0xf8, 0, 0, 0, value));
    case 'protocol':
      packet[6] = value;
      return packet;
    case 'cut':
      return packet.subarray(0, at % packet.length);
    case 'trailing-bytes':
      return Uint8Array.from([...packet, ...new Uint8Array(1 + (value & 15))]);
    case 'version':
      packet[0] = ((packet[0] ?? 0) & 15) | ((value & 15) << 4);
      return packet;
    case 'udp-length':
      if (protocol === UDP) write16(packet, IPV6_HEADER + 4, value);
      sign(packet, protocol);
      return packet;
    case 'data-offset':
      if (protocol === TCP) packet[IPV6_HEADER + 12] = value;
      sign(packet, protocol);
      return packet;
    default:
      return packet;
  }
}

/** Changes two bytes of the payload so that the right checksum over `length` bytes is a zero, and writes it. */
function makeZeroSum(packet: Uint8Array, protocol: number, length: number): void {
  const at = IPV6_HEADER + (protocol === TCP ? ((packet[IPV6_HEADER + 12] ?? 0) >> 4) * 4 : 8);
  if (length < at + 2) return;
  write16(packet, at, 0);
  const checksumAt = IPV6_HEADER + (protocol === TCP ? 16 : 6);
  write16(packet, at, rightChecksum(packet.subarray(0, length), protocol, IPV6_HEADER, checksumAt));
  sign(packet, protocol);
}

function withExtension(packet: Uint8Array, nextHeader: number, extension: Uint8Array): Uint8Array {
  const longer = Uint8Array.from([...packet.subarray(0, IPV6_HEADER), ...extension, ...packet.subarray(IPV6_HEADER)]);
  longer[6] = nextHeader;
  write16(longer, 4, longer.length - IPV6_HEADER);
  return longer;
}

export interface Superpacket {
  readonly packet: Uint8Array;
  readonly header: VirtioHeader;
}

/** The payload length field counts the longest TCP header and an extension header too. */
const MOST_PAYLOAD = 65_535 - 60 - 8;

/** What the kernel hands out: one packet with an unfinished checksum, or up to 64 KiB of one flow. */
export const superpacket: fc.Arbitrary<Superpacket> = fc
  .record({
    flow: flow(fc.constant(1)),
    length: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 65_000 }), fc.constant(65_475)),
    flags: fc.constantFrom(ACK, ACK | PSH, ACK | FIN, ACK | CWR, ACK | ECE, ACK | CWR | ECE | FIN | PSH, SYN),
    whole: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    extension: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    zeroSum: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
  })
  .map(({ flow, length, flags, whole, extension, zeroSum }) => {
    const size = whole ? Math.min(length, flow.full) : Math.min(length, MOST_PAYLOAD, Math.max(flow.full, 32) * 54);
    const header = flow.protocol === TCP ? tcpHeader(flow, flow.sequence, flags) : udpHeader(flow, size);
    const packet = emitPacket(flow, header, stream(flow, 0, size));
    if (zeroSum && whole) makeZeroSum(packet, flow.protocol, packet.length);
    else if (zeroSum) zeroFirstSegment(packet, flow, Math.max(flow.full, 32));
    // What is in the checksum field matters not: segmentation has to build it anew.
    const extended = extension ? withExtension(packet, 60, Uint8Array.of(flow.protocol, 0, 1, 4, 0, 0, 0, 0)) : packet;
    const start = extended.length - packet.length + IPV6_HEADER;
    const offload = whole ? 'none' : flow.protocol === TCP ? 'tcp' : 'udp';
    return {
      packet: partial(extended, flow.protocol, start),
      header: {
        needsChecksum: true,
        dataValid: false,
        offload,
        ecn: offload === 'tcp' && (flags & CWR) !== 0,
        headerLength: whole ? 0 : start + header.length,
        segmentSize: whole ? 0 : Math.max(flow.full, 32),
        checksumStart: start,
        checksumOffset: flow.protocol === TCP ? 16 : 6,
      },
    };
  });

/** The first segment that is cut off will have the checksum zero. */
function zeroFirstSegment(packet: Uint8Array, flow: Flow, size: number): void {
  const header =
    packet.length - IPV6_HEADER <= size ? undefined : packet.slice(0, IPV6_HEADER + headerBytes(packet, flow));
  if (header === undefined || flow.protocol !== UDP) return;
  const segment = new Uint8Array(header.length + size);
  segment.set(packet.subarray(0, segment.length));
  write16(segment, 4, segment.length - IPV6_HEADER);
  write16(segment, IPV6_HEADER + 4, segment.length - IPV6_HEADER);
  makeZeroSum(segment, UDP, segment.length);
  packet.set(segment.subarray(header.length, header.length + 2), header.length);
}

const headerBytes = (packet: Uint8Array, { protocol }: Flow): number =>
  protocol === TCP ? ((packet[IPV6_HEADER + 12] ?? 0) >> 4) * 4 : 8;

/** The checksum field as the kernel leaves it: the folded sum of the pseudo header. */
function partial(packet: Uint8Array, protocol: number, start: number): Uint8Array {
  const copy = packet.slice();
  const at = start + (protocol === TCP ? 16 : 6);
  const length = packet.length - start;
  let sum = (length >>> 16) + (length & 0xffff) + protocol;
  for (let i = 8; i < IPV6_HEADER; i += 2) sum += viewOf(packet).getUint16(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  write16(copy, at, sum);
  return copy;
}
