/**
 * The engine as the supervisor sees it: a child without privilege that is started, spoken to, distrusted, and
 * started again when it ends.
 *
 * The descriptors stay open here as well, so that interface and port outlive an engine. Whatever an engine does
 * that an honest one does not (malformed or oversize messages, a flood of them, claims that cannot be) ends it.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Reachability } from '../protocol/internet-test.js';
import type { Servers } from '../protocol/qualification.js';
import { TokenBucket } from '../protocol/token-bucket.js';
import type { Qualified, TunnelState } from '../protocol/tunnel-state.js';
import { readFromEngine } from '../tunnel/engine-messages.js';
import { MessageLines } from '../tunnel/message-lines.js';
import type { EngineStatistics, FromEngine, ToEngine } from '../tunnel/messages.js';
import type { Ipv4Address } from '../wire/ipv4.js';
import { logComplaints } from './engine-complaints.js';
import { EngineCredit } from './engine-credit.js';
import { EngineQuestions } from './engine-questions.js';
import { configurationOf, type EngineLaunch, spawnEngine } from './engine-spawn.js';
import { now } from './environment.js';
import type { Log } from './log.js';
import { RetryDelay } from './retry-delay.js';

/** Milliseconds before an engine that ended is started again; doubles up to the limit, begins anew after a minute. */
const RESTART_DELAY = 100;
const RESTART_DELAY_LIMIT = 30_000;
const HONEST_LIFE = 60_000;
/** An engine has little to say: states change a few times a minute at the most. */
const MESSAGES_PER_SECOND = 50;
const MESSAGES_AT_ONCE = 200;
/** BOUNDED: bytes that wait for an engine to read them. */
const UNREAD_LIMIT = 65_536;
/** Milliseconds for an engine to shut itself in and be ready, and to be gone after it closed its channel. */
const READY_TIMEOUT = 10_000;
const GONE_TIMEOUT = 1_000;
/** Milliseconds between questions whether it still works, and how many in a row may stay without an answer. */
const HEARTBEAT = 5_000;
const SILENCE_LIMIT = 3;

export interface EngineEvents {
  stateChanged(state: TunnelState): void;
  /** Whether the IPv6 Internet answers, while qualified. */
  reachabilityChanged?(reachability: Reachability): void;
  /** It has ended, or was ended; another will be started. */
  gone(): void;
  /** It has shut itself in and moves packets; each engine says so once. */
  ready(): void;
  /** The interface or a socket is unusable: a new engine will not help. */
  broken(sentence: string): void;
}

export class EngineProcess {
  /** Resolves when the first engine has shut itself in and moves packets. */
  readonly ready: Promise<void>;
  readonly #launch: EngineLaunch;
  readonly #events: EngineEvents;
  readonly #log: Log;
  readonly #credit: EngineCredit;
  #child: ChildProcess | undefined;
  #lines: MessageLines | undefined;
  #directedBroadcasts: readonly Ipv4Address[];
  #isReady = false;
  #firstReady = (): void => {};
  #startedAt = 0;
  readonly #restartDelay = new RetryDelay(RESTART_DELAY, RESTART_DELAY_LIMIT);
  #restartTimer: NodeJS.Timeout | undefined;
  #readyTimer: NodeJS.Timeout | undefined;
  #heartbeatTimer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #questions = new EngineQuestions();

