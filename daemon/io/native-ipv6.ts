/** Whether the host has IPv6 of its own that works without a tunnel, as far as its addresses and routes tell. */
import { readFileSync } from 'node:fs';
import type { Ipv6Address } from '../wire/ipv6.js';
import { isNativeIpv6 } from './interfaces.js';

/** proc(5); `self` is there where a service sees no more of /proc than its own processes. */
const ADDRESSES = '/proc/self/net/if_inet6';
const ROUTES = '/proc/self/net/ipv6_route';

/** <linux/if_addr.h>: not usable yet, or not for long. */
const IFA_F_DADFAILED = 0x08;
const IFA_F_DEPRECATED = 0x20;
const IFA_F_TENTATIVE = 0x40;
const UNUSABLE = IFA_F_DADFAILED | IFA_F_DEPRECATED | IFA_F_TENTATIVE;
/** <linux/route.h> */
const RTF_UP = 0x1;
const RTF_REJECT = 0x200;

export interface Ipv6Tables {
  readonly addresses: string;
  readonly routes: string;
}

export const readIpv6Tables = (): Ipv6Tables => ({ addresses: read(ADDRESSES), routes: read(ROUTES) });

/**
 * Whether there is native IPv6, or signs that it comes. `soon`: an address is being tested for duplicates. `perhaps`:
 * there is a default route, and no address yet; it stays so where the network has local addresses only.
 */
export type Ipv6Outlook = 'here' | 'soon' | 'perhaps' | 'none';

/** A global address that can be used, and a default route: both apart from the tunnel's own interface. */
export function ipv6Outlook(tunnel: string, { addresses, routes }: Ipv6Tables = readIpv6Tables()): Ipv6Outlook {
  const found = rows(addresses)
    .filter(([address = '', , , , , name]) => name !== tunnel && isNative(address))
    .map(([, , , , flags = '']) => Number.parseInt(flags, 16) & UNUSABLE);
  const hasRoute = rows(routes).some((row) => isDefaultRoute(row) && row.at(-1) !== tunnel);
  if (hasRoute && found.includes(0)) return 'here';
  if (found.includes(IFA_F_TENTATIVE)) return 'soon';
  return hasRoute ? 'perhaps' : 'none';
}

export const hasNativeIpv6 = (tunnel: string, tables?: Ipv6Tables): boolean => ipv6Outlook(tunnel, tables) === 'here';

const isNative = (address: string): boolean => isNativeIpv6(Buffer.from(address, 'hex') as Uint8Array as Ipv6Address);

function isDefaultRoute([destination = '', length, ...rest]: readonly string[]): boolean {
  const flags = Number.parseInt(rest.at(-2) ?? '', 16);
  return /^0{32}$/.test(destination) && length === '00' && (flags & (RTF_UP | RTF_REJECT)) === RTF_UP;
}

const rows = (table: string): string[][] =>
  table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().split(/\s+/));

/** '' where the kernel has no IPv6. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
