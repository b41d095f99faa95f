/**
 * One piece of work at a time, shared by those who ask for the same: however many ask, servers are asked no more often
 * than one of them could.
 */

/** BOUNDED: pieces of work that wait their turn. */
const QUEUE_LIMIT = 8;
/** Milliseconds from the beginning of one to that of the next: who asks after something has changed gets a new answer. */
const INTERVAL = 1_000;

export type Begin<Part, Result> = (heard: (part: Part) => void, signal: AbortSignal) => Promise<Result>;

export interface Listener<Part> {
  heard(part: Part): void;
  /** Aborted when the listener is gone. */
  readonly signal: AbortSignal;
}

export type Shared<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly why: 'busy' | 'gone' };

interface Run<Part, Result> {
  readonly key: string;
  readonly begin: Begin<Part, Result>;
  readonly controller: AbortController;
  readonly listeners: Set<Listener<Part>>;
  /** For those who come later. BOUNDED: by the work. */
  readonly parts: Part[];
  readonly result: Promise<Result>;
  readonly settle: (result: Promise<Result>) => void;
  hasEnded: boolean;
}

export class SharedRuns<Part, Result> {
  #current: Run<Part, Result> | undefined;
  readonly #queue: Run<Part, Result>[] = [];
  /** Until the next one may begin. */
  #rest: NodeJS.Timeout | undefined;
  readonly #interval: number;

  constructor(interval = INTERVAL) {
    this.#interval = interval;
  }

  /** The work of that key that is under way or waits, or else `begin` when it is its turn. */
  join(key: string, begin: Begin<Part, Result>, listener: Listener<Part>): Promise<Shared<Result>> {
    if (listener.signal.aborted) return Promise.resolve({ ok: false, why: 'gone' });
    const run = this.#find(key) ?? this.#add(key, begin);
    if (run === undefined) return Promise.resolve({ ok: false, why: 'busy' });
    for (const part of run.parts) listener.heard(part);
    run.listeners.add(listener);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#leave(run, listener);
        resolve({ ok: false, why: 'gone' });
      };
      listener.signal.addEventListener('abort', leave);
      run.result
        .then((result) => resolve({ ok: true, result }), reject)
        .finally(() => listener.signal.removeEventListener('abort', leave));
    });
  }

  #find(key: string): Run<Part, Result> | undefined {
    const isOpen = (run: Run<Part, Result>): boolean =>
      run.key === key && !run.hasEnded && !run.controller.signal.aborted;
    return [this.#current, ...this.#queue].find((run) => run !== undefined && isOpen(run));
  }

  #add(key: string, begin: Begin<Part, Result>): Run<Part, Result> | undefined {
    if (this.#queue.length >= QUEUE_LIMIT) return undefined;
    let settle: (result: Promise<Result>) => void = () => {};
    const result = new Promise<Result>((resolve) => {
      settle = resolve;
    });
    const controller = new AbortController();
    const run = { key, begin, controller, listeners: new Set<Listener<Part>>(), parts: [], result, settle };
    const entry: Run<Part, Result> = { ...run, hasEnded: false };
    this.#queue.push(entry);
    // After its first listener has come.
    queueMicrotask(() => this.#next());
    return entry;
  }

  #next(): void {
    if (this.#rest !== undefined || this.#current?.hasEnded === false) return;
    const run = this.#queue.shift();
    if (run === undefined) return;
    this.#current = run;
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#next();
    }, this.#interval);
    const heard = (part: Part): void => {
      run.parts.push(part);
      for (const listener of run.listeners) listener.heard(part);
    };
    const work = run.begin(heard, run.controller.signal);
    const ended = (): void => {
      run.hasEnded = true;
      this.#next();
    };
    work.then(ended, ended);
    run.settle(work);
  }

  /** Work that nobody waits for any more is given up. */
  #leave(run: Run<Part, Result>, listener: Listener<Part>): void {
    run.listeners.delete(listener);
    if (run.listeners.size > 0 || run.hasEnded) return;
    run.controller.abort();
    const place = this.#queue.indexOf(run);
    if (place >= 0) this.#queue.splice(place, 1);
  }
}
