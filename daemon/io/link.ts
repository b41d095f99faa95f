/**
 * Addresses, routes and MTU of the tunnel's interface, through iproute2: one `ip -6 -batch -` for a change, the
 * lines on its standard input, no shell.
 *
 * What Debian's miredo leaves on its interface is matched: a client's address with the prefix length of the Teredo
 * prefix (which gives the route to all other clients) and a default route of metric 1029, behind every native one.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseIpv6 } from '../wire/ipv6.js';
import { lendCapabilities } from './capabilities.js';
import { findSystemProgram } from './find-program.js';
import {
  configurationLines,
  isUsableLinkName,
  type LinkAddress,
  type LinkConfiguration,
  type LinkRoute,
  removalLines,
} from './link-commands.js';

export interface LinkDone {
  readonly ok: true;
}

export interface LinkFailure {
  readonly ok: false;
  /** 'gone': there is no such interface (any more). 'ipv6-disabled': it may not have IPv6. */
  readonly code: 'no-ip-command' | 'bad-name' | 'gone' | 'not-permitted' | 'ipv6-disabled' | 'refused' | 'timeout';
  readonly sentence: string;
  /** What `ip` wrote to its standard error. */
  readonly stderr: string;
}

/** What an interface carries now. Left out: what the kernel adds by itself (connected and local routes). */
export interface LinkState {
  readonly ok: true;
  readonly isUp: boolean;
  readonly mtu: number;
  readonly addresses: readonly LinkAddress[];
  readonly routes: readonly LinkRoute[];
}

/** Milliseconds; `ip` answers in a few, unless the kernel's configuration lock is held. */
const IP_TIMEOUT = 10_000;
/** BOUNDED: bytes of output that are kept. */
const OUTPUT_LIMIT = 1024 * 1024;

/**
 * Brings interface `name` up with `wanted`. `previous`: what this function was told last, if nothing else touched the
 * interface since; without it everything it carries is taken away first. After a failure it may be half done: call
 * {@link clearLink}.
 */
export async function configureLink(
  name: string,
  wanted: LinkConfiguration,
  previous?: LinkConfiguration,
): Promise<LinkDone | LinkFailure> {
  if (!isUsableLinkName(name)) return badName(name);
  ignoreAdvertisements(name);
  const result = await runIp([], configurationLines(name, wanted, previous), `configure interface ${name}`);
  if (result.ok) return { ok: true };
  return result.code === 'ipv6-disabled' ? { ...result, sentence: disabledSentence(name) } : result;
}

/** Takes addresses and routes away and sets the interface down. */
export async function clearLink(name: string): Promise<LinkDone | LinkFailure> {
  if (!isUsableLinkName(name)) return badName(name);
  const result = await runIp([], removalLines(name), `clear interface ${name}`);
  return result.ok ? { ok: true } : result;
}

/** Whether this host passes IPv6 packets on; undefined when it does not tell. */
export async function readForwarding(): Promise<boolean | undefined> {
  // Not from /proc/sys, which a unit may hide.
  const result = await runIp(['-json'], ['netconf show'], 'read whether IPv6 is forwarded');
  if (!result.ok) return undefined;
  const all = (JSON.parse(result.stdout) as readonly IpNetconf[]).find((entry) => entry.interface === 'all');
  return all?.forwarding;
}

/** Reads what the interface carries, for what a killed run may have left. */
export async function readLink(name: string): Promise<LinkState | LinkFailure> {
  if (!isUsableLinkName(name)) return badName(name);
  // The link comes last: in a batch "link show" leaves "address show" looking for link-layer addresses only.
  const lines = [`address show dev ${name}`, `route show dev ${name}`, `link show dev ${name}`];
  const result = await runIp(['-json'], lines, `read interface ${name}`);
  if (!result.ok) return result;
  // One JSON document a line of the batch.
  const [addresses = '[]', routes = '[]', link = '[]'] = result.stdout.trim().split('\n');
  return parseState(link, addresses, routes);
}

/**
 * The tunnel configures its interface itself: the kernel must not act on router advertisements or redirects that a
 * peer sends, and must have IPv6 switched on. Where /proc/sys is read-only (a container, a unit with
 * ProtectKernelTunables=) the defaults have to do, or what sysctl.d(5) says of this interface.
 */
function ignoreAdvertisements(name: string): void {
  const settings = { disable_ipv6: 0, accept_ra: 0, autoconf: 0, accept_redirects: 0 };
  for (const [setting, value] of Object.entries(settings)) {
    try {
      writeFileSync(`/proc/sys/net/ipv6/conf/${name}/${setting}`, `${value}\n`);
    } catch {
      // `ip` says in a moment what is wrong with the interface, if anything.
    }
  }
}

