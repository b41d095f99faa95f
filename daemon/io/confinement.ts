/**
 * Gives up, for good and in every thread, what a process has no need of that moves packets between open descriptors.
 *
 * Theory of operation. The process that parses what strangers send must have nothing worth taking. {@link confine}
 * leaves it in an empty directory as its root, as a user and group of no rights, without capabilities or a way to get
 * any, and with a filter on its system calls: memory, threads, time, and reading and writing of descriptors that are
 * open already. It opens no file and no socket, starts no process, and signals none but itself. When its parent dies
 * it is killed.
 *
 * So everything must have been loaded before: modules, the addon, and whatever Node loads at the first use (crypto
 * for one, by a call in advance). Source maps must be off. `process.memoryUsage()` throws afterwards.
 *
 * The parent must be the thread that started this process (the main thread, not a worker), and must be allowed to
 * send it a signal: as root or with CAP_KILL, or as the same user. Otherwise the kernel keeps quiet when it dies.
 */
import { loadAddon } from './native-addon.js';

export interface ConfinementOptions {
  /** Absolute path of an empty directory, not a symbolic link. */
  readonly root: string;
  readonly uid: number;
  readonly gid: number;
  /** Leaves user and group as they are: in a user namespace that knows no other. `uid` and `gid` mean nothing then. */
  readonly keepUser: boolean;
  /** Process id of the parent; it may be gone already. */
  readonly parent: number;
}

/**
 * In the order in which they are taken:
 * - `io-uring`: no ring is open, through which files could be opened past the filter.
 * - `root`, `chroot`: the directory is there; it is the root of every thread.
 * - `bounding-set`: no exec could give a capability. Needs CAP_SETPCAP.
 * - `groups`, `group`, `user`: no supplementary group, and the identity that was asked for.
 * - `capabilities`, `no-new-privileges`: none in any set; none to be had.
 * - `check`: each thread sees the root and the identity.
 * - `core-dumps`, `tracing`: memory is written to no file and shown to no process of the same user.
 * - `parent-death`, `parent`: killed with the parent; the parent is alive.
 * - `system-calls`: the filter.
 * - `threads`: a thread could not be reached, or did not answer. The steps after it were not taken.
 */
export type ConfinementStep =
  | 'io-uring'
  | 'root'
  | 'chroot'
  | 'bounding-set'
  | 'groups'
  | 'group'
  | 'user'
  | 'capabilities'
  | 'no-new-privileges'
  | 'check'
  | 'core-dumps'
  | 'tracing'
  | 'parent-death'
  | 'parent'
  | 'system-calls'
  | 'threads';

export interface UndoneStep {
  readonly step: ConfinementStep;
  /** Errno name. */
  readonly errno: string;
  readonly sentence: string;
}

/** 'unsupported': no filter was written for this processor. */
export type SystemCallFilter = 'installed' | 'failed' | 'unsupported';

export interface Confined {
  readonly ok: true;
  readonly seccomp: SystemCallFilter;
}

/** The first step that failed; the others were taken all the same. Whether that is enough is the caller's to judge. */
export interface ConfinementFailure extends UndoneStep {
  readonly ok: false;
  /** All that failed, in their order. */
  readonly undone: readonly UndoneStep[];
  readonly seccomp: SystemCallFilter;
}

/** To be called once, before anything is read that a stranger has sent. Throws when an argument is not of its kind. */
export function confine(options: ConfinementOptions): Confined | ConfinementFailure {
  for (const id of [options.uid, options.gid, options.parent]) {
    if (!Number.isInteger(id) || id < 0 || id > 0xffffffff) throw new RangeError(`${id} is not an id`);
  }
  if (options.root.includes('\0')) throw new TypeError('the root directory has a NUL in its name');
  const { root, uid, gid, keepUser, parent } = options;
  const result = loadAddon().confine(root, uid, gid, keepUser, parent);
  const undone = result.undone.map(({ step, errno }): UndoneStep => {
    if (!isStep(step)) throw new Error(`unknown step ${step}`);
    return { step, errno, sentence: `${REFUSALS[step](options)}: ${errno}${remedy(step, errno)}.` };
  });
  const [first] = undone;
  const { seccomp } = result;
  return first === undefined ? { ok: true, seccomp } : { ok: false, ...first, undone, seccomp };
}

const REFUSALS: { readonly [step in ConfinementStep]: (options: ConfinementOptions) => string } = {
  'io-uring': () => 'The process has a ring of io_uring open, which passes the filter of system calls by',
  root: ({ root }) => `Cannot open the directory ${root} that is to be the root`,
  chroot: ({ root }) => `Cannot make ${root} the root directory`,
  'bounding-set': () => 'Cannot empty the bounding set of capabilities',
  groups: () => 'Cannot leave the supplementary groups',
  group: ({ gid }) => `Cannot change to the group ${gid}`,
  user: ({ uid }) => `Cannot change to the user ${uid}`,
  capabilities: () => 'Cannot give up the capabilities',
  'no-new-privileges': () => 'Cannot forbid new privileges',
  check: () => 'A thread has another root directory or user than the rest of the process',
  'core-dumps': () => 'Cannot forbid core dumps',
  tracing: () => 'Cannot forbid tracing',
  'parent-death': () => 'Cannot ask to be killed with the parent process',
  parent: ({ parent }) => `The parent process ${parent} has ended`,
  'system-calls': () => 'Cannot install the filter of system calls',
  threads: () => 'Cannot reach every thread of the process',
};

const isStep = (text: string): text is ConfinementStep => Object.hasOwn(REFUSALS, text);

const CAPABILITIES: { readonly [step: string]: string } = {
  chroot: 'CAP_SYS_CHROOT',
  'bounding-set': 'CAP_SETPCAP',
  groups: 'CAP_SETGID',
  group: 'CAP_SETGID',
  user: 'CAP_SETUID',
};

/** What follows the errno name. */
function remedy(step: ConfinementStep, errno: string): string {
  const capability = CAPABILITIES[step];
  if (errno === 'EPERM' && capability !== undefined) return `; that needs the capability ${capability} (or root)`;
  if (errno === 'EINVAL' && (step === 'user' || step === 'group')) return '; it must be one without privilege';
  if (errno === 'EINVAL' && step === 'root') return '; it must be an absolute path';
  if (errno === 'ENOTDIR' || errno === 'ELOOP') return '; it is not a directory';
  if (step === 'io-uring') return '; start it with UV_USE_IO_URING=0';
  if (step === 'threads' && errno === 'ENOENT') return '; /proc is not mounted';
  return '';
}
