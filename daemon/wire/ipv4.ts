/**
 * IPv4 addresses and UDP ports as plain numbers in host order.
 *
 * A number is what the hot path compares and stores in typed arrays; text exists only at the edges.
 */
import type { Brand } from './brand.js';

/** Unsigned 32-bit IPv4 address: 192.0.2.1 is 0xC0000201. */
export type Ipv4Address = Brand<number, 'Ipv4Address'>;
/** UDP port, 0 to 65535. */
export type Port = Brand<number, 'Port'>;

/** An IPv4 address and a UDP port. */
export interface Endpoint {
  readonly address: Ipv4Address;
  readonly port: Port;
}

export const UNSPECIFIED_IPV4 = 0 as Ipv4Address;

export const ipv4 = (value: number): Ipv4Address => (value >>> 0) as Ipv4Address;
export const port = (value: number): Port => (value & 0xffff) as Port;

/** Parses dotted-quad text; undefined when it is anything else (leading zeros are refused: they once meant octal). */
export function parseIpv4(text: string): Ipv4Address | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    const octet = Number(part);
    if (octet > 255 || String(octet) !== part) return undefined;
    value = value * 256 + octet;
  }
  return ipv4(value);
}

export function formatIpv4(address: Ipv4Address): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

export const formatEndpoint = (endpoint: Endpoint): string => `${formatIpv4(endpoint.address)}:${endpoint.port}`;

export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean => a.address === b.address && a.port === b.port;

/**
 * The "global unicast" test of RFC 4380 §5.2.4, without the directed broadcasts of attached subnets
 * (those depend on the host: see {@link Ipv4Scope}).
 *
 * Refused beyond the RFC's list: 240/4, which no host can own, and 100.64/10 (RFC 6598), which is
 * somebody's private network just like 10/8. Documentation ranges pass: the RFCs' own examples use them.
 */
export function isGlobalUnicast(address: number): boolean {
  const first = address >>> 24;
  if (first === 0 || first === 10 || first === 127 || first >= 224) return false;
  const firstTwo = address >>> 16;
  if (firstTwo === 0xc0a8 || firstTwo === 0xa9fe) return false; // 192.168/16, 169.254/16
  if (address >>> 20 === 0xac1) return false; // 172.16/12
  if (address >>> 22 === 0x191) return false; // 100.64/10
  return address >>> 8 !== 0xc05863; // 192.88.99/24, 6to4 anycast
}

/** Which IPv4 destinations this host may send Teredo packets to. */
export interface Ipv4Scope {
  /** Directed broadcast addresses of the subnets to which the host is attached (RFC 4380 §5.2.4). */
  readonly directedBroadcasts: readonly Ipv4Address[];
}

/** The whole test of RFC 4380 §5.2.4, directed broadcasts included. */
export function isPermittedDestination(address: number, scope: Ipv4Scope): boolean {
  if (!isGlobalUnicast(address)) return false;
  const broadcasts = scope.directedBroadcasts;
  for (let i = 0; i < broadcasts.length; i++) if (broadcasts[i] === address) return false;
  return true;
}
