/**
 * Reading and changing one IPv6 packet, in the obvious way: what the plain reference of the offloading code stands on.
 * It shares nothing with daemon/, so that a fault there cannot hide itself.
 */

export const IPV6_HEADER = 40;
export const UDP_HEADER = 8;
export const TCP = 6;
export const UDP = 17;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;

/** Within the TCP header. */
const TCP_SEQUENCE = 4;
const TCP_DATA_OFFSET = 12;
const TCP_FLAGS = 13;
const TCP_CHECKSUM = 16;
/** Within the UDP header. */
const UDP_LENGTH = 4;
const UDP_CHECKSUM = 6;

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

const read16 = (bytes: Uint8Array, offset: number): number => viewOf(bytes).getUint16(offset);
export const write16 = (bytes: Uint8Array, offset: number, value: number): void =>
  viewOf(bytes).setUint16(offset, value);

/** A whole TCP segment or UDP datagram directly behind the IPv6 header; nothing before, between or after. */
export interface Transport {
  readonly protocol: typeof TCP | typeof UDP;
  /** IPv6 and transport header. */
  readonly headerLength: number;
  readonly payload: Uint8Array;
  /** Where the checksum lies in the packet. */
  readonly checksumAt: number;
  readonly checksum: number;
  /** TCP only; 0 in UDP. */
  readonly sequence: number;
  readonly flags: number;
}

/** Undefined for everything else: extension headers, fragments, other protocols, wrong lengths. */
export function transportOf(packet: Uint8Array): Transport | undefined {
  if (packet.length < IPV6_HEADER || (packet[0] ?? 0) >> 4 !== 6) return undefined;
  if (read16(packet, 4) !== packet.length - IPV6_HEADER) return undefined;
  if (packet[6] === TCP) return tcpOf(packet);
  if (packet[6] === UDP) return udpOf(packet);
  return undefined;
}

function tcpOf(packet: Uint8Array): Transport | undefined {
  if (packet.length < IPV6_HEADER + 20) return undefined;
  const tcpHeader = ((packet[IPV6_HEADER + TCP_DATA_OFFSET] ?? 0) >> 4) * 4;
  const headerLength = IPV6_HEADER + tcpHeader;
  if (tcpHeader < 20 || headerLength > packet.length) return undefined;
  return {
    protocol: TCP,
    headerLength,
    payload: packet.subarray(headerLength),
    checksumAt: IPV6_HEADER + TCP_CHECKSUM,
    checksum: read16(packet, IPV6_HEADER + TCP_CHECKSUM),
    sequence: viewOf(packet).getUint32(IPV6_HEADER + TCP_SEQUENCE),
    flags: packet[IPV6_HEADER + TCP_FLAGS] ?? 0,
  };
}

function udpOf(packet: Uint8Array): Transport | undefined {
  const headerLength = IPV6_HEADER + UDP_HEADER;
  if (packet.length < headerLength) return undefined;
  if (read16(packet, IPV6_HEADER + UDP_LENGTH) !== packet.length - IPV6_HEADER) return undefined;
  return {
    protocol: UDP,
    headerLength,
    payload: packet.subarray(headerLength),
    checksumAt: IPV6_HEADER + UDP_CHECKSUM,
    checksum: read16(packet, IPV6_HEADER + UDP_CHECKSUM),
    sequence: 0,
    flags: 0,
  };
}

/** One's complement sum of 16-bit words (RFC 1071), folded, not inverted. */
export function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum;
}

/** RFC 8200 §8.1: addresses, length and protocol. */
export function pseudoHeaderSum(packet: Uint8Array, protocol: number, length: number): number {
  return onesSum(
    packet.subarray(8, IPV6_HEADER),
    onesSum(Uint8Array.of(length >> 24, length >> 16, length >> 8, length, 0, protocol)),
  );
}

/** The right value of a checksum field of the message that begins at `start`. Zero is written as 0xffff in UDP. */
export function rightChecksum(packet: Uint8Array, protocol: number, start: number, checksumAt: number): number {
  const message = packet.slice(start);
  write16(message, checksumAt - start, 0);
  const sum = ~onesSum(message, pseudoHeaderSum(packet, protocol, message.length)) & 0xffff;
  return sum === 0 && protocol === UDP ? 0xffff : sum;
}

/** What a receiver checks. UDP without a checksum is illegal in IPv6 (RFC 8200 §8.1). */
export function isVerified(packet: Uint8Array): boolean {
  const transport = transportOf(packet);
  if (transport === undefined) return false;
  if (transport.protocol === UDP && transport.checksum === 0) return false;
  const message = packet.subarray(IPV6_HEADER);
  return onesSum(message, pseudoHeaderSum(packet, transport.protocol, message.length)) === 0xffff;
}

export interface TcpChange {
  readonly sequence: number;
  readonly flags: number;
}

/** The packet of `header` (a template) and another payload: lengths, and what TCP changes; the checksum is not right yet. */
export function withPayload(
  header: Uint8Array,
  transportStart: number,
  payload: Uint8Array,
  tcp?: TcpChange,
): Uint8Array {
  const packet = new Uint8Array(header.length + payload.length);
  packet.set(header);
  packet.set(payload, header.length);
  write16(packet, 4, packet.length - IPV6_HEADER);
  if (tcp === undefined) {
    write16(packet, transportStart + UDP_LENGTH, packet.length - transportStart);
  } else {
    viewOf(packet).setUint32(transportStart + TCP_SEQUENCE, tcp.sequence);
    packet[transportStart + TCP_FLAGS] = tcp.flags;
  }
  return packet;
}

export const sequenceAt = (packet: Uint8Array, transportStart: number): number =>
  viewOf(packet).getUint32(transportStart + TCP_SEQUENCE);
export const flagsAt = (packet: Uint8Array, transportStart: number): number => packet[transportStart + TCP_FLAGS] ?? 0;
