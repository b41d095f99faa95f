/** ICMPv6 as far as Teredo speaks it itself: echo for the connectivity test, and "unreachable" for a peer that is. */
import { hasValidChecksum, upperLayerChecksum } from './checksum.js';
import {
  IPV6_HEADER_LENGTH,
  IPV6_NEXT_HEADER,
  IPV6_PAYLOAD_LENGTH,
  type Ipv6Address,
  NEXT_HEADER_ICMPV6,
  writeIpv6Header,
} from './ipv6.js';

export const ICMPV6_UNREACHABLE = 1;
export const ICMPV6_TOO_BIG = 2;
export const ICMPV6_ECHO_REQUEST = 128;
export const ICMPV6_ECHO_REPLY = 129;
export const ICMPV6_ROUTER_SOLICITATION = 133;
export const ICMPV6_ROUTER_ADVERTISEMENT = 134;

export const UNREACHABLE_ADDRESS = 3;

/** Type, code, checksum, identifier and sequence number (RFC 4443 §4.1). */
const ECHO_HEADER_LENGTH = 8;
/** An ICMPv6 error carries as much of the packet as fits into the minimum MTU (RFC 4443 §2.4). */
const MINIMUM_MTU = 1280;

/** Builds a whole packet around an ICMPv6 body whose checksum field is zero, and fills the checksum in. */
export function emitIcmpv6(
  source: Ipv6Address,
  destination: Ipv6Address,
  hopLimit: number,
  body: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(IPV6_HEADER_LENGTH + body.length);
  writeIpv6Header(bytes, 0, {
    source,
    destination,
    nextHeader: NEXT_HEADER_ICMPV6,
    hopLimit,
    payloadLength: body.length,
  });
  bytes.set(body, IPV6_HEADER_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint16(IPV6_HEADER_LENGTH + 2, upperLayerChecksum(view, 0, NEXT_HEADER_ICMPV6, body.length));
  return bytes;
}

/** Echo request with `data` behind the 4 bytes of identifier and sequence number. */
export function emitEchoRequest(
  source: Ipv6Address,
  destination: Ipv6Address,
  data: Uint8Array,
  idAndSequence: Uint8Array = new Uint8Array(4),
): Uint8Array {
  return emitEcho(ICMPV6_ECHO_REQUEST, source, destination, idAndSequence, data);
}

/** The answer to an echo request whose 4 bytes of identifier and sequence number and data are given. */
export function emitEchoReply(
  source: Ipv6Address,
  destination: Ipv6Address,
  idAndSequence: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  return emitEcho(ICMPV6_ECHO_REPLY, source, destination, idAndSequence, data);
}

function emitEcho(
  type: number,
  source: Ipv6Address,
  destination: Ipv6Address,
  idAndSequence: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  const body = new Uint8Array(ECHO_HEADER_LENGTH + data.length);
  body[0] = type;
  body.set(idAndSequence, 4);
  body.set(data, ECHO_HEADER_LENGTH);
  return emitIcmpv6(source, destination, 64, body);
}

/** Destination unreachable, quoting the packet that could not go (RFC 4443 §3.1). */
export function emitUnreachable(source: Ipv6Address, destination: Ipv6Address, packet: Uint8Array): Uint8Array {
  return emitError(source, destination, packet, ICMPV6_UNREACHABLE, UNREACHABLE_ADDRESS, 0);
}

/** Packet too big (RFC 4443 §3.2). */
export function emitTooBig(source: Ipv6Address, destination: Ipv6Address, packet: Uint8Array, mtu: number): Uint8Array {
  return emitError(source, destination, packet, ICMPV6_TOO_BIG, 0, mtu);
}

function emitError(
  source: Ipv6Address,
  destination: Ipv6Address,
  packet: Uint8Array,
  type: number,
  code: number,
  value: number,
): Uint8Array {
  const quoted = packet.subarray(0, MINIMUM_MTU - IPV6_HEADER_LENGTH - ECHO_HEADER_LENGTH);
  const body = new Uint8Array(ECHO_HEADER_LENGTH + quoted.length);
  body[0] = type;
  body[1] = code;
  new DataView(body.buffer).setUint32(4, value);
  body.set(quoted, ECHO_HEADER_LENGTH);
  return emitIcmpv6(source, destination, 64, body);
}

/** ICMPv6 type of the valid IPv6 packet at `offset`, or -1 when it is no ICMPv6 message. */
export function icmpv6TypeAt(view: DataView, offset: number): number {
  if (view.getUint8(offset + IPV6_NEXT_HEADER) !== NEXT_HEADER_ICMPV6) return -1;
  if (view.getUint16(offset + IPV6_PAYLOAD_LENGTH) < 4) return -1;
  return view.getUint8(offset + IPV6_HEADER_LENGTH);
}

export const hasValidIcmpv6Checksum = (view: DataView, offset: number): boolean =>
  hasValidChecksum(view, offset, NEXT_HEADER_ICMPV6, view.getUint16(offset + IPV6_PAYLOAD_LENGTH));

/** Whether the packet is an ICMPv6 error (types 0 to 127), which must never be answered by another (RFC 4443 §2.4). */
export function isIcmpv6Error(view: DataView, offset: number): boolean {
  const type = icmpv6TypeAt(view, offset);
  return type >= 0 && type < 128;
}

/** Identifier and sequence number of the echo message at `offset` as one signed number; 0 when it is too short. */
export function echoIdAndSequence(view: DataView, offset: number): number {
  if (view.getUint16(offset + IPV6_PAYLOAD_LENGTH) < ECHO_HEADER_LENGTH) return 0;
  return view.getInt32(offset + IPV6_HEADER_LENGTH + 4);
}

/** The data of the echo message at `offset`: what follows identifier and sequence number. A view, not a copy. */
export function echoData(bytes: Uint8Array, view: DataView, offset: number): Uint8Array {
  const length = view.getUint16(offset + IPV6_PAYLOAD_LENGTH);
  const start = offset + IPV6_HEADER_LENGTH;
  return bytes.subarray(Math.min(start + ECHO_HEADER_LENGTH, start + length), start + length);
}