interface IpOutput {
  readonly ok: true;
  readonly stdout: string;
}

function runIp(options: readonly string[], lines: readonly string[], purpose: string): Promise<IpOutput | LinkFailure> {
  const program = findSystemProgram('ip');
  if (program === undefined) {
    const sentence = `Cannot ${purpose}: the program "ip" is missing. Install the package iproute2.`;
    return Promise.resolve({ ok: false, code: 'no-ip-command', sentence, stderr: '' });
  }
  return new Promise((resolve) => {
    const child = lendCapabilities(['CAP_NET_ADMIN'], () =>
      spawn(program, ['-6', ...options, '-batch', '-'], {
        env: { LC_ALL: 'C' },
        timeout: IP_TIMEOUT,
        killSignal: 'SIGKILL',
      }),
    );
    let stdout = '';
    let stderr = '';
    child.on('error', (error) => resolve(refusal(purpose, error.message)));
    // A process without descriptors to spare gets no more than that error.
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < OUTPUT_LIMIT) stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < OUTPUT_LIMIT) stderr += text;
    });
    child.on('close', (status, signal) => {
      if (status === 0) resolve({ ok: true, stdout });
      else if (signal !== null) resolve(timeout(purpose, stderr));
      else resolve(refusal(purpose, stderr, lines));
    });
    // It may end at its first fault without reading the rest: that is what its status says, no error of ours.
    child.stdin?.on('error', () => {});
    child.stdin?.end(lines.map((line) => `${line}\n`).join(''));
  });
}

/** `ip` names the fault in its first line and the line of the batch in the last. */
function refusal(purpose: string, stderr: string, lines: readonly string[] = []): LinkFailure {
  const reason = stderr.split('\n')[0] ?? '';
  const line = lines[Number(/Command failed -:(\d+)/.exec(stderr)?.[1]) - 1];
  const where = line === undefined ? '' : ` (ip ${line})`;
  return { ok: false, code: refusalCode(stderr), sentence: `Cannot ${purpose}: ${reason}${where}.`, stderr };
}

function refusalCode(stderr: string): LinkFailure['code'] {
  // To whom may not do it the kernel says EPERM. EACCES is for an address where there is to be no IPv6.
  if (/Permission denied|IPv6 is disabled/.test(stderr)) return 'ipv6-disabled';
  if (/Operation not permitted/.test(stderr)) return 'not-permitted';
  if (/Cannot find device|does not exist|No such device/.test(stderr)) return 'gone';
  return 'refused';
}

const disabledSentence = (name: string): string =>
  `Cannot configure interface ${name}: IPv6 is switched off on it. Switch it on: sysctl net.ipv6.conf.${name}.disable_ipv6=0, and for good in /etc/sysctl.d.`;

const timeout = (purpose: string, stderr: string): LinkFailure => ({
  ok: false,
  code: 'timeout',
  sentence: `Cannot ${purpose}: "ip" gave no answer in ${IP_TIMEOUT / 1000} seconds.`,
  stderr,
});

const badName = (name: string): LinkFailure => ({
  ok: false,
  code: 'bad-name',
  sentence: `${JSON.stringify(name)} is not a usable name for an interface.`,
  stderr: '',
});

/** The parts of `ip -json` output that are read here. */
interface IpLink {
  readonly flags?: readonly string[];
  readonly mtu?: number;
}

interface IpNetconf {
  readonly interface?: string;
  readonly forwarding?: boolean;
}

interface IpAddresses {
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

interface IpRoute {
  readonly dst?: string;
  readonly protocol?: string;
  readonly metric?: number;
}

function parseState(linkText: string, addressesText: string, routesText: string): LinkState {
  const [link] = JSON.parse(linkText) as readonly IpLink[];
  const addresses = JSON.parse(addressesText) as readonly IpAddresses[];
  const routes = JSON.parse(routesText) as readonly IpRoute[];
  return {
    ok: true,
    isUp: link?.flags?.includes('UP') ?? false,
    mtu: link?.mtu ?? 0,
    addresses: addresses.flatMap((entry) => entry.addr_info ?? []).flatMap(parseAddress),
    routes: routes.filter((route) => route.protocol !== 'kernel').flatMap(parseRoute),
  };
}

function parseAddress({ local = '', prefixlen = 128 }: { local?: string; prefixlen?: number }): LinkAddress[] {
  const address = parseIpv6(local);
  return address === undefined ? [] : [{ address, prefixLength: prefixlen }];
}

function parseRoute({ dst = '', metric = 0 }: IpRoute): LinkRoute[] {
  const [text = '', length = '128'] = dst === 'default' ? ['::', '0'] : dst.split('/');
  const destination = parseIpv6(text);
  return destination === undefined ? [] : [{ destination, prefixLength: Number(length), metric }];
}
