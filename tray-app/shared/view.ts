/**
 * What the app knows, as data: the one value of which the tray's icon and menu and the window are drawn. The main
 * process has it; the window gets a copy whenever it changes. Everything in it can be cloned.
 */
import type { Fault } from '../../dbus/fault.js';
import type { Probe, Step } from '../../dbus/reports.js';
import type { Snapshot } from '../../dbus/snapshot.js';
import type { Settings } from './settings.js';

export type Tunnel =
  /** The bus has not been asked yet. */
  | { readonly presence: 'connecting' }
  | { readonly presence: 'no-bus'; readonly sentence: string }
  /** `isActivatable`: the bus can start the daemon, so that a start may be asked for. */
  | { readonly presence: 'no-daemon'; readonly isActivatable: boolean }
  | { readonly presence: 'present'; readonly snapshot: Snapshot };

/** What can be asked of the daemon and takes its time: a password may have to be typed. */
export type Task = 'start' | 'stop' | 'restart' | 'set-server' | 'add-server' | 'remove-server' | 'probe' | 'diagnose';

export interface PendingTask {
  readonly task: Task;
  /** The server it is about, where it is about one. */
  readonly subject: string | undefined;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** A request that the daemon, or polkit, did not grant. */
export interface Refusal {
  readonly task: Task;
  readonly subject: string | undefined;
  readonly fault: Fault;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** The last that is known of each server that was probed, and of the probe that runs. */
export interface Probes {
  readonly isRunning: boolean;
  /** By the name that was asked for. BOUNDED: the names of one probe, 64 of them at the most. */
  readonly results: Readonly<Record<string, Probe>>;
  /** Names of the running probe that have not answered yet. */
  readonly waiting: readonly string[];
  /** When the last one ended, in milliseconds since 1970. */
  readonly time: number | undefined;
}

export interface Diagnosis {
  readonly isRunning: boolean;
  /** In the order of their beginning; verdict `running` for the one under way. */
  readonly steps: readonly Step[];
  /** When the last one ended, in milliseconds since 1970. */
  readonly time: number | undefined;
}

export type Locale = 'en' | 'de';
export type Theme = 'light' | 'dark';

/** Of this desktop, as far as the app has to care. */
export interface Environment {
  /** Where nobody shows tray icons the window is all there is. */
  readonly tray: 'unknown' | 'present' | 'absent';
  readonly locale: Locale;
  readonly theme: Theme;
  readonly appVersion: string;
}

export interface View {
  readonly tunnel: Tunnel;
  /** BOUNDED: one for each task. */
  readonly pending: readonly PendingTask[];
  /** The last one, until another request is granted or it is dismissed. */
  readonly refusal: Refusal | undefined;
  /**
   * Tasks that polkit refused since the daemon came: what they would do is shown as not allowed, with the remedy. They
   * may be tried again all the same.
   */
  readonly denied: readonly Task[];
  readonly probes: Probes;
  readonly diagnosis: Diagnosis;
  readonly settings: Settings;
  readonly environment: Environment;
}

export const isPending = (view: View, ...tasks: readonly Task[]): boolean =>
  view.pending.some(({ task }) => tasks.includes(task));

/** The daemon's word; undefined while there is none. */
export const snapshotIn = ({ tunnel }: View): Snapshot | undefined =>
  tunnel.presence === 'present' ? tunnel.snapshot : undefined;
