/**
 * Teredo addresses: prefix, server, flags, obfuscated mapped port, obfuscated mapped IPv4 (RFC 4380 §4, RFC 5991 §3).
 *
 * The accessors take a DataView and an offset, so that the packet path reads them where the packet lies.
 */
import { type Ipv4Address, ipv4, isGlobalUnicast, type Port, port } from './ipv4.js';
import type { Ipv6Address } from './ipv6.js';

/** The service prefix 2001:0000::/32 as its 32 bits (RFC 4380 §2.6). */
export const TEREDO_PREFIX = 0x20010000;
/** RFC 4380 §2.7. */
export const TEREDO_PORT = 3544 as Port;

export const FLAG_CONE = 0x8000;
/** Random1 and Random2 of RFC 5991 §3.1: twelve bits that make the address hard to guess. */
export const FLAGS_RANDOM = 0x3cff;

/** The meaning of a Teredo address. */
export interface TeredoAddress {
  readonly prefix: number;
  readonly server: Ipv4Address;
  readonly flags: number;
  readonly mappedPort: Port;
  readonly mappedAddress: Ipv4Address;
}

export function emitTeredoAddress(parts: TeredoAddress): Ipv6Address {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, parts.prefix);
  view.setUint32(4, parts.server);
  writeInterfaceId(view, parts.flags, parts.mappedAddress, parts.mappedPort);
  return bytes as Ipv6Address;
}

/** Link-local address with the same identifier layout (RFC 4380 §4); it may hold a private IPv4 address. */
export function emitLinkLocal(flags: number, address: Ipv4Address, udpPort: Port): Ipv6Address {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xfe800000);
  writeInterfaceId(view, flags, address, udpPort);
  return bytes as Ipv6Address;
}

/** fe80::8000:f227:… — the cone bit is always set in a server's address (RFC 4380 §5.3.2, RFC 5991 §3.2). */
export const serverLinkLocal = (server: Ipv4Address): Ipv6Address => emitLinkLocal(FLAG_CONE, server, TEREDO_PORT);

/** Flags of a new address: cone bit 0 (RFC 5991 §3.2), the twelve random bits from `random`, the rest 0. */
export const randomFlags = (random: number): number => random & FLAGS_RANDOM;

function writeInterfaceId(view: DataView, flags: number, address: Ipv4Address, udpPort: Port): void {
  view.setUint16(8, flags);
  view.setUint16(10, udpPort ^ 0xffff);
  view.setUint32(12, ~address >>> 0);
}

/** undefined when the address is outside `prefix`. Flag bits never make an address invalid (RFC 5991 §3.1). */
export function parseTeredoAddress(address: Ipv6Address, prefix: number = TEREDO_PREFIX): TeredoAddress | undefined {
  const view = new DataView(address.buffer, address.byteOffset, 16);
  if (view.getUint32(0) !== prefix) return undefined;
  return {
    prefix,
    server: serverAt(view, 0),
    flags: view.getUint16(8),
    mappedPort: mappedPortAt(view, 0),
    mappedAddress: mappedAddressAt(view, 0),
  };
}

/** Where the mapping lies in an address; inverted, since some NATs translate what they find in a packet (§4). */
export const MAPPED_PORT_AT = 10;
export const MAPPED_ADDRESS_AT = 12;

export const serverAt = (view: DataView, offset: number): Ipv4Address => ipv4(view.getUint32(offset + 4));
export const mappedPortAt = (view: DataView, offset: number): Port =>
  port(view.getUint16(offset + MAPPED_PORT_AT) ^ 0xffff);
export const mappedAddressAt = (view: DataView, offset: number): Ipv4Address =>
  ipv4(~view.getUint32(offset + MAPPED_ADDRESS_AT));
export const isTeredoAt = (view: DataView, offset: number, prefix: number): boolean =>
  view.getUint32(offset) === prefix;

/** A Teredo address a packet can be sent to: global unicast IPv4 inside (RFC 4380 §4), port not zero. */
export const hasUsableMapping = (view: DataView, offset: number): boolean =>
  mappedPortAt(view, offset) !== 0 && isGlobalUnicast(mappedAddressAt(view, offset));
