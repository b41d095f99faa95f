/**
 * What the kernel says about the network namespace of a running process, read from /proc/PID/net.
 *
 * Reading these files needs no child process, so waiting for a change costs little and is exact to a few
 * milliseconds. (procfs gives no notification: the wait is a poll.)
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Rows of a table, split at blanks; none when the process is gone. */
function rows(pid: number, file: string): string[][] {
  try {
    const text = readFileSync(`/proc/${pid}/net/${file}`, 'utf8');
    return text.split('\n').map((line) => line.trim().split(/\s+/));
  } catch {
    return [];
  }
}

const IFA_F_TENTATIVE = 0x40;
const SCOPE_GLOBAL = 0x00;

/** `20010db8…` as sixteen-bit groups, compressed as the kernel's own text form would be. */
function ipv6Text(hex: string): string {
  const groups = hex.match(/.{4}/g) ?? [];
  // The URL parser writes IPv6 addresses in the canonical form of RFC 5952.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Usable (not tentative) global IPv6 addresses of an interface. */
export function globalAddresses(pid: number, device: string): string[] {
  return rows(pid, 'if_inet6')
    .filter(([, , , scope, flags, name]) => {
      const tentative = (Number.parseInt(flags ?? '0', 16) & IFA_F_TENTATIVE) !== 0;
      return name === device && Number.parseInt(scope ?? '', 16) === SCOPE_GLOBAL && !tentative;
    })
    .map(([hex]) => ipv6Text(hex ?? ''));
}

const TEREDO_PREFIX = '20010000000000000000000000000000';
const NO_ADDRESS = '0'.repeat(32);

function hasRoute(pid: number, device: string, destination: string, length: string): boolean {
  return rows(pid, 'ipv6_route').some((row) => row[0] === destination && row[1] === length && row.at(-1) === device);
}

export const hasDefaultRoute = (pid: number, device: string): boolean => hasRoute(pid, device, NO_ADDRESS, '00');
export const hasTeredoRoute = (pid: number, device: string): boolean => hasRoute(pid, device, TEREDO_PREFIX, '20');

/** Whether a UDP socket is bound to the address and port (or to the port on every address). */
export function isUdpBound(pid: number, address: string, port: number): boolean {
  const octets = address.split('.').map(Number);
  const number = octets.reduce((value, octet) => value * 256 + octet, 0);
  const wanted = (value: number): string =>
    `${value.toString(16).padStart(8, '0')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
  // The kernel prints the address as a number of the machine's byte order; x86 and arm64 are little-endian.
  const swapped = Buffer.from(octets).readUInt32LE();
  const bound = rows(pid, 'udp').map((row) => row[1]);
  return [wanted(number), wanted(swapped), wanted(0)].some((local) => bound.includes(local));
}

export interface WaitOptions {
  /** Milliseconds. */
  readonly timeout: number;
  /** Ends the wait at once when it says why going on is pointless. */
  readonly abort?: () => string | undefined;
}

const POLL_INTERVAL = 2;

/** Waits until `look` returns something; the error says what was waited for. */
export async function waitFor<T>(what: string, look: () => T | undefined, options: WaitOptions): Promise<T> {
  const end = performance.now() + options.timeout;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    const reason = options.abort?.();
    if (reason !== undefined) throw new Error(`waiting for ${what}: ${reason}`);
    if (performance.now() > end) throw new Error(`waiting for ${what}: nothing after ${options.timeout} ms`);
    await delay(POLL_INTERVAL);
  }
}

/** Whether a process has come to its end, be it that nobody has asked for its exit code yet. */
export function hasEnded(pid: number): boolean {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}
