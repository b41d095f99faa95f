/**
 * The life of a program: start its service, heed signals, mend what breaks, leave nothing behind.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { keepCapabilitiesToOneself, limitCapabilities } from '../io/capabilities.js';
import { watchNetwork } from '../io/network-watch.js';
import { reasonOf } from '../protocol/reasons.js';
import type { TunnelState } from '../protocol/tunnel-state.js';
import type { Confinement } from '../tunnel/messages.js';
import { ClientDesk } from './client-desk.js';
import type { ClientService } from './client-service.js';
import { type Program, type ProgramOptions, version } from './command-line.js';
import { now } from './environment.js';
import { EXIT_FAILURE, EXIT_OK, EXIT_SOFTWARE, EXIT_USAGE } from './exit-codes.js';
import type { LogEntry } from './log.js';
import {
  fault,
  reloaded,
  reloadFailed,
  reloading,
  signalReceived,
  startFailed,
  starting,
  stateChanged,
  terminated,
} from './log-messages.js';
import type { Logger } from './log-open.js';
import { claimPidFile, type PidFile } from './pid-file.js';
import { planConfinement, SUPERVISOR_CAPABILITIES } from './privilege.js';
import { RetryDelay } from './retry-delay.js';
import type { AnySettings, Role } from './role.js';
import type { Service, StartFailure } from './service.js';
import { describeState } from './state-text.js';
import type { Notifier } from './systemd-notify.js';

/** Milliseconds before a service that broke is started again; doubles up to the limit, begins anew when it lasted. */
const MEND_DELAY = 1000;
const MEND_DELAY_LIMIT = 60_000;
const LASTING = 120_000;

/** Milliseconds that closing may take at the end; a process that was killed is gone in a few. */
const CLOSE_TIMEOUT = 1_000;
/** Milliseconds to wait for what a killed predecessor held, and between the looks at it. */
const PREDECESSOR_PATIENCE = 1000;
const PREDECESSOR_POLL = 50;

export interface Reporting {
  readonly logger: Logger;
  readonly notifier: Notifier;
}

export class Daemon<Settings extends AnySettings> {
  readonly #program: Program;
  readonly #options: ProgramOptions;
  readonly #role: Role<Settings>;
  readonly #logger: Logger;
  readonly #notifier: Notifier;
  #settings: Settings | undefined;
  #confinement: Confinement | undefined;
  #pidFile: PidFile | undefined;
  #service: Service | undefined;
  #state: TunnelState | undefined;
  #desk: ClientDesk | undefined;
  readonly #mendDelay = new RetryDelay(MEND_DELAY, MEND_DELAY_LIMIT);
  /** Infinity while it is broken. What breaks over and over, or so an engine says, must not do so fast. */
  #worksSince = Number.POSITIVE_INFINITY;
  #mendTimer: NodeJS.Timeout | undefined;
  /** What a start waits for, in a sentence, when it may come by itself. */
  #awaited: string | undefined;
  #hasStarted = false;
  /** One after the other: each changes what the next one finds. */
  #reloading: Promise<void> = Promise.resolve();
  #isEnding = false;

  constructor(program: Program, options: ProgramOptions, role: Role<Settings>, { logger, notifier }: Reporting) {
    this.#program = program;
    this.#options = options;
    this.#role = role;
    this.#logger = logger;
    this.#notifier = notifier;
  }

