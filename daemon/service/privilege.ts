/** As whom, and shut in where, an engine runs. */
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { EngineCount } from '../config/values.js';
import type { CapabilityName } from '../io/capabilities.js';
import { lookupUser } from '../io/users.js';
import type { Confinement } from '../tunnel/messages.js';

/**
 * What a supervisor keeps: to configure its interface; to start an engine that then becomes another user in another
 * root and gives up the rest; and to end it.
 */
export const SUPERVISOR_CAPABILITIES: readonly CapabilityName[] = [
  'CAP_NET_ADMIN',
  'CAP_SETUID',
  'CAP_SETGID',
  'CAP_SYS_CHROOT',
  'CAP_SETPCAP',
  'CAP_KILL',
];

/** For a port that only root may have. */
export const portCapabilities = (port: number): readonly CapabilityName[] =>
  port > 0 && port < 1024 ? ['CAP_NET_BIND_SERVICE'] : [];

/** To say anew which engine gets which packets whenever one ends or comes back. */
export const steeringCapabilities = (engines: EngineCount): readonly CapabilityName[] =>
  engines === 1 ? [] : ['CAP_BPF'];

/** What the command line says of it. */
export interface PrivilegeOptions {
  readonly user: string | undefined;
  readonly chroot: string | undefined;
}

export interface PrivilegeFailure {
  readonly ok: false;
  readonly sentence: string;
}

/** An empty directory that nobody can write to. */
export const EMPTY_ROOT = '/run/miredo/empty';
/** The first that exists. */
export const DEFAULT_USERS = ['miredo', 'nobody'];

/** Finds user and root directory; creates the empty default root. */
export function planConfinement(
  options: PrivilegeOptions,
): ({ readonly ok: true } & { readonly confinement: Confinement }) | PrivilegeFailure {
  if (process.geteuid?.() !== 0) return planWithoutRoot(options);
  const names = options.user === undefined ? DEFAULT_USERS : [options.user];
  const user = names.map(lookupUser).find((found) => found !== undefined);
  if (user === undefined) {
    return { ok: false, sentence: `There is no user ${names.join(' nor ')}; name one with -u.` };
  }
  const { uid, gid } = user;
  if (uid !== 0 && gid === 0)
    return { ok: false, sentence: 'An engine cannot have the group root; name another user with -u.' };
  const fault = options.chroot === undefined ? makeEmptyRoot() : faultOf(resolve(options.chroot));
  if (fault !== undefined) return { ok: false, sentence: `${fault} Name another with -t.` };
  // An engine does not follow a symbolic link into its root: what it leads to now is what counts.
  const root = realpathSync(options.chroot ?? EMPTY_ROOT);
  return { ok: true, confinement: { root, uid, gid, keepUser: uid === 0, parent: process.pid } };
}

/**
 * As an ordinary user with CAP_NET_ADMIN (systemd's User= with AmbientCapabilities=). The engine is of the same user
 * then, and of no capability; what keeps it from files and processes, the supervisor's included, is the filter of
 * system calls.
 */
function planWithoutRoot({ user, chroot }: PrivilegeOptions): ReturnType<typeof planConfinement> {
  const uid = process.geteuid?.() ?? 0;
  if (user !== undefined && lookupUser(user)?.uid !== uid) {
    return { ok: false, sentence: `Only root can run the engine as ${user}; leave -u out, or start it as root.` };
  }
  if (chroot !== undefined) return { ok: false, sentence: 'Only root can use -t; leave it out, or start it as root.' };
  const gid = process.getegid?.() ?? 0;
  return { ok: true, confinement: { root: '/', uid, gid, keepUser: true, parent: process.pid } };
}

/** What is wrong, as a sentence; undefined when it is there. */
function makeEmptyRoot(): string | undefined {
  try {
    mkdirSync(EMPTY_ROOT, { recursive: true, mode: 0o555 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `Cannot create the empty directory ${EMPTY_ROOT}: ${reason}.`;
  }
  return faultOf(EMPTY_ROOT);
}

/** Asked before the start, since no engine will ever get into a root that cannot be. */
function faultOf(root: string): string | undefined {
  const stat = statSync(root, { throwIfNoEntry: false });
  if (stat === undefined) return `There is no directory ${root} to be the root.`;
  return stat.isDirectory() ? undefined : `${root} cannot be the root: it is not a directory.`;
}
