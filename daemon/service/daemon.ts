/**
 * The life of a program: start its service, heed signals, mend what breaks, leave nothing behind.
 */
import type { Confinement } from '../tunnel/messages.js';
import type { ProgramOptions } from './command-line.js';
import { EXIT_FAILURE, EXIT_OK, EXIT_SOFTWARE, EXIT_USAGE } from './exit-codes.js';
import type { Log } from './log.js';
import { claimPidFile, type PidFile } from './pid-file.js';
import { planConfinement } from './privilege.js';
import type { Service, ServiceHost, Started, StartFailure } from './service.js';

/** Milliseconds before a service that broke is started again; doubles up to the limit. */
const MEND_DELAY = 1000;
const MEND_DELAY_LIMIT = 60_000;
/** Milliseconds that closing may take at the end; a process that was killed is gone in a few. */
const CLOSE_TIMEOUT = 1_000;

/** What differs between the programs. */
export interface Role<Settings> {
  /** Reads the configuration; undefined when it cannot be used (every fault was logged). */
  load(): Settings | undefined;
  start(settings: Settings, confinement: Confinement, host: ServiceHost): Started | StartFailure;
  /** Goes on with new settings without giving up the tunnel, if that can be done. */
  adopt(service: Service, settings: Settings): boolean;
}

export class Daemon<Settings> {
  readonly #options: ProgramOptions;
  readonly #log: Log;
  readonly #role: Role<Settings>;
  #settings: Settings | undefined;
  #confinement: Confinement | undefined;
  #pidFile: PidFile | undefined;
  #service: Service | undefined;
  #mendDelay = MEND_DELAY;
  #mendTimer: NodeJS.Timeout | undefined;
  /** One after the other: each changes what the next one finds. */
  #reloading: Promise<void> = Promise.resolve();
  #isEnding = false;

  constructor(options: ProgramOptions, role: Role<Settings>, log: Log) {
    this.#options = options;
    this.#role = role;
    this.#log = log;
  }

  /** Returns when the service works; ends the process when it cannot be started. */
  async run(): Promise<void> {
    this.#settings = this.#role.load();
    if (this.#settings === undefined) return this.#end(EXIT_USAGE);
    const pidFile = claimPidFile(this.#options.pidfile);
    if (!pidFile.ok) return this.#refuse(pidFile.sentence);
    this.#pidFile = pidFile;
    this.#heedSignals();
    const plan = planConfinement(this.#options);
    if (!plan.ok) return this.#refuse(plan.sentence);
    this.#confinement = plan.confinement;
    const failure = this.#start();
    if (failure !== undefined) return this.#refuse(failure);
    await this.#service?.ready;
  }

  #start(): string | undefined {
    if (this.#settings === undefined || this.#confinement === undefined) return undefined;
    const started = this.#role.start(this.#settings, this.#confinement, {
      log: this.#log,
      stateChanged: () => {},
      broken: (sentence) => this.#mend(sentence),
    });
    if (!started.ok) return started.sentence;
    this.#service = started.service;
    return undefined;
  }

  /** A new start is all that helps: the interface was deleted, say. Tries until it works. */
  #mend(sentence: string): void {
    if (this.#isEnding) return;
    this.#log('error', `${sentence} Starting again in ${this.#mendDelay / 1000} s.`);
    void this.#service?.close();
    this.#service = undefined;
    clearTimeout(this.#mendTimer);
    this.#mendTimer = setTimeout(() => {
      const failure = this.#start();
      if (failure !== undefined) this.#mend(failure);
      else void this.#service?.ready.then(() => (this.#mendDelay = MEND_DELAY));
    }, this.#mendDelay);
    this.#mendDelay = Math.min(2 * this.#mendDelay, MEND_DELAY_LIMIT);
  }

  #heedSignals(): void {
    process.on('uncaughtException', (error) => {
      this.#log('error', `fault in the program, please report it: ${error.stack ?? error.message}`);
      void this.#end(EXIT_SOFTWARE);
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        this.#log('notice', `ending on ${signal}`);
        void this.#end(EXIT_OK);
      });
    }
    process.on('SIGHUP', () => {
      this.#reloading = this.#reloading.then(() => this.#reload());
    });
    // miredo(8): "Do nothing". Without a handler they would end us (and SIGUSR1 would start Node's debugger).
    for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {});
  }

  /** A file that cannot be used changes nothing. */
  async #reload(): Promise<void> {
    if (this.#isEnding) return;
    this.#log('notice', 'reading the configuration again');
    const settings = this.#role.load();
    if (settings === undefined) {
      this.#log('error', 'the configuration is unusable; going on with the old one');
      return;
    }
    const unchanged = JSON.stringify(settings) === JSON.stringify(this.#settings);
    const previous = this.#settings;
    this.#settings = settings;
    if (unchanged) return;
    if (this.#service !== undefined && this.#role.adopt(this.#service, settings)) return;
    await this.#service?.close();
    this.#service = undefined;
    if (this.#isEnding) return;
    const failure = this.#start();
    if (failure === undefined) return;
    this.#settings = previous;
    this.#log('error', 'the new configuration cannot be put to work; going back to the old one');
    this.#mend(failure);
  }

  #refuse(sentence: string): Promise<void> {
    this.#log('error', sentence);
    return this.#end(EXIT_FAILURE);
  }

  /** Whoever sees the process gone finds interface, port and pid file free. */
  async #end(code: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearTimeout(this.#mendTimer);
    setTimeout(() => process.exit(code), CLOSE_TIMEOUT);
    await this.#service?.close();
    this.#pidFile?.release();
    process.exit(code);
  }
}