  constructor(launch: EngineLaunch, events: EngineEvents, log: Log) {
    this.#launch = launch;
    this.#events = events;
    this.#log = log;
    this.#credit = new EngineCredit(launch.role.prefix);
    this.#directedBroadcasts = launch.directedBroadcasts;
    this.ready = new Promise((resolve) => {
      this.#firstReady = resolve;
    });
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The client begins to qualify; also each later engine. */
  useServers(servers: Servers): void {
    this.#credit.replaceServers(servers);
    // What follows is our own doing: a host whose addresses change all the time has an honest engine.
    this.#credit.renew();
    if (this.#isReady) this.#send({ type: 'start', ...servers });
  }

  /** Whether the IPv6 Internet answers is asked again; {@link EngineEvents.reachabilityChanged} tells. */
  testReachability(): void {
    if (this.#isReady) this.#send({ type: 'test' });
  }

  stop(): void {
    this.#credit.replaceServers(undefined);
    if (this.#isReady) this.#send({ type: 'stop' });
  }

  setScope(directedBroadcasts: readonly Ipv4Address[]): void {
    if (String(directedBroadcasts) === String(this.#directedBroadcasts)) return;
    this.#directedBroadcasts = directedBroadcasts;
    if (this.#isReady) this.#send({ type: 'scope', directedBroadcasts });
  }

  /** undefined when there is no engine or it does not answer in time. */
  statistics(): Promise<EngineStatistics | undefined> {
    if (!this.#isReady) return Promise.resolve(undefined);
    return this.#questions.ask((number) => this.#send({ type: 'ask', number }));
  }

  /** An engine that is about to start again is not asked: to end the supervisor as well would not bring it sooner. */
  async isHealthy(): Promise<boolean> {
    return !this.#isReady || (await this.statistics()) !== undefined;
  }

  /**
   * Ends the engine, at once and for good. Resolves when its process is gone, and with it the last copies of the
   * descriptors that are not the caller's: before that, interface and port are not free.
   */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restartTimer);
    const child = this.#child;
    const isGone = child?.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    const gone = isGone ? Promise.resolve() : once(child, 'exit').then(() => {});
    this.#dismiss();
    return gone;
  }

  #start(): void {
    this.#startedAt = now();
    const spawned = spawnEngine(this.#launch);
    if (!spawned.ok) {
      this.#log('error', spawned.sentence);
      this.#startLater();
      return;
    }
    const { child, channel } = spawned;
    this.#child = child;
    child.on('error', (error) => this.#ended(child, `The engine cannot be started: ${error.message}.`));
    if (channel === undefined) return;
    child.on('exit', (code, signal) => this.#ended(child, `The engine ended (${signal ?? `exit code ${code}`}).`));
    logComplaints(child.stderr, this.#log);
    this.#readyTimer = setTimeout(() => this.#distrust('is not ready in time'), READY_TIMEOUT);
    this.#credit.renew();
    this.#lines = this.#listen(child, channel);
    this.#send(configurationOf({ ...this.#launch, directedBroadcasts: this.#directedBroadcasts }));
  }

  #listen(child: ChildProcess, channel: Duplex): MessageLines {
    const allowance = new TokenBucket(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE);
    const distrust = (what: string): void => {
      if (this.#child === child) this.#distrust(what);
    };
    return new MessageLines(channel, {
      message: (value) => {
        if (this.#child !== child) return;
        if (allowance.take(now())) this.#receive(value);
        else distrust('sends a flood of messages');
      },
      violation: (sentence) => distrust(`sends ${sentence}`),
      // One that ends closes it as well, and is told by its exit.
      closed: () => void setTimeout(() => distrust('has closed its channel'), GONE_TIMEOUT).unref(),
    });
  }

  #send(message: ToEngine): void {
    this.#lines?.send(message);
    if ((this.#lines?.unread ?? 0) > UNREAD_LIMIT) this.#distrust('does not read what it is told');
  }

  #receive(value: unknown): void {
    const message = readFromEngine(value);
    if (message === undefined) this.#distrust('sends a message of no known form');
    else this.#heed(message);
  }

  #heed(message: FromEngine): void {
    switch (message.type) {
      case 'ready':
        this.#heedReady(message.lacking);
        break;
      case 'state':
        this.#heedState(message.state);
        break;
      case 'reachability':
        this.#heedReachability(message.reachability);
        break;
      case 'broken':
        this.#events.broken(message.sentence);
        break;
      case 'answer':
        this.#questions.answer(message.number, message.statistics);
        break;
    }
  }

  #heedReady(lacking: readonly string[]): void {
    if (this.#isReady) {
      this.#distrust('says twice that it is ready');
      return;
    }
    this.#isReady = true;
    clearTimeout(this.#readyTimer);
    const { servers } = this.#credit;
    if (servers !== undefined) this.#send({ type: 'start', ...servers });
    for (const missing of lacking) this.#log('warning', `The engine is less shut in than it should be: ${missing}.`);
    this.#firstReady();
    this.#events.ready();
    this.#watch();
  }

  /** One that is stopped, or caught in a loop, moves no packets, and would hold address and routes for ever. */
  #watch(): void {
    const child = this.#child;
    let silence = 0;
    const ask = async (): Promise<void> => {
      silence = (await this.statistics()) === undefined ? silence + 1 : 0;
      if (silence >= SILENCE_LIMIT && this.#child === child) this.#distrust('does not answer any more');
    };
    this.#heartbeatTimer = setInterval(() => void ask(), this.#launch.heartbeat ?? HEARTBEAT).unref();
  }

  #heedState(state: TunnelState): void {
    if (this.#mayReport() && (state.name !== 'qualified' || this.#believes(state))) this.#events.stateChanged(state);
  }

  #heedReachability(reachability: Reachability): void {
    if (this.#mayReport()) this.#events.reachabilityChanged?.(reachability);
  }

  #mayReport(): boolean {
    if (!this.#isReady || this.#launch.role.name !== 'client') this.#distrust('reports a state it cannot have');
    else if (!this.#credit.takeChange()) this.#distrust('changes its state all the time');
    else return true;
    return false;
  }

  #believes(claim: Qualified): boolean {
    const judgement = this.#credit.judge(claim);
    if (judgement.type === 'false') this.#distrust(`claims ${judgement.problem}`);
    return judgement.type === 'true';
  }

  /** An honest engine does not do this. */
  #distrust(what: string): void {
    this.#log('error', `The engine ${what}; it is ended and started again.`);
    this.#ended(this.#child, undefined);
  }

  #ended(child: ChildProcess | undefined, sentence: string | undefined): void {
    if (child === undefined || this.#child !== child) return;
    this.#dismiss();
    if (this.#closed) return;
    if (sentence !== undefined) this.#log('error', sentence);
    if (now() - this.#startedAt > HONEST_LIFE) this.#restartDelay.reset();
    this.#startLater();
    this.#events.gone();
  }

  #startLater(): void {
    this.#restartTimer = setTimeout(() => this.#start(), this.#restartDelay.take());
  }

  /** Kills the child, if any, and forgets what belongs to it. */
  #dismiss(): void {
    clearTimeout(this.#readyTimer);
    clearInterval(this.#heartbeatTimer);
    this.#lines?.close();
    this.#child?.kill('SIGKILL');
    this.#lines = undefined;
    this.#child = undefined;
    this.#isReady = false;
    this.#questions.drop();
  }
}
