/**
 * Leaves a process with privilege no more of it than it needs (capabilities(7)).
 *
 * A supervisor that starts confined children (confinement.ts) needs, besides CAP_NET_ADMIN: CAP_SETUID and
 * CAP_SETGID, CAP_SYS_CHROOT and CAP_SETPCAP, which the child uses up, and CAP_KILL, without which it can neither end
 * a child of another user nor is the child killed when the supervisor dies.
 */
import { loadAddon } from './native-addon.js';

/** Those that a tunnel may have a use for. */
export type CapabilityName =
  | 'CAP_BPF'
  | 'CAP_CHOWN'
  | 'CAP_DAC_OVERRIDE'
  | 'CAP_DAC_READ_SEARCH'
  | 'CAP_FOWNER'
  | 'CAP_KILL'
  | 'CAP_NET_ADMIN'
  | 'CAP_NET_BIND_SERVICE'
  | 'CAP_NET_RAW'
  | 'CAP_SETGID'
  | 'CAP_SETPCAP'
  | 'CAP_SETUID'
  | 'CAP_SYS_CHROOT'
  | 'CAP_SYS_MODULE'
  | 'CAP_SYS_RESOURCE';

/**
 * `bounding-set`: a program started as root would get more; needs CAP_SETPCAP. `capabilities`: the process itself has
 * more. `threads`: not every thread could be reached.
 */
export type LimitStep = 'bounding-set' | 'capabilities' | 'threads';

export interface CapabilitiesLimited {
  readonly ok: true;
  /** What is left: those of the named ones that were there before. */
  readonly held: readonly string[];
}

/** The first step that failed; the others were taken all the same. */
export interface LimitFailure {
  readonly ok: false;
  readonly step: LimitStep;
  /** Errno name. */
  readonly errno: string;
  readonly sentence: string;
  readonly held: readonly string[];
}

/**
 * Reduces what the process has, in every thread and for good, to the named capabilities: permitted, effective,
 * inheritable, ambient and bounding set. It gains none by it.
 */
export function limitCapabilities(names: readonly CapabilityName[]): CapabilitiesLimited | LimitFailure {
  const { undone, held } = loadAddon().limitCapabilities(names);
  const [first] = undone;
  if (first === undefined) return { ok: true, held };
  const { step, errno } = first;
  if (!isStep(step)) throw new Error(`unknown step ${step}`);
  return { ok: false, step, errno, sentence: `${REFUSALS[step]}: ${errno}${remedy(step, errno)}.`, held };
}

const REFUSALS: { readonly [step in LimitStep]: string } = {
  'bounding-set': 'Cannot limit the capabilities of programs that are started',
  capabilities: 'Cannot give up capabilities',
  threads: 'Cannot reach every thread of the process',
};

const isStep = (text: string): text is LimitStep => Object.hasOwn(REFUSALS, text);

const remedy = (step: LimitStep, errno: string): string =>
  step === 'bounding-set' && errno === 'EPERM' ? '; that needs the capability CAP_SETPCAP (or root)' : '';

/**
 * Calls `start`, which starts a program, so that the program has these capabilities if we have them: one that root
 * starts has them anyway, one of another user only when they are lent. Whatever else is started gets none.
 */
export function lendCapabilities<Started>(names: readonly CapabilityName[], start: () => Started): Started {
  if (process.geteuid?.() === 0) return start();
  const addon = loadAddon();
  // What could not be lent is what the program will complain of.
  addon.lendCapabilities(names);
  try {
    return start();
  } finally {
    addon.lendCapabilities([]);
  }
}

/** What a unit gives its program (AmbientCapabilities=) is not for everything that this one starts. */
export function keepCapabilitiesToOneself(): void {
  loadAddon().lendCapabilities([]);
}
