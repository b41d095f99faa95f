/**
 * One piece of work at a time, shared by those who ask for the same: however many ask, servers are asked no more often
 * than one of them could.
 */

/** BOUNDED: pieces of work that wait their turn. */
const QUEUE_LIMIT = 8;
/** Milliseconds for which a result is good for whoever asks for the same. */
const RESULT_AGE = 1_000;

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
  endedAt: number | undefined;
}

export class SharedRuns<Part, Result> {
  #current: Run<Part, Result> | undefined;
  readonly #queue: Run<Part, Result>[] = [];
  readonly #clock: () => number;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** The work of that key: the one under way or just done, or else `begin` when it is its turn. */
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
    const { endedAt } = this.#current ?? {};
    if (endedAt !== undefined && this.#clock() - endedAt > RESULT_AGE) this.#current = undefined;
    return [this.#current, ...this.#queue].find((run) => run?.key === key && !run.controller.signal.aborted);
  }

  #add(key: string, begin: Begin<Part, Result>): Run<Part, Result> | undefined {
    if (this.#queue.length >= QUEUE_LIMIT) return undefined;
    let settle: (result: Promise<Result>) => void = () => {};
    const result = new Promise<Result>((resolve) => {
      settle = resolve;
    });
    const controller = new AbortController();
    const run = { key, begin, controller, listeners: new Set<Listener<Part>>(), parts: [], result, settle };
    const entry: Run<Part, Result> = { ...run, endedAt: undefined };
    this.#queue.push(entry);
    // After its first listener has come.
    queueMicrotask(() => this.#next());
    return entry;
  }

  #next(): void {
    if (this.#current !== undefined && this.#current.endedAt === undefined) return;
    const run = this.#queue.shift();
    if (run === undefined) return;
    this.#current = run;
    const heard = (part: Part): void => {
      run.parts.push(part);
      for (const listener of run.listeners) listener.heard(part);
    };
    const work = run.begin(heard, run.controller.signal);
    const ended = (): void => {
      run.endedAt = this.#clock();
      this.#next();
    };
    work.then(ended, ended);
    run.settle(work);
  }

  /** Work that nobody waits for any more is given up. */
  #leave(run: Run<Part, Result>, listener: Listener<Part>): void {
    run.listeners.delete(listener);
    if (run.listeners.size > 0 || run.endedAt !== undefined) return;
    run.controller.abort();
    const place = this.#queue.indexOf(run);
    if (place >= 0) this.#queue.splice(place, 1);
  }
}
