/** Says a message that comes again and again once, and then how often it came. */
import type { LogRecord } from './log-record.js';

/** Milliseconds in which a message is said once. */
const WINDOW = 30_000;

export class RepeatFilter {
  readonly #pass: (record: LogRecord) => void;
  readonly #window: number;
  #last: LogRecord | undefined;
  #repeats = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(pass: (record: LogRecord) => void, window: number = WINDOW) {
    this.#pass = pass;
    this.#window = window;
  }

  take(record: LogRecord): void {
    const left = this.#timeLeft(record);
    if (left > 0) {
      this.#repeats += 1;
      this.#timer ??= setTimeout(() => this.flush(), left).unref();
      return;
    }
    this.flush();
    this.#last = record;
    this.#pass(record);
  }

  /** Says how often the last message came; the next one is said whatever it is. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const last = this.#last;
    const repeats = this.#repeats;
    this.#last = undefined;
    this.#repeats = 0;
    if (last === undefined || repeats === 0) return;
    const message = `last message repeated ${repeats} ${repeats === 1 ? 'time' : 'times'}`;
    this.#pass({ ...last, message, time: Date.now() });
  }

  /** Milliseconds in which the record need not be said: 0 when it is another one, or the last is long ago. */
  #timeLeft(record: LogRecord): number {
    const last = this.#last;
    if (last === undefined || last.level !== record.level || last.message !== record.message) return 0;
    const age = record.time - last.time;
    return age < 0 ? 0 : this.#window - age; // below 0: the clock was set back
  }
}
