/**
 * The engine as the supervisor sees it: a child without privilege that is started, spoken to, distrusted, and
 * started again when it ends.
 *
 * The descriptors stay open here as well, so that interface and port outlive an engine. Whatever an engine does
 * that an honest one does not (malformed or oversize messages, a flood of them, claims that cannot be) ends it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Servers } from '../protocol/qualification.js';
import { TokenBucket } from '../protocol/token-bucket.js';
import type { TunnelState } from '../protocol/tunnel-state.js';
import { readFromEngine } from '../tunnel/engine-messages.js';
import { MessageLines } from '../tunnel/message-lines.js';
import type { Configure, Confinement, EngineStatistics, FromEngine, Role, ToEngine } from '../tunnel/messages.js';
import type { Ipv4Address } from '../wire/ipv4.js';
import { implausible } from './engine-claims.js';
import { now } from './environment.js';
import type { Log } from './log.js';

/** Beside the bundled program, or beside this folder. */
const ENGINE = ['./miredo-engine.js', '../engine-main.js']
  .map((place) => fileURLToPath(new URL(place, import.meta.url)))
  .find((file) => existsSync(file));
/** Places of the child's descriptors: see stdio below. */
const CHANNEL = 3;
const FIRST_DESCRIPTOR = 4;

/** Milliseconds before an engine that ended is started again; doubles up to the limit, begins anew after a minute. */
const RESTART_DELAY = 100;
const RESTART_DELAY_LIMIT = 30_000;
const HONEST_LIFE = 60_000;
/** An engine has little to say: states change a few times a minute at the most. */
const MESSAGES_PER_SECOND = 50;
const MESSAGES_AT_ONCE = 200;
/** Milliseconds for an engine to shut itself in and be ready, and to answer a question. */
const READY_TIMEOUT = 10_000;
const ANSWER_TIMEOUT = 2_000;
/** BOUNDED: bytes of what an engine writes to its standard error that go to the log, for each engine. */
const COMPLAINT_LIMIT = 4096;

export interface EngineLaunch {
  readonly role: Role;
  readonly confinement: Confinement;
  /** TUN device, or the raw socket of a server; of this process. */
  readonly device: number;
  readonly sockets: readonly number[];
  readonly directedBroadcasts: readonly Ipv4Address[];
  /** Script and arguments to run instead of the engine, to test how it would fare with another. */
  readonly program?: readonly string[];
}

export interface EngineEvents {
  stateChanged(state: TunnelState): void;
  /** It has ended, or was ended; another will be started. */
  gone(): void;
  /** The interface or a socket is unusable: a new engine will not help. */
  broken(sentence: string): void;
}

interface Question {
  readonly number: number;
  readonly answered: (statistics: EngineStatistics | undefined) => void;
  readonly timer: NodeJS.Timeout;
}

export class EngineProcess {
  /** Resolves when the first engine has shut itself in and moves packets. */
  readonly ready: Promise<void>;
  readonly #launch: EngineLaunch;
  readonly #events: EngineEvents;
  readonly #log: Log;
  #child: ChildProcess | undefined;
  #lines: MessageLines | undefined;
  #servers: Servers | undefined;
  #directedBroadcasts: readonly Ipv4Address[];
  #isReady = false;
  #firstReady = (): void => {};
  #startedAt = 0;
  #restartDelay = RESTART_DELAY;
  #restartTimer: NodeJS.Timeout | undefined;
  #readyTimer: NodeJS.Timeout | undefined;
  #closed = false;
  /** BOUNDED: each is dropped after ANSWER_TIMEOUT. */
  readonly #questions = new Map<number, Question>();
  #nextQuestion = 1;

