/** The servers of the tunnel: the list, which of them was chosen, what of that is remembered, and which is in use. */
import { formatFault } from '../../config/fault.js';
import { AUTO, type ServerEntry } from '../../config/server-entry.js';
import { readServersFolder } from '../../config/servers-folder.js';
import { SENTENCES } from '../../protocol/reasons.js';
import type { Reason, ReasonCode, TunnelState } from '../../protocol/tunnel-state.js';
import { now } from '../environment.js';
import type { Log } from '../log.js';
import type { SavedState } from './saved-state.js';
import { type Decision, isSame, type Measured, ServerChoice } from './server-choice.js';
import { ServerList, type ServerTarget } from './server-list.js';
import type { StateFile } from './state-file.js';

export const SERVERS_FOLDER = '/etc/miredo/servers.d';

/** Asks servers for an address, beside the tunnel. */
export type Prober = (
  targets: readonly ServerTarget[],
  options: { readonly signal: AbortSignal; readonly heard: (result: Measured) => void },
) => Promise<unknown>;

export interface ServersEvents {
  /** The client is to begin anew, with the server that {@link TunnelServers.wanted} says then. */
  again(): void;
  /** What is shown of the servers is another. */
  changed(): void;
  serverChanged(server: string, previous: string, reason: Reason): void;
}

export interface ServersSetup {
  /** Choice and wish are remembered, and hold again after the next start. */
  readonly isManaged: boolean;
  readonly folder: string;
  readonly file: StateFile;
  readonly probe: Prober;
  readonly log: Log;
}

/** A server; or the word that one is being looked for, and {@link ServersEvents.again} follows; or why there is none. */
export type Wanted =
  | { readonly type: 'server'; readonly target: ServerTarget }
  | { readonly type: 'coming' }
  | { readonly type: 'none'; readonly reason: Reason };

/** BOUNDED: among so many the best is looked for, the first of the list: as many as one round of probes may have. */
const CANDIDATE_LIMIT = 64;
/** Longer than this a timer of Node's cannot be; deadlines are far nearer. */
const TIMER_LIMIT = 0x7fff_ffff;

export class TunnelServers {
  readonly list = new ServerList();
  readonly #setup: ServersSetup;
  readonly #events: ServersEvents;
  readonly #automatic = new ServerChoice();
  readonly #saved: SavedState;
  #configured: ServerEntry | undefined;
  #enabled: boolean;
  #choice: string | undefined;
  /** Named for this run only. */
  #ofRun: ServerTarget | undefined;
  #inUse: ServerTarget | undefined;
  /** Why the next server will be another than the one in use. */
  #reason: ReasonCode | 'configuration' = 'configuration';
  #probing: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(setup: ServersSetup, configured: ServerEntry | undefined, events: ServersEvents) {
    this.#setup = setup;
    this.#events = events;
    this.#saved = setup.file.load();
    this.#enabled = setup.isManaged ? this.#saved.enabled : true;
    this.#choice = setup.isManaged ? this.#saved.choice : undefined;
    this.#configured = configured;
    this.list.replace('user', this.#saved.servers);
    this.#read();
    this.#automatic.replaceTargets(this.#candidates);
  }

  /** Whether there is to be a tunnel. */
  get isEnabled(): boolean {
    return this.#enabled;
  }

  /** `auto`, or what names the server; empty when there is none. */
  get choice(): string {
    return this.#choice ?? this.#configured?.name ?? AUTO;
  }

  /** Whether nobody has named a server yet: no configuration, no list, no choice. */
  get isNoneKnown(): boolean {
    return this.choice === AUTO && this.list.entries.length === 0;
  }

