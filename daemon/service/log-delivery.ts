/**
 * Brings records to the first destination that takes them, in order.
 *
 * A destination that is there but busy is waited for, so that lines do not jump from one log to another because of a
 * moment; one that is not there is passed over, and asked again with the next record. What nobody takes is kept and
 * offered again; when too much is kept the oldest are given up, and the log says how many.
 */
import type { Destination, LogRecord } from './log-record.js';

/** Records: minutes of a busy start-up, and some hundred kilobytes at most. */
const QUEUE_LIMIT = 512;
/** Milliseconds. */
const RETRY_DELAY = 100;
/** Milliseconds. */
const END_PATIENCE = 300;
const END_STEP = 20;

export class LogDelivery {
  readonly #destinations: readonly Destination[];
  /** BOUNDED: by QUEUE_LIMIT. */
  readonly #queue: LogRecord[] = [];
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `destinations`: the best first. */
  constructor(destinations: readonly Destination[]) {
    this.#destinations = destinations;
  }

  deliver(record: LogRecord): void {
    this.#queue.push(record);
    this.#drain(this.#queue.length <= QUEUE_LIMIT);
    if (this.#queue.length <= QUEUE_LIMIT) return;
    this.#queue.shift();
    this.#lost += 1;
  }

  /** Before the process exits: the only time that we stand still for a busy destination, and not for long. */
  finish(): void {
    for (let waited = 0; !this.#drain(true) && waited < END_PATIENCE; waited += END_STEP) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, END_STEP);
    }
    this.#drain(false);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Returns whether nothing is left. */
  #drain(patient: boolean): boolean {
    let taken = this.#tellLost(patient);
    for (let head = this.#queue[0]; taken && head !== undefined; head = this.#queue[0]) {
      taken = this.#offer(head, patient);
      if (taken) this.#queue.shift();
    }
    if (!taken) this.#retryLater();
    return taken;
  }

  #offer(record: LogRecord, patient: boolean): boolean {
    for (const destination of this.#destinations) {
      const outcome = destination.write(record);
      if (outcome === 'done') return true;
      if (outcome === 'busy' && patient) return false;
    }
    return false;
  }

  /** Those that were given up are older than all that wait. */
  #tellLost(patient: boolean): boolean {
    if (this.#lost === 0) return true;
    const message = `${this.#lost} messages were lost here: nobody took them`;
    const told = this.#offer({ level: 'warning', message, fields: {}, time: Date.now() }, patient);
    if (told) this.#lost = 0;
    return told;
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#drain(true);
    }, RETRY_DELAY).unref();
  }
}
