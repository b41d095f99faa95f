/**
 * Coalescing as a plain reference: received packets, in order, to what is written to a TUN device with offloads.
 *
 * Only what follows directly on its like is merged, and only what splits again into exactly the packets that came in.
 */
import {
  ACK,
  CWR,
  ECE,
  FIN,
  IPV6_HEADER,
  isVerified,
  PSH,
  pseudoHeaderSum,
  TCP,
  type Transport,
  transportOf,
  withPayload,
  write16,
} from './plain-packet.js';
import { PLAIN, type VirtioHeader } from './virtio-header.js';

export interface TunWrite {
  readonly header: VirtioHeader;
  readonly packet: Uint8Array;
}

export interface Limits {
  readonly segments: number;
  /** Of the merged IPv6 packet. */
  readonly bytes: number;
}

export const LIMITS: Limits = { segments: 64, bytes: 65_535 };

/** Packets that will be one. The first is the template. */
interface Run {
  readonly first: Uint8Array;
  readonly transport: Transport;
  readonly payloads: Uint8Array[];
  flags: number;
  length: number;
  /** A short segment, FIN or PSH was the last of it. */
  ended: boolean;
}

export function plainCoalesce(packets: readonly Uint8Array[], limits: Limits = LIMITS): TunWrite[] {
  const writes: TunWrite[] = [];
  let run: Run | undefined;
  const close = (): void => {
    if (run !== undefined) writes.push(merged(run));
    run = undefined;
  };
  for (const packet of packets) {
    if (run !== undefined && append(run, packet, limits)) continue;
    close();
    run = begin(packet);
    if (run === undefined) writes.push({ header: isVerified(packet) ? { ...PLAIN, dataValid: true } : PLAIN, packet });
  }
  close();
  return writes;
}

/** Flags with which a segment may be part of a merged one. */
const MERGEABLE = ACK | ECE | CWR | FIN | PSH;

function begin(packet: Uint8Array): Run | undefined {
  const transport = transportOf(packet);
  if (transport === undefined || !isVerified(packet) || transport.payload.length === 0) return undefined;
  if (transport.protocol === TCP && !isDataSegment(transport)) return undefined;
  const { payload, flags } = transport;
  return { first: packet, transport, payloads: [payload], flags, length: packet.length, ended: endsRun(transport) };
}

const isDataSegment = ({ flags }: Transport): boolean => (flags & ~MERGEABLE) === 0 && (flags & ACK) !== 0;
const endsRun = ({ flags }: Transport): boolean => (flags & (FIN | PSH)) !== 0;

function append(run: Run, packet: Uint8Array, limits: Limits): boolean {
  const next = transportOf(packet);
  if (run.ended || next === undefined || !isVerified(packet) || next.payload.length === 0) return false;
  const full = run.transport.payload.length;
  if (next.payload.length > full || run.length + next.payload.length > limits.bytes) return false;
  if (run.payloads.length === limits.segments || !sameHeaders(run, packet, next)) return false;
  if (next.protocol === TCP && !follows(run, next)) return false;
  run.payloads.push(next.payload);
  run.length += next.payload.length;
  run.flags |= next.flags;
  run.ended = endsRun(next) || next.payload.length < full;
  return true;
}

/** In sequence, and with flags that splitting gives back: CWR on the first only, FIN and PSH on the last. */
function follows(run: Run, next: Transport): boolean {
  const done = run.length - run.transport.headerLength;
  const same = ~(CWR | FIN | PSH);
  const { flags, sequence } = run.transport;
  return (
    isDataSegment(next) &&
    next.sequence === (sequence + done) >>> 0 &&
    (next.flags & same) === (flags & same) &&
    (next.flags & CWR) === 0
  );
}

/** Everything but lengths, sequence, flags and checksum: addresses, ports, class, label, hop limit, window, options. */
function sameHeaders(run: Run, packet: Uint8Array, next: Transport): boolean {
  if (next.protocol !== run.transport.protocol || next.headerLength !== run.transport.headerLength) return false;
  const blank = (bytes: Uint8Array, transport: Transport): string => {
    const header = bytes.slice(0, transport.headerLength);
    write16(header, 4, 0);
    write16(header, transport.checksumAt, 0);
    if (transport.protocol === TCP) {
      header.fill(0, IPV6_HEADER + 4, IPV6_HEADER + 8);
      header[IPV6_HEADER + 13] = 0;
    } else {
      write16(header, IPV6_HEADER + 4, 0);
    }
    return Buffer.from(header).toString('hex');
  };
  return blank(run.first, run.transport) === blank(packet, next);
}

function merged({ first, transport, payloads, flags }: Run): TunWrite {
  if (payloads.length === 1) return { header: { ...PLAIN, dataValid: true }, packet: first };
  const isTcp = transport.protocol === TCP;
  const header = first.subarray(0, transport.headerLength);
  const tcp = isTcp ? { sequence: transport.sequence, flags } : undefined;
  const packet = withPayload(header, IPV6_HEADER, Buffer.concat(payloads), tcp);
  write16(packet, transport.checksumAt, pseudoHeaderSum(packet, transport.protocol, packet.length - IPV6_HEADER));
  return {
    header: {
      needsChecksum: true,
      dataValid: false,
      offload: isTcp ? 'tcp' : 'udp',
      ecn: (flags & CWR) !== 0,
      headerLength: transport.headerLength,
      segmentSize: transport.payload.length,
      checksumStart: IPV6_HEADER,
      checksumOffset: transport.checksumAt - IPV6_HEADER,
    },
    packet,
  };
}