  constructor(launch: EngineLaunch, events: EngineEvents, log: Log) {
    this.#launch = launch;
    this.#events = events;
    this.#log = log;
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
    this.#servers = servers;
    if (this.#isReady) this.#send({ type: 'start', ...servers });
  }

  stop(): void {
    this.#servers = undefined;
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
    const number = this.#nextQuestion++;
    return new Promise((answered) => {
      const timer = setTimeout(() => this.#answer(number, undefined), ANSWER_TIMEOUT);
      this.#questions.set(number, { number, answered, timer });
      this.#send({ type: 'ask', number });
    });
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
    const { device, sockets, program = [ENGINE ?? ''] } = this.#launch;
    this.#startedAt = now();
    const child = spawn(process.execPath, program, {
      cwd: '/',
      // Nothing of ours is its business. A ring of io_uring would pass the filter of system calls by.
      env: { UV_USE_IO_URING: '0' },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', device, ...sockets],
    });
    this.#child = child;
    child.on('error', (error) => this.#ended(child, `The engine cannot be started: ${error.message}.`));
    child.on('exit', (code, signal) => this.#ended(child, `The engine ended (${signal ?? `exit code ${code}`}).`));
    this.#logComplaints(child);
    this.#readyTimer = setTimeout(() => this.#distrust('is not ready in time'), READY_TIMEOUT);
    const allowance = new TokenBucket(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE);
    this.#lines = new MessageLines(child.stdio[CHANNEL] as Duplex, {
      message: (value) => {
        if (this.#child !== child) return;
        if (allowance.take(now())) this.#receive(value);
        else this.#distrust('sends a flood of messages');
      },
      violation: (sentence) => {
        if (this.#child === child) this.#distrust(`sends ${sentence}`);
      },
      closed: () => {},
    });
    this.#send(this.#configuration());
  }

  #configuration(): Configure {
    const { role, confinement, sockets } = this.#launch;
    return {
      type: 'configure',
      role,
      confinement,
      device: FIRST_DESCRIPTOR,
      sockets: sockets.map((_, index) => FIRST_DESCRIPTOR + 1 + index),
      directedBroadcasts: this.#directedBroadcasts,
    };
  }

  #send(message: ToEngine): void {
    this.#lines?.send(message);
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
      case 'broken':
        this.#events.broken(message.sentence);
        break;
      case 'answer':
        this.#answer(message.number, message.statistics);
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
    if (this.#servers !== undefined) this.#send({ type: 'start', ...this.#servers });
    for (const missing of lacking) this.#log('warning', `The engine is less shut in than it should be: ${missing}.`);
    this.#firstReady();
  }

  #heedState(state: TunnelState): void {
    if (!this.#isReady || this.#launch.role.name !== 'client') {
      this.#distrust('reports a state it cannot have');
      return;
    }
    if (state.name === 'qualified') {
      const expected = this.#servers && { prefix: this.#launch.role.prefix, ...this.#servers };
      const problem = implausible(state, expected);
      if (problem !== undefined) {
        this.#distrust(`claims ${problem}`);
        return;
      }
    }
    this.#events.stateChanged(state);
  }

  #answer(number: number, statistics: EngineStatistics | undefined): void {
    const question = this.#questions.get(number);
    if (question === undefined) return;
    this.#questions.delete(number);
    clearTimeout(question.timer);
    question.answered(statistics);
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
    if (now() - this.#startedAt > HONEST_LIFE) this.#restartDelay = RESTART_DELAY;
    this.#restartTimer = setTimeout(() => this.#start(), this.#restartDelay);
    this.#restartDelay = Math.min(2 * this.#restartDelay, RESTART_DELAY_LIMIT);
    this.#events.gone();
  }

  /** Kills the child, if any, and forgets what belongs to it. */
  #dismiss(): void {
    clearTimeout(this.#readyTimer);
    this.#lines?.close();
    this.#child?.kill('SIGKILL');
    this.#lines = undefined;
    this.#child = undefined;
    this.#isReady = false;
    for (const number of [...this.#questions.keys()]) this.#answer(number, undefined);
  }

  /** A crash report is for the log; a stream of text from a hostile engine is not. */
  #logComplaints(child: ChildProcess): void {
    let left = COMPLAINT_LIMIT;
    child.stderr?.on('data', (chunk: Buffer) => {
      const text = chunk.subarray(0, left).toString('utf8');
      left -= Math.min(left, chunk.length);
      for (const line of text.split('\n')) {
        const printable = line.replace(/[^\x20-\x7e]/g, '?').trim();
        if (printable !== '') this.#log('warning', `engine: ${printable}`);
      }
    });
  }
}