  /** Returns when the service works; ends the process when it cannot be started. */
  async run(): Promise<void> {
    keepCapabilitiesToOneself();
    const settings = this.#role.load();
    if (settings === undefined) process.exit(EXIT_USAGE);
    this.#useSettings(settings);
    this.#say(starting(this.#program.name, version(), this.#role.describe(settings)));
    const pidFile = claimPidFile(this.#options.pidfile);
    if (!pidFile.ok) return this.#refuse(pidFile);
    this.#pidFile = pidFile;
    this.#heedSignals();
    const plan = planConfinement(this.#options);
    if (!plan.ok) return this.#refuse(plan);
    this.#confinement = plan.confinement;
    const start = this.#startPatiently();
    this.#reloading = start.then(() => {});
    const failure = await start;
    if (failure !== undefined) {
      if (!this.#mayComeYet(failure)) return this.#refuse(failure);
      this.#await(failure);
    }
    this.#limitPrivilege(settings);
    const watch = watchNetwork(() => this.#networkChanged());
    if (!watch.ok) this.#logger.log('warning', watch.sentence);
    await this.#service?.ready;
    this.#notifier.ready(this.#status);
    this.#notifier.watchdog(async () => (await this.#service?.isHealthy()) ?? true);
  }

  #say(entry: LogEntry): void {
    this.#logger.log(...entry);
  }

  /** For `systemctl status`. */
  get #status(): string {
    if (this.#state !== undefined) return describeState(this.#state);
    if (this.#awaited !== undefined) return `waiting: ${this.#awaited}`;
    return this.#settings === undefined ? '' : this.#role.describe(this.#settings);
  }

  #networkChanged(): void {
    if (this.#awaited !== undefined) this.#startAgain();
    this.#desk?.networkChanged();
    this.#service?.networkChanged();
  }

  #useSettings(settings: Settings): void {
    this.#settings = settings;
    this.#logger.setFacility(settings.syslogFacility);
  }

  #start(): StartFailure | undefined {
    if (this.#settings === undefined || this.#confinement === undefined) return undefined;
    this.#openDesk(this.#settings, this.#confinement);
    const started = this.#role.start(this.#settings, this.#confinement, {
      log: this.#logger.log,
      isWanted: () => this.#isWanted,
      hold: () => this.#desk?.holds.reason,
      server: () => this.#desk?.wanted() ?? { type: 'none', reason: reasonOf('no-server') },
      stateChanged: (state) => this.#stateChanged(state),
      broken: (sentence) => this.#mend(sentence),
      refresh: () => this.#desk?.refresh(),
    });
    if (!started.ok) return started;
    this.#service = started.service;
    this.#worksSince = now();
    this.#hasStarted = true;
    // Not before the tunnel is under way: the bus can wait.
    void this.#service.ready.then(() => this.#followBus());
    return undefined;
  }

  /** Is on the bus while there is something to control; a broken tunnel that is about to come back is. */
  #followBus(): void {
    if (this.#service === undefined || this.#isEnding) return;
    if (this.#client === undefined) this.#desk?.leave();
    else this.#desk?.follow();
  }

  #openDesk(settings: Settings, confinement: Confinement): void {
    const { client } = this.#role;
    if (this.#desk !== undefined || client === undefined || !client.isMadeBy(settings)) return;
    this.#desk = new ClientDesk(
      {
        log: this.#logger.log,
        user: confinement,
        client: () => this.#client,
        state: () => this.#state,
        enter: (state) => this.#stateChanged(state.name === 'waiting' ? this.#waiting : state),
      },
      {
        openServers: (events) => client.openServers(settings, confinement, events),
        openNetwork: (scene) => client.openNetwork(scene),
        follow: (control) => client.follow(control, confinement),
      },
    );
  }

  /** Whether there is to be a tunnel, now and after mending: a client's user may stop it on the bus. */
  get #isWanted(): boolean {
    return this.#desk?.servers.isEnabled ?? true;
  }

