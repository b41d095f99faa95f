/** Which lines for `ip -6 -batch -` bring an interface from one configuration to another. */
import { formatIpv6, type Ipv6Address } from '../wire/ipv6.js';

export interface LinkAddress {
  readonly address: Ipv6Address;
  readonly prefixLength: number;
}

export interface LinkRoute {
  /** Prefix; `::` with length 0 is the default route. */
  readonly destination: Ipv6Address;
  readonly prefixLength: number;
  readonly metric: number;
}

/** What a tunnel's interface carries while it is up. */
export interface LinkConfiguration {
  /** Bytes; not below 1280, where the kernel takes IPv6 away from the interface (RFC 8200 §5). */
  readonly mtu: number;
  /** Packets (or runs) that wait in the device at the most; the kernel's 500 unless told otherwise. */
  readonly queue?: number;
  readonly addresses: readonly LinkAddress[];
  readonly routes: readonly LinkRoute[];
}

/** Text that cannot be mistaken for anything else in a batch line or in a path below /proc/sys. */
export function isUsableLinkName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}$/.test(name) && name !== 'all' && name !== 'default';
}

/**
 * Lines that make `wanted` true. `previous` is what was configured before; without it whatever the interface carries
 * is removed first. What stays the same is not touched, so that connections live through a change of MTU.
 */
export function configurationLines(name: string, wanted: LinkConfiguration, previous?: LinkConfiguration): string[] {
  const before = {
    addresses: previous?.addresses.map(formatAddress) ?? [],
    routes: previous?.routes.map(formatRoute) ?? [],
  };
  const after = { addresses: wanted.addresses.map(formatAddress), routes: wanted.routes.map(formatRoute) };
  const without = (list: string[], other: string[]): string[] => list.filter((entry) => !other.includes(entry));
  return [
    ...(previous === undefined ? flushLines(name) : []),
    // Neither a link-local address made up by the kernel nor, with it, router solicitations into the tunnel.
    `link set dev ${name} addrgenmode none`,
    `link set dev ${name} mtu ${wanted.mtu}${wanted.queue === undefined ? '' : ` txqueuelen ${wanted.queue}`}`,
    ...without(before.routes, after.routes).map((route) => `route del ${withDevice(route, name)}`),
    ...without(before.addresses, after.addresses).map((address) => `address del ${address} dev ${name}`),
    `link set dev ${name} up`,
    ...after.addresses.map((address) => `address replace ${address} dev ${name} nodad`),
    // Not "replace", which takes a route of the same metric from another interface. Appended, ours stands behind it.
    ...without(after.routes, before.routes).map((route) => `route append ${withDevice(route, name)}`),
  ];
}

/** Lines that take everything away again; they succeed also when there is nothing. */
export function removalLines(name: string): string[] {
  return [...flushLines(name), `link set dev ${name} down`];
}

const flushLines = (name: string): string[] => [`route flush dev ${name}`, `address flush dev ${name}`];

const formatAddress = ({ address, prefixLength }: LinkAddress): string => `${formatIpv6(address)}/${prefixLength}`;

const formatRoute = ({ destination, prefixLength, metric }: LinkRoute): string =>
  `${formatIpv6(destination)}/${prefixLength} metric ${metric}`;

const withDevice = (route: string, name: string): string => route.replace(' metric', ` dev ${name} metric`);
