/** Whether a gai.conf(5) has programs use the tunnel for names that have IPv6 and IPv4 addresses. */
import { formatIpv4, type Ipv4Address } from '../wire/ipv4.js';
import { type Ipv6Address, parseIpv6 } from '../wire/ipv6.js';
import { goesBefore, type Tables, type Way } from './gai-conf.js';

/** A host somewhere, with both kinds of addresses. */
const SOME_IPV6 = parseIpv6('2600::1') as Ipv6Address;
const SOME_IPV4 = mapped(0x08080808 as Ipv4Address);
/** As those of a host behind a NAT are. */
export const SOME_TEREDO = parseIpv6('2001:0:cb00:710a::1') as Ipv6Address;
const SOME_PRIVATE = mapped(0xc0a80102 as Ipv4Address);

/** Where rules 5 and 6 say nothing the order is nobody's, and IPv4 comes first as often as not. */
export function isTunnelFirst(tables: Tables, teredo = SOME_TEREDO, own = SOME_PRIVATE): boolean {
  const tunnel: Way = { source: teredo, destination: SOME_IPV6 };
  const plain: Way = { source: own, destination: SOME_IPV4 };
  return goesBefore(tables, tunnel, plain) === true;
}

/** The C library looks at IPv4 addresses as ::ffff:a.b.c.d. */
export function mapped(address: Ipv4Address): Ipv6Address {
  return parseIpv6(`::ffff:${formatIpv4(address)}`) ?? (new Uint8Array(16) as Ipv6Address);
}