  get #client(): ClientService | undefined {
    return this.#service && this.#role.client?.service(this.#service);
  }

  /** What only the start needed goes; what mending and reloading need stays. */
  #limitPrivilege(settings: Settings): void {
    const limited = limitCapabilities([...SUPERVISOR_CAPABILITIES, ...this.#role.capabilities(settings)]);
    if (!limited.ok) this.#logger.log('warning', limited.sentence);
  }

  /** When our predecessor was killed, its engine needs a moment to notice, and to let go of interface and port. */
  async #startPatiently(): Promise<StartFailure | undefined> {
    const limit = now() + PREDECESSOR_PATIENCE;
    for (;;) {
      const failure = this.#start();
      const isTaken = failure?.errno === 'EBUSY' || failure?.errno === 'EADDRINUSE';
      if (!isTaken || now() > limit) return failure;
      await delay(PREDECESSOR_POLL);
    }
  }

  #stateChanged(state: TunnelState): void {
    for (const entry of stateChanged(this.#state, state)) this.#say(entry);
    this.#state = state;
    this.#notifier.status(describeState(state));
    this.#desk?.stateChanged(state);
  }

  /** A new start is all that helps: the interface was deleted, say. Tries until it works. */
  #mend(sentence: string): void {
    if (this.#isEnding) return;
    if (now() - this.#worksSince > LASTING) this.#mendDelay.reset();
    this.#worksSince = Number.POSITIVE_INFINITY;
    const delay = this.#mendDelay.take();
    this.#logger.log('error', `${sentence} Starting again in ${delay / 1000} s.`);
    void this.#closeService();
    if (this.#isWanted && this.#state !== undefined) {
      this.#stateChanged(this.#waiting);
    }
    clearTimeout(this.#mendTimer);
    this.#mendTimer = setTimeout(() => this.#startAgain(), delay);
  }

  #startAgain(): void {
    if (this.#isEnding) return;
    clearTimeout(this.#mendTimer);
    const failure = this.#start();
    if (failure !== undefined && this.#mayComeYet(failure)) {
      this.#await(failure);
      return;
    }
    const wasAwaited = this.#awaited !== undefined;
    this.#awaited = undefined;
    if (failure !== undefined) this.#mend(failure.sentence);
    else if (wasAwaited) this.#hasCome();
  }

  #hasCome(): void {
    this.#mendDelay.reset();
    void this.#service?.ready.then(() => this.#notifier.status(this.#status));
  }

  /**
   * An address to bind to comes with the network: by DHCP, or with the cable. Who starts us by hand hears at once that it
   * is not there, as by the old program; nobody does at boot, or when it has gone since.
   */
  #mayComeYet({ errno }: StartFailure): boolean {
    const isAlone = this.#notifier.active || this.#options.managed || this.#hasStarted;
    return errno === 'EADDRNOTAVAIL' && isAlone;
  }

  /** Tries at each change of the network, and now and then should none be told. Says it once. */
  #await({ sentence }: StartFailure): void {
    if (this.#isEnding) return;
    const awaited = `${sentence} It starts when one has it.`;
    const isNew = this.#awaited !== awaited;
    this.#awaited = awaited;
    this.#mendTimer = setTimeout(() => this.#startAgain(), this.#mendDelay.take());
    if (isNew) this.#tellAwaited(awaited);
  }

  #tellAwaited(awaited: string): void {
    const isClient = this.#settings !== undefined && this.#role.client?.isMadeBy(this.#settings) === true;
    if (this.#desk === undefined || !isClient) {
      this.#logger.log('warning', `waiting: ${awaited}`);
      this.#notifier.status(this.#status);
      return;
    }
    this.#stateChanged(this.#isWanted ? this.#waiting : { name: 'stopped', reason: reasonOf('user') });
    this.#desk.follow();
  }

  /** What a client is that is wanted, and that is not there. */
  get #waiting(): TunnelState {
    const awaited = this.#awaited;
    const reason = awaited === undefined ? reasonOf('internal') : { code: 'no-address' as const, sentence: awaited };
    return { name: 'waiting', reason };
  }

  #heedSignals(): void {
    process.on('uncaughtException', (error) => {
      this.#say(fault(error));
      void this.#end(EXIT_SOFTWARE);
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        this.#say(signalReceived(signal));
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
    this.#say(reloading(this.#options.config));
    this.#notifier.reloading();
    this.#desk?.reloadNetwork();
    const settings = this.#role.load();
    if (settings === undefined) this.#say(reloadFailed(this.#options.config));
    else await this.#adopt(settings);
    this.#notifier.ready(this.#status);
  }

  async #adopt(settings: Settings): Promise<void> {
    const previous = this.#settings;
    const changed = previous === undefined ? [] : changedNames(previous, settings);
    this.#useSettings(settings);
    const service = this.#service;
    if (changed.length === 0 || (service !== undefined && this.#role.adopt(service, settings))) {
      this.#say(reloaded(changed));
      this.#tellServers(settings);
      this.#desk?.refresh();
      return;
    }
    clearTimeout(this.#mendTimer);
    this.#awaited = undefined;
    this.#tellServers(settings);
    await this.#closeService();
    if (this.#isEnding) return;
    const failure = this.#start();
    if (failure === undefined) {
      this.#say(reloaded(changed));
      return;
    }
    // The old one did not work either.
    if (service === undefined && this.#mayComeYet(failure)) {
      this.#say(reloaded(changed));
      this.#await(failure);
      return;
    }
    this.#logger.log('error', 'the new configuration cannot be put to work; going back to the old one');
    if (previous !== undefined) {
      this.#useSettings(previous);
      this.#tellServers(previous);
    }
    this.#mend(failure.sentence);
  }

  /** Their lists are read again as well. */
  #tellServers(settings: Settings): void {
    this.#desk?.servers.reload(this.#role.client?.serverOf(settings));
  }

  #refuse(failure: { readonly sentence: string; readonly errno?: string; readonly code?: string }): Promise<void> {
    this.#say(startFailed(failure));
    return this.#end(EXIT_FAILURE);
  }

  #closeService(): Promise<void> {
    const service = this.#service;
    this.#service = undefined;
    return service?.close() ?? Promise.resolve();
  }

  /** Whoever sees the process gone finds interface, port and pid file free. */
  async #end(code: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearTimeout(this.#mendTimer);
    setTimeout(() => process.exit(code), CLOSE_TIMEOUT);
    this.#notifier.stopping();
    this.#desk?.close();
    await this.#closeService();
    this.#pidFile?.release();
    if (code === EXIT_OK) this.#say(terminated(this.#program.name, code));
    process.exit(code);
  }
}

/** Names of the settings that differ. */
function changedNames<Settings extends object>(before: Settings, after: Settings): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Settings & string>;
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
