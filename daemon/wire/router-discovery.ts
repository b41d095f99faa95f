/**
 * Router solicitation and advertisement as Teredo uses them (RFC 4380 §5.2.1, §5.3.2), valid by the rules of
 * neighbour discovery (RFC 4861 §6.1): hop limit 255, code 0, checksum, lengths, no option of length zero.
 */
import {
  emitIcmpv6,
  hasValidIcmpv6Checksum,
  ICMPV6_ROUTER_ADVERTISEMENT,
  ICMPV6_ROUTER_SOLICITATION,
  icmpv6TypeAt,
} from './icmpv6.js';
import { type Ipv4Address, ipv4 } from './ipv4.js';
import {
  ALL_ROUTERS,
  IPV6_HEADER_LENGTH,
  IPV6_HOP_LIMIT,
  IPV6_PAYLOAD_LENGTH,
  IPV6_SOURCE,
  type Ipv6Address,
  isLinkLocal,
  readIpv6,
} from './ipv6.js';

const NEIGHBOUR_DISCOVERY_HOP_LIMIT = 255;
const OPTION_PREFIX_INFORMATION = 3;
const OPTION_MTU = 5;
const RS_LENGTH = 8;
const RA_LENGTH = 16;
const PREFIX_OPTION_LENGTH = 32;
const MTU_OPTION_LENGTH = 8;
/** What the old server says, and harmless: Teredo clients use no retransmission timer from an advertisement. */
const RETRANS_TIMER_MS = 2000;
const FLAG_AUTONOMOUS = 0x40;

/** What a Teredo client needs of an advertisement. */
export interface RouterAdvertisement {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  /** First 32 bits of the one advertised prefix. */
  readonly prefix: number;
  /** The next 32 bits: the server. */
  readonly server: Ipv4Address;
  /** The MTU option's value, not yet judged; undefined when there is none. */
  readonly mtu: number | undefined;
}

export type BadAdvertisement =
  | 'not-an-advertisement'
  | 'hop-limit'
  | 'source-not-link-local'
  | 'length'
  | 'code'
  | 'checksum'
  | 'bad-option'
  | 'prefix-count'
  | 'prefix-length';

export function emitRouterSolicitation(source: Ipv6Address): Uint8Array {
  const body = new Uint8Array(RS_LENGTH);
  body[0] = ICMPV6_ROUTER_SOLICITATION;
  return emitIcmpv6(source, ALL_ROUTERS, NEIGHBOUR_DISCOVERY_HOP_LIMIT, body);
}

/** Whether the valid IPv6 packet at `offset` is a valid router solicitation (RFC 4861 §6.1.1), whatever its addresses. */
export function isRouterSolicitation(view: DataView, offset: number): boolean {
  if (icmpv6TypeAt(view, offset) !== ICMPV6_ROUTER_SOLICITATION) return false;
  const length = view.getUint16(offset + IPV6_PAYLOAD_LENGTH);
  if (length < RS_LENGTH || view.getUint8(offset + IPV6_HOP_LIMIT) !== NEIGHBOUR_DISCOVERY_HOP_LIMIT) return false;
  if (view.getUint8(offset + IPV6_HEADER_LENGTH + 1) !== 0) return false;
  if (!hasValidIcmpv6Checksum(view, offset)) return false;
  const start = offset + IPV6_HEADER_LENGTH;
  return forEachOption(view, start + RS_LENGTH, start + length, () => true);
}

export function emitRouterAdvertisement(parts: {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  readonly prefix: number;
  readonly server: Ipv4Address;
  readonly mtu: number;
}): Uint8Array {
  const body = new Uint8Array(RA_LENGTH + PREFIX_OPTION_LENGTH + MTU_OPTION_LENGTH);
  const view = new DataView(body.buffer);
  view.setUint8(0, ICMPV6_ROUTER_ADVERTISEMENT);
  view.setUint32(12, RETRANS_TIMER_MS);
  const prefix = RA_LENGTH;
  view.setUint8(prefix, OPTION_PREFIX_INFORMATION);
  view.setUint8(prefix + 1, PREFIX_OPTION_LENGTH / 8);
  view.setUint8(prefix + 2, 64);
  view.setUint8(prefix + 3, FLAG_AUTONOMOUS);
  view.setUint32(prefix + 4, 0xffffffff);
  view.setUint32(prefix + 8, 0xffffffff);
  view.setUint32(prefix + 16, parts.prefix);
  view.setUint32(prefix + 20, parts.server);
  const mtu = RA_LENGTH + PREFIX_OPTION_LENGTH;
  view.setUint8(mtu, OPTION_MTU);
  view.setUint8(mtu + 1, MTU_OPTION_LENGTH / 8);
  view.setUint32(mtu + 4, parts.mtu);
  return emitIcmpv6(parts.source, parts.destination, NEIGHBOUR_DISCOVERY_HOP_LIMIT, body);
}

/** Judges the valid IPv6 packet at `offset` as an advertisement (RFC 4861 §6.1.2, RFC 4380 §5.2.1). */
export function parseRouterAdvertisement(bytes: Uint8Array, offset: number): RouterAdvertisement | BadAdvertisement {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint16(offset + IPV6_PAYLOAD_LENGTH);
  if (icmpv6TypeAt(view, offset) !== ICMPV6_ROUTER_ADVERTISEMENT) return 'not-an-advertisement';
  if (view.getUint8(offset + IPV6_HOP_LIMIT) !== NEIGHBOUR_DISCOVERY_HOP_LIMIT) return 'hop-limit';
  if (!isLinkLocal(view.getUint32(offset + IPV6_SOURCE))) return 'source-not-link-local';
  if (length < RA_LENGTH) return 'length';
  const start = offset + IPV6_HEADER_LENGTH;
  if (view.getUint8(start + 1) !== 0) return 'code';
  if (!hasValidIcmpv6Checksum(view, offset)) return 'checksum';
  let prefixes = 0;
  let prefixAt = 0;
  let mtu: number | undefined;
  const wellFormed = forEachOption(view, start + RA_LENGTH, start + length, (type, at, size) => {
    if (type === OPTION_PREFIX_INFORMATION) {
      if (size !== PREFIX_OPTION_LENGTH) return false;
      prefixes++;
      prefixAt = at;
    } else if (type === OPTION_MTU) {
      if (size !== MTU_OPTION_LENGTH) return false;
      mtu = view.getUint32(at + 4);
    }
    return true;
  });
  if (!wellFormed) return 'bad-option';
  if (prefixes !== 1) return 'prefix-count';
  if (view.getUint8(prefixAt + 2) !== 64) return 'prefix-length';
  return {
    source: readIpv6(bytes, offset + IPV6_SOURCE),
    destination: readIpv6(bytes, offset + IPV6_SOURCE + 16),
    prefix: view.getUint32(prefixAt + 16),
    server: ipv4(view.getUint32(prefixAt + 20)),
    mtu,
  };
}

/** Visits the options between `at` and `end`; false as soon as one is malformed or the visitor says so. */
function forEachOption(
  view: DataView,
  at: number,
  end: number,
  visit: (type: number, at: number, size: number) => boolean,
): boolean {
  let next = at;
  while (next < end) {
    if (end - next < 2) return false;
    const size = view.getUint8(next + 1) * 8;
    if (size === 0 || size > end - next) return false;
    if (!visit(view.getUint8(next), next, size)) return false;
    next += size;
  }
  return true;
}
