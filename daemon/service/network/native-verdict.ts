/**
 * Whether the host has native IPv6, with patience: an advertisement that comes and goes, or an address that is being
 * replaced, is not to take the tunnel down and up with it. Pure: the time is passed in.
 *
 * What is seen counts when it has lasted. The first look counts at once, and a loss is believed later each time one
 * shows itself within a short time.
 */

/** Milliseconds that it has to be there. The tunnel's route is behind the native one meanwhile. */
const APPEARED = 3_000;
/** Milliseconds that it has to be gone; doubles up to the limit with each time it is gone within the window. */
const GONE = 5_000;
const GONE_LIMIT = 160_000;
const WINDOW = 10 * 60_000;

export class NativeVerdict {
  #isNative: boolean | undefined;
  /** Since when something else is seen. */
  #since: number | undefined;
  #gone = GONE;
  #missedAt = Number.NEGATIVE_INFINITY;

  get isNative(): boolean {
    return this.#isNative ?? false;
  }

  /** When to look again; Infinity when only a change can matter. */
  get deadline(): number {
    if (this.#since === undefined) return Number.POSITIVE_INFINITY;
    return this.#since + (this.isNative ? this.#gone : APPEARED);
  }

  observe(now: number, isSeen: boolean): void {
    if (this.#isNative === undefined || isSeen === this.#isNative) {
      this.#isNative = isSeen;
      this.#since = undefined;
      return;
    }
    if (this.#since === undefined) this.#begin(now);
    if (now < this.deadline) return;
    this.#isNative = isSeen;
    this.#since = undefined;
  }

  /** This is another network: what was seen before says nothing of how steady it is. */
  forget(): void {
    this.#missedAt = Number.NEGATIVE_INFINITY;
  }

  #begin(now: number): void {
    this.#since = now;
    if (!this.isNative) return;
    const isRepeated = now - this.#missedAt < WINDOW;
    this.#gone = isRepeated ? Math.min(2 * this.#gone, GONE_LIMIT) : GONE;
    this.#missedAt = now;
  }
}
