/**
 * Host name to IPv4 address, the way the host itself resolves names (hosts file, DNS, whatever nsswitch says).
 *
 * Each question is a process of its own, getent(1): it reads resolv.conf anew, so that a network that comes up later
 * is noticed; it runs without privilege; and what a hostile name server does to it dies with it.
 */
import { spawn } from 'node:child_process';
import { type Ipv4Address, parseIpv4 } from '../wire/ipv4.js';
import { firstExecutable } from './find-program.js';

export interface Resolution {
  readonly ok: true;
  readonly address: Ipv4Address;
}

export interface ResolutionFailure {
  readonly ok: false;
  /** 'not-found' covers a name server that does not answer: getent(1) does not tell them apart. */
  readonly code: 'not-found' | 'aborted' | 'failed';
  readonly sentence: string;
}

export interface ResolveOptions {
  readonly signal?: AbortSignal;
  /** As whom; ids of this process when absent or when it is not root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

const PLACES = ['/usr/bin/getent', '/bin/getent'];
/** Milliseconds; the resolver's own time-outs are shorter unless there are many name servers. */
const TIMEOUT = 30_000;
/** BOUNDED: bytes of output that are kept. */
const OUTPUT_LIMIT = 65536;
/** getent(1): the key was not found. */
const EXIT_NOT_FOUND = 2;

/** Resolves a name or dotted quad; the first address wins. Whether the address may be used is the caller's to judge. */
export function resolveIpv4(host: string, options: ResolveOptions = {}): Promise<Resolution | ResolutionFailure> {
  const literal = parseIpv4(host);
  if (literal !== undefined) return Promise.resolve({ ok: true, address: literal });
  const program = firstExecutable(PLACES);
  if (program === undefined) {
    return Promise.resolve(failed(host, 'the program "getent" is missing; install the package libc-bin'));
  }
  const { signal } = options;
  if (signal?.aborted === true) return Promise.resolve(aborted(host));
  return new Promise((resolve) => {
    const child = spawn(program, ['ahostsv4', '--', host], {
      cwd: '/',
      env: { LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIMEOUT,
      killSignal: 'SIGKILL',
      ...identity(options.user),
      ...(signal === undefined ? {} : { signal }),
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < OUTPUT_LIMIT) output += text;
    });
    child.on('error', (error) => resolve(signal?.aborted ? aborted(host) : failed(host, error.message)));
    child.on('close', (code, killedBy) => {
      if (signal?.aborted) resolve(aborted(host));
      else if (code === 0 || code === EXIT_NOT_FOUND || killedBy !== null) resolve(read(host, output));
      else resolve(failed(host, `getent ended with ${code}`));
    });
  });
}

/** Only root can become somebody else. */
function identity(user: ResolveOptions['user']): { readonly uid?: number; readonly gid?: number } {
  if (user === undefined || process.geteuid?.() !== 0 || user.uid === 0) return {};
  return { uid: user.uid, gid: user.gid };
}

/** Lines of "address STREAM name". */
function read(host: string, output: string): Resolution | ResolutionFailure {
  for (const line of output.split('\n')) {
    const address = parseIpv4(line.split(/\s/)[0] ?? '');
    if (address !== undefined) return { ok: true, address };
  }
  const sentence = `The name ${host} has no IPv4 address, or no name server answers.`;
  return { ok: false, code: 'not-found', sentence };
}

const failed = (host: string, reason: string): ResolutionFailure => ({
  ok: false,
  code: 'failed',
  sentence: `Resolving ${host} failed: ${reason}.`,
});

const aborted = (host: string): ResolutionFailure => ({
  ok: false,
  code: 'aborted',
  sentence: `Resolving ${host} was given up.`,
});
