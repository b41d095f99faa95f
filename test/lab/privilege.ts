/**
 * Whether this process may make network namespaces, and the way round when it may not: an unprivileged user namespace
 * in which it is root (user_namespaces(7)), with a network of its own, a private /run for the namespaces' names, and
 * a process id namespace, so that everything in it ends when the first process does.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants, userInfo } from 'node:os';
import { runNow } from './command.js';

export type LabAccess =
  /** As it is: root, or root of a user namespace. */
  | { readonly kind: 'direct' }
  /** By {@link runInUserNamespace}. */
  | { readonly kind: 'user-namespace' }
  | { readonly kind: 'none'; readonly reason: string };

/** Set inside the user namespace until {@link prepareUserNamespace} has run. */
const UNPREPARED = 'TEREDO_LAB_UNPREPARED';
/** Set inside to the number, outside, of the process that made the namespace. */
const OUTER_PROCESS = 'TEREDO_LAB_OUTER_PROCESS';

/** Inside a user namespace of {@link runInUserNamespace}: the process outside that keeps it; else undefined. */
export const outerProcess = (): string | undefined => process.env[OUTER_PROCESS];

/** Whether only one user exists in this user namespace. user_namespaces(7): lines of "inside outside count". */
export function isSingleUser(): boolean {
  const counts = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
  return counts.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0) < 2;
}

/** A user of their own for daemons needs more than one id; the ranges of subuid(5) and newuidmap(1) give them. */
function hasIdRange(): boolean {
  const { username } = userInfo();
  const lists = ['/etc/subuid', '/etc/subgid'];
  const isListed = (file: string): boolean =>
    existsSync(file) &&
    readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${username}:`));
  return existsSync('/usr/bin/newuidmap') && lists.every(isListed);
}

const unshareArguments = (withRange: boolean): string[] => [
  'unshare',
  '--user',
  '--map-root-user',
  ...(withRange ? ['--map-auto'] : []),
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '--',
];

export function labAccess(): LabAccess {
  const direct = runNow(['unshare', '--net', '--mount', '--', 'true']);
  if (direct.code === 0) return { kind: 'direct' };
  const inside = runNow([...unshareArguments(hasIdRange()), 'true']);
  if (inside.code === 0) return { kind: 'user-namespace' };
  const reason = (inside.stderr || direct.stderr).trim();
  return { kind: 'none', reason: `needs root or unprivileged user namespaces (${reason})` };
}

/**
 * Makes /run private to this user namespace, so that `ip netns` can keep names there. Every program that
 * {@link runInUserNamespace} may start calls it first; outside it does nothing.
 */
export function prepareUserNamespace(): void {
  if (process.env[UNPREPARED] === undefined) return;
  delete process.env[UNPREPARED];
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'teredo-lab', '/run'], { encoding: 'utf8' });
  if (mounted.status !== 0) throw new Error(`cannot mount a private /run: ${mounted.stderr}`);
  runNow(['ip', 'link', 'set', 'lo', 'up']);
}

/** Milliseconds that the script has to clean up after a signal. */
const PATIENCE = 3_000;

/**
 * Hands a signal on to the script: unshare ignores it, and the script is the first process of its namespace, which the
 * kernel spares signals that it has no handler for. So in the end unshare is killed, and everything inside with it.
 */
function passSignal(signal: NodeJS.Signals, unshare: ChildProcess): void {
  try {
    const children = readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8').trim().split(' ');
    for (const child of children) process.kill(Number(child), signal);
  } catch {
    // it is ending by itself
  }
  setTimeout(() => unshare.kill('SIGKILL'), PATIENCE).unref();
}

/** Runs a script with this Node as root of a new user namespace; resolves to its exit code. */
export function runInUserNamespace(script: string, args: readonly string[]): Promise<number> {
  const [command = '', ...prefix] = unshareArguments(hasIdRange());
  const marks = { [UNPREPARED]: '1', [OUTER_PROCESS]: String(process.pid) };
  const child = spawn(command, [...prefix, process.execPath, script, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...marks },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => passSignal(signal, child));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}