  /** Resolves when it is remembered. */
  async enable(isEnabled: boolean): Promise<void> {
    if (!isEnabled) this.#ofRun = undefined;
    if (this.#enabled === isEnabled) return;
    this.#enabled = isEnabled;
    if (this.#setup.isManaged) await this.#save();
  }

  /** Which server to use now. */
  wanted(): Wanted {
    const target = this.#ofRun ?? this.#named();
    if (target !== undefined) return this.#take(target);
    if (this.choice !== AUTO)
      return none(`The chosen server ${this.choice} is not in the list any more; choose another.`);
    if (this.list.entries.length === 0) return none(SENTENCES['no-server']);
    const decision = this.#automatic.begin(now());
    if (decision?.type === 'use') return this.#take(decision.target);
    this.#act(decision);
    return { type: 'coming' };
  }

  /** `auto` or what {@link ServerList.resolve} understands. Resolves to what went wrong with remembering it. */
  async choose(choice: string): Promise<string | undefined> {
    this.#choice = choice === AUTO ? AUTO : (this.list.find(choice)?.name ?? choice);
    this.#ofRun = undefined;
    this.#reason = 'user';
    this.#act(this.#automatic.reset());
    this.#events.again();
    this.#events.changed();
    return this.#setup.isManaged ? this.#save() : undefined;
  }

  /** For this run only. */
  useForRun(target: ServerTarget): void {
    if (this.#ofRun !== undefined && isSame(this.#ofRun, target)) return;
    this.#ofRun = target;
    this.#reason = 'user';
    this.#act(this.#automatic.rest());
    this.#events.again();
  }

  async add(entry: ServerEntry): Promise<string | undefined> {
    this.list.add(entry);
    this.#listChanged('user');
    return this.#save();
  }

  /** A choice that goes with it is forgotten. */
  async remove(name: string): Promise<string | undefined> {
    const isChosen = this.#choice === name;
    this.list.remove(name);
    if (isChosen && this.list.find(name) === undefined) {
      this.#choice = undefined;
      this.#log('notice', `the chosen server ${name} was removed; the choice is ${this.choice}`);
    }
    this.#listChanged('user');
    return this.#save();
  }

  /** The configuration was read again; the administrator's list is as well. */
  reload(configured: ServerEntry | undefined): void {
    this.#configured = configured;
    this.#read();
    this.#listChanged('configuration');
  }

  stateChanged(state: TunnelState): void {
    if (this.#ofRun === undefined && this.choice === AUTO) this.#act(this.#automatic.stateChanged(now(), state));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#probing?.abort();
  }

  get #log(): Log {
    return this.#setup.log;
  }

  get #candidates(): readonly ServerTarget[] {
    return this.list.targets.slice(0, CANDIDATE_LIMIT);
  }

  #named(): ServerTarget | undefined {
    const { choice } = this;
    if (choice === AUTO) return undefined;
    const found = this.list.resolve(choice);
    return found.ok ? found.target : undefined;
  }

  #take(target: ServerTarget): Wanted {
    const previous = this.#inUse;
    this.#inUse = target;
    const code = this.#reason;
    this.#reason = 'configuration';
    if (previous !== undefined && previous.primary.text !== target.primary.text) {
      const reason = code === 'configuration' ? CONFIGURATION : { code, sentence: sentenceOf(code) };
      this.#log(
        'notice',
        `using server ${target.primary.text} instead of ${previous.primary.text}: ${reason.sentence}`,
        {
          EVENT: 'server-changed',
          SERVER_NAME: target.primary.text,
          REASON: reason.code,
        },
      );
      this.#events.serverChanged(target.primary.text, previous.primary.text, reason as Reason);
    }
    return { type: 'server', target };
  }

  #read(): void {
    const { entries, faults } = readServersFolder(this.#setup.folder);
    for (const fault of faults) this.#log(fault.severity, formatFault(fault));
    this.list.replace('administrator', entries);
    const hidden = this.list.replace('configuration', this.#configured === undefined ? [] : [this.#configured]);
    for (const name of hidden) this.#log('warning', `the server ${name} is named more than once; one of them counts`);
  }

  /** The client begins anew when the server in use is not the same any more, or when there was none. */
  #listChanged(reason: 'user' | 'configuration'): void {
    const before = this.#automatic.current;
    this.#automatic.replaceTargets(this.#candidates);
    const target = this.#ofRun ?? this.#named();
    const isAutomatic = target === undefined && this.choice === AUTO;
    const isIdle = this.#automatic.current === undefined && !this.#automatic.isProbing;
    const isStale = isAutomatic
      ? isIdle || this.#automatic.current !== before
      : target !== undefined && (this.#inUse === undefined || !isSame(target, this.#inUse));
    if (isStale) {
      this.#reason = reason;
      this.#events.again();
    }
    this.#events.changed();
  }

  #save(): Promise<string | undefined> {
    const { isManaged, file } = this.#setup;
    const { enabled, choice } = isManaged ? { enabled: this.#enabled, choice: this.#choice } : this.#saved;
    return file.save({ enabled, choice, servers: this.list.users });
  }

  #act(decision: Decision | undefined): void {
    switch (decision?.type) {
      case 'forget':
        this.#probing?.abort();
        break;
      case 'probe':
        void this.#probe(decision.targets);
        break;
      case 'use':
        this.#probing?.abort();
        if (decision.because !== undefined) this.#reason = decision.because;
        this.#events.again();
        break;
    }
    this.#arm();
  }

  async #probe(targets: readonly ServerTarget[]): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#probing?.abort();
    this.#probing = controller;
    const heard = (result: Measured): void => {
      if (!signal.aborted) this.#act(this.#automatic.heard(now(), result));
    };
    try {
      await this.#setup.probe(targets, { signal, heard });
    } catch (error) {
      this.#log('error', `servers cannot be probed: ${error instanceof Error ? error.message : error}`);
    }
    if (!signal.aborted) this.#act(this.#automatic.probed(now()));
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const wait = this.#automatic.deadline - now();
    if (wait < TIMER_LIMIT) {
      this.#timer = setTimeout(() => this.#act(this.#automatic.wake(now())), Math.max(0, Math.ceil(wait)));
    }
  }
}

export const entryOf = ({ server, secondary }: Configured): ServerEntry | undefined =>
  server && { name: server.text, primary: server, secondary, comment: '' };

interface Configured {
  readonly server: ServerEntry['primary'] | undefined;
  readonly secondary: ServerEntry['secondary'];
}

const none = (sentence: string): Wanted => ({ type: 'none', reason: { code: 'no-server', sentence } });

const CONFIGURATION = { code: 'configuration', sentence: 'The configuration or the list of servers has changed.' };

const sentenceOf = (code: ReasonCode): string => (code === 'user' ? 'It was chosen.' : SENTENCES[code]);
