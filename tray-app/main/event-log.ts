/** What has happened since the app began, for the window and the problem report. */
import { LOG_KEPT } from '../shared/ipc.js';
import type { Happening, LogEntry } from '../shared/log-entry.js';

export class EventLog {
  /** BOUNDED: {@link LOG_KEPT}. */
  readonly #entries: LogEntry[] = [];
  readonly #now: () => number;
  #last = 0;
  #listener: ((entry: LogEntry) => void) | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  add(happening: Happening): void {
    this.#last += 1;
    const entry: LogEntry = { ...happening, id: this.#last, time: this.#now() };
    this.#entries.push(entry);
    if (this.#entries.length > LOG_KEPT) this.#entries.shift();
    this.#listener?.(entry);
  }

  /** One listener: the window. */
  listen(listener: (entry: LogEntry) => void): void {
    this.#listener = listener;
  }
}
