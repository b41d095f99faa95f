/** The IPv4 routing table: which way packets go. The main table only; see localAddressTo for what rules make of it. */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { type Ipv4Address, ipv4 } from '../wire/ipv4.js';

export interface Ipv4Route {
  readonly interfaceName: string;
  readonly destination: Ipv4Address;
  readonly prefixLength: number;
  readonly gateway: Ipv4Address;
  readonly metric: number;
}

/** <linux/route.h> */
const RTF_UP = 0x1;
const RTF_REJECT = 0x200;

/** As the kernel prints it; '' where /proc is not mounted. */
export function readIpv4Routes(): string {
  try {
    // `self` is there where a service sees no more of /proc than its own processes.
    return readFileSync('/proc/self/net/route', 'latin1');
  } catch {
    return '';
  }
}

export function parseIpv4Routes(table: string): Ipv4Route[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , flags = '']) => (Number.parseInt(flags, 16) & (RTF_UP | RTF_REJECT)) === RTF_UP)
    .map(([interfaceName = '', destination = '', gateway = '', , , , metric, mask = '']) => ({
      interfaceName,
      destination: address(destination),
      gateway: address(gateway),
      metric: Number(metric),
      prefixLength: ones(address(mask)),
    }));
}

/** The way to an address; undefined when there is none. */
export function routeTo(routes: readonly Ipv4Route[], destination: Ipv4Address): Ipv4Route | undefined {
  const isWay = ({ destination: network, prefixLength }: Ipv4Route): boolean =>
    prefixLength === 0 || (destination ^ network) >>> (32 - prefixLength) === 0;
  return best(routes.filter(isWay));
}

/** The way to most of the Internet. VPNs like to say it in halves (0.0.0.0/1 and 128.0.0.0/1). */
export function defaultRoute(routes: readonly Ipv4Route[]): Ipv4Route | undefined {
  return best(routes.filter(({ prefixLength }) => prefixLength <= 1));
}

const best = (routes: readonly Ipv4Route[]): Ipv4Route | undefined =>
  [...routes].sort((a, b) => b.prefixLength - a.prefixLength || a.metric - b.metric)[0];

/** A number of this machine's byte order, in hexadecimal. */
function address(text: string): Ipv4Address {
  const octets = Buffer.from(text.padStart(8, '0'), 'hex');
  return ipv4(endianness() === 'LE' ? octets.readUInt32LE() : octets.readUInt32BE());
}

const ones = (mask: number): number => mask.toString(2).replaceAll('0', '').length;
