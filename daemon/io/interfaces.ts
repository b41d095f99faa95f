/** What the host's interfaces say about it: subnets it is attached to, and whether it has native connectivity. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { type Ipv4Address, ipv4, isGlobalUnicast, parseIpv4 } from '../wire/ipv4.js';
import { type Ipv6Address, parseIpv6 } from '../wire/ipv6.js';

export interface HostAddresses {
  /** Directed broadcast addresses of the attached subnets, for RFC 4380 §5.2.4. */
  readonly directedBroadcasts: readonly Ipv4Address[];
  /** Every IPv4 address but those of loopback; without one there is no way to any server. */
  readonly ipv4: readonly Ipv4Address[];
  /** Whether one of them is global, so that there may be no NAT. */
  readonly hasGlobalIpv4: boolean;
  /** Global unicast IPv6 that is neither Teredo nor 6to4. Whether it can be used is asked of native-ipv6.ts. */
  readonly nativeIpv6: readonly Ipv6Address[];
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** Interfaces named in `ignored` (the tunnel's own) are left out. Interfaces that are down do not count. */
export function readHostAddresses(
  ignored: readonly string[] = [],
  interfaces: Interfaces = networkInterfaces(),
): HostAddresses {
  const entries = Object.entries(interfaces)
    .filter(([name]) => !ignored.includes(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter((entry) => !entry.internal);
  const nativeIpv6 = entries
    .filter((entry) => entry.family === 'IPv6')
    .flatMap((entry) => parseIpv6(entry.address) ?? [])
    .filter(isNativeIpv6);
  const own = entries.filter((entry) => entry.family === 'IPv4').flatMap((entry) => parseIpv4(entry.address) ?? []);
  return {
    directedBroadcasts: directedBroadcasts(entries),
    ipv4: own,
    hasGlobalIpv4: own.some(isGlobalUnicast),
    nativeIpv6,
  };
}

function directedBroadcasts(entries: readonly NetworkInterfaceInfo[]): Ipv4Address[] {
  const broadcasts = new Set<Ipv4Address>();
  for (const entry of entries) {
    const address = entry.family === 'IPv4' ? parseIpv4(entry.address) : undefined;
    const mask = parseIpv4(entry.netmask);
    if (address === undefined || mask === undefined) continue;
    const hostBits = ~mask >>> 0;
    // A /31 (RFC 3021) and a /32 have no broadcast address.
    if (hostBits > 1) broadcasts.add(ipv4(address | hostBits));
  }
  return [...broadcasts];
}

/** 2000::/3 without 2001::/32 (Teredo) and 2002::/16 (6to4). */
export function isNativeIpv6(address: Ipv6Address): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = address;
  if (a >>> 5 !== 1) return false;
  const isTeredo = a === 0x20 && b === 0x01 && c === 0 && d === 0;
  const is6to4 = a === 0x20 && b === 0x02;
  return !isTeredo && !is6to4;
}
