/** Tells systemd how the service is, see sd_notify(3) and sd_watchdog_enabled(3). Without systemd all of it is nothing. */
import { type SendDatagram, sendRecord } from './log-record.js';
import { oneLine } from './log-text.js';

export interface NotifyOptions {
  readonly send: SendDatagram;
  /** Its variables are taken out, so that no child speaks in our name. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** Answers whether the service works; what does not answer is as bad as no. */
export type Health = () => Promise<boolean>;

export interface Notifier {
  /** Whether anybody listens. */
  readonly active: boolean;
  /** Start-up, or loading the configuration again, is over. */
  ready(status: string): void;
  /** The configuration is being loaded again; `ready` has to follow. */
  reloading(status?: string): void;
  /** The end has begun. */
  stopping(status?: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /**
   * Reports as often as systemd wants to hear of us, as long as `health` says yes within that time; when it does not,
   * systemd ends us. Nothing happens when the unit has no WatchdogSec=. Returns what stops it.
   */
  watchdog(health: Health): () => void;
}

/** Milliseconds between attempts at what did not go out. */
const RETRY_DELAY = 200;
/** Messages; a service manager that is away for longer asks us anew when it is back. */
const UNSENT_LIMIT = 16;

/** Once at start, before the first child. */
export function createNotifier({ send, environment = process.env }: NotifyOptions): Notifier {
  const path = socketPath(environment['NOTIFY_SOCKET']);
  const period = watchdogPeriod(environment);
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
  return new SystemdNotifier(path === undefined ? undefined : new Channel(send, path), period);
}

/** The leading @ of an abstract address stands for a NUL. Other kinds (vsock) are for virtual machines. */
function socketPath(text: string | undefined): string | undefined {
  if (text === undefined || text.length < 2) return undefined;
  if (text.startsWith('@')) return `\0${text.slice(1)}`;
  return text.startsWith('/') ? text : undefined;
}

/** Half of what systemd allows, in milliseconds; undefined when it is not us whom it watches. */
function watchdogPeriod(environment: NodeJS.ProcessEnv): number | undefined {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: pid } = environment;
  if (!/^[1-9]\d{0,15}$/.test(microseconds)) return undefined;
  if (pid !== undefined && pid !== String(process.pid)) return undefined;
  // Node takes longer timers for 1 ms.
  return Math.min(Math.max(Math.floor(Number(microseconds) / 2000), 1), 0x7fffffff);
}

class SystemdNotifier implements Notifier {
  readonly #channel: Channel | undefined;
  readonly #period: number | undefined;

  constructor(channel: Channel | undefined, period: number | undefined) {
    this.#channel = channel;
    this.#period = period;
  }

  get active(): boolean {
    return this.#channel !== undefined;
  }

  ready(status: string): void {
    this.#channel?.send(['READY=1', statusLine(status)]);
  }

  /** CLOCK_MONOTONIC tells systemd which reload this is about: Type=notify-reload wants both in one message. */
  reloading(status = 'Loading the configuration again'): void {
    const now = process.hrtime.bigint() / 1000n;
    this.#channel?.send(['RELOADING=1', `MONOTONIC_USEC=${now}`, statusLine(status)]);
  }

  stopping(status = 'Ending'): void {
    this.#channel?.send(['STOPPING=1', statusLine(status)]);
  }

  status(text: string): void {
    this.#channel?.send([statusLine(text)]);
  }

  watchdog(health: Health): () => void {
    const channel = this.#channel;
    if (channel === undefined || this.#period === undefined) return () => {};
    return keepReporting(this.#period, health, () => channel.send(['WATCHDOG=1']));
  }
}

/** On one line: the next would be another assignment, in our name. */
const statusLine = (text: string): string => `STATUS=${oneLine(text)}`;

/** One question at a time; an answer that comes when the next was due is too late to count. */
function keepReporting(period: number, health: Health, report: () => void): () => void {
  let asking = false;
  let round = 0;
  const ask = async (): Promise<void> => {
    round += 1;
    if (asking) return;
    asking = true;
    const asked = round;
    const healthy = await health().catch(() => false);
    asking = false;
    if (healthy && asked === round) report();
  };
  const timer = setInterval(() => void ask(), period).unref();
  void ask();
  return () => {
    clearInterval(timer);
    round += 1;
  };
}

/** Keeps what did not go out, in order: a lost READY=1 would be the end of the service. */
class Channel {
  readonly #send: SendDatagram;
  readonly #path: string;
  /** BOUNDED: by UNSENT_LIMIT, the oldest go first. */
  readonly #unsent: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(send: SendDatagram, path: string) {
    this.#send = send;
    this.#path = path;
  }

  send(assignments: readonly string[]): void {
    this.#unsent.push(assignments.join('\n'));
    if (this.#unsent.length > UNSENT_LIMIT) this.#unsent.shift();
    this.#drain();
  }

  #drain(): void {
    for (let head = this.#unsent[0]; head !== undefined; head = this.#unsent[0]) {
      if (sendRecord(this.#send, this.#path, Buffer.from(head)) !== 'done') {
        this.#retryLater();
        return;
      }
      this.#unsent.shift();
    }
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#drain();
    }, RETRY_DELAY).unref();
  }
}
