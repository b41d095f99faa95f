/** As whom, and shut in where, an engine runs. */
import { mkdirSync } from 'node:fs';
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
  const names = options.user === undefined ? DEFAULT_USERS : [options.user];
  const user = names.map(lookupUser).find((found) => found !== undefined);
  if (user === undefined) {
    return { ok: false, sentence: `There is no user ${names.join(' nor ')}; name one with -u.` };
  }
  const root = options.chroot ?? EMPTY_ROOT;
  if (options.chroot === undefined) {
    try {
      mkdirSync(root, { recursive: true, mode: 0o555 });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { ok: false, sentence: `Cannot create the empty directory ${root}: ${reason}. Name another with -t.` };
    }
  }
  const { uid, gid } = user;
  return { ok: true, confinement: { root, uid, gid, keepUser: uid === 0, parent: process.pid } };
}
