/**
 * The one schema of what the window and the main process say to each other. Of it derive the preload's bridge, the main
 * process's handlers with their checks of what comes in, the window's calls, and the doubles in tests.
 *
 * The window draws the {@link View} and asks; it holds no state of the tunnel of its own. An answer says whether the
 * request was granted; what came of it is in the next view.
 */
import * as v from 'valibot';
import type { Outcome } from '../../dbus/fault.js';
import type { Probe, Step } from '../../dbus/reports.js';
import type { LogEntry } from './log-entry.js';
import type { Sample } from './sample.js';
import { settingsChangeSchema } from './settings.js';
import type { View } from './view.js';

/** What a window has to know when it opens. */
export interface Beginning {
  readonly view: View;
  /** BOUNDED: the last {@link LOG_KEPT}. */
  readonly log: readonly LogEntry[];
  readonly samples: readonly Sample[];
  /** What the window was opened for. */
  readonly section: Section;
}

export const LOG_KEPT = 500;

/** `cancelled`: the user closed the dialog. */
export type SaveOutcome = Outcome<{ readonly path: string } | 'cancelled'>;

/** Channels of the main process's answers: what each takes, and (a type) what it gives. */
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(255));
const serverDetails = v.strictObject({
  primary: v.optional(name),
  secondary: v.optional(name),
  comment: v.optional(v.pipe(v.string(), v.maxLength(255))),
});
const reportOptions = v.strictObject({
  /** Addresses and servers' names are made unrecognisable. */
  redact: v.boolean(),
});

/** What comes with each request, as a tuple of arguments. */
export const REQUESTS = {
  /** To be the window's first; events are sent from then on. */
  begin: v.strictTuple([]),
  start: v.strictTuple([]),
  stop: v.strictTuple([]),
  restart: v.strictTuple([]),
  /** `auto`, a name of the list, a host name or an IPv4 address. */
  setServer: v.strictTuple([name]),
  addServer: v.strictTuple([name, serverDetails]),
  removeServer: v.strictTuple([name]),
  /** All of the list when empty. What comes in shows in the view's probes. */
  probeServers: v.strictTuple([v.pipe(v.array(name), v.maxLength(64))]),
  /** What comes in shows in the view's diagnosis. */
  diagnose: v.strictTuple([]),
  changeSettings: v.strictTuple([settingsChangeSchema]),
  dismissRefusal: v.strictTuple([]),
  /** To the clipboard: the window itself may not. */
  copyText: v.strictTuple([v.pipe(v.string(), v.maxLength(100_000))]),
  /** The problem report as text. */
  composeReport: v.strictTuple([reportOptions]),
  /** Asks the user where to. */
  saveReport: v.strictTuple([reportOptions]),
} as const;

export type RequestName = keyof typeof REQUESTS;
export type Arguments<K extends RequestName> = Readonly<v.InferOutput<(typeof REQUESTS)[K]>>;

/** What each request is answered. */
export interface Results {
  begin: Beginning;
  start: Outcome<void>;
  stop: Outcome<void>;
  restart: Outcome<void>;
  setServer: Outcome<void>;
  addServer: Outcome<void>;
  removeServer: Outcome<void>;
  probeServers: Outcome<readonly Probe[]>;
  diagnose: Outcome<readonly Step[]>;
  changeSettings: Outcome<void>;
  dismissRefusal: undefined;
  copyText: undefined;
  composeReport: string;
  saveReport: SaveOutcome;
}

/** What the main process sends to the window by itself. */
export interface Events {
  view: View;
  log: LogEntry;
  /** Only while the window is visible. */
  sample: Sample;
  /** Asked for in the tray's menu while the window is open: the part of it that is to be shown. */
  show: Section;
}
export type EventName = keyof Events;

export const SECTIONS = ['overview', 'traffic', 'log', 'servers', 'diagnosis', 'settings'] as const;
export type Section = (typeof SECTIONS)[number];

const EVENT_TABLE: Readonly<Record<EventName, true>> = { view: true, log: true, sample: true, show: true };
export const EVENT_NAMES = Object.keys(EVENT_TABLE) as readonly EventName[];
export const REQUEST_NAMES = Object.keys(REQUESTS) as readonly RequestName[];

/** Names of the channels in Electron. */
export const requestChannel = (request: RequestName): string => `miredo:request:${request}`;
export const eventChannel = (event: EventName): string => `miredo:event:${event}`;

/** `window.miredo`, which the preload puts into the page. */
export interface Bridge {
  /** Rejects only when the main process is gone or does not take the arguments: a fault of the app. */
  request<K extends RequestName>(request: K, ...args: Arguments<K>): Promise<Results[K]>;
  /** Returns what ends it. */
  on<K extends EventName>(event: K, listener: (value: Events[K]) => void): () => void;
}

/** The property of `window`. */
export const BRIDGE_NAME = 'miredo';

/** What the main process has to bring. */
export type Handlers = { readonly [K in RequestName]: (...args: Arguments<K>) => Results[K] | Promise<Results[K]> };
