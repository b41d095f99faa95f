/** How long to wait before something is tried again: twice as long each time, up to a limit. Milliseconds. */
export class RetryDelay {
  readonly #first: number;
  readonly #limit: number;
  #next: number;

  constructor(first: number, limit: number) {
    this.#first = first;
    this.#limit = limit;
    this.#next = first;
  }

  /** Of the try that is coming. */
  take(): number {
    const delay = this.#next;
    this.#next = Math.min(2 * delay, this.#limit);
    return delay;
  }

  /** It has worked. */
  reset(): void {
    this.#next = this.#first;
  }
}
