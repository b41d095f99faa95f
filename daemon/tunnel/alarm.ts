/** One timer of the host for one deadline of a core. */
import { type Instant, NEVER } from '../protocol/time.js';

/** A Node timer cannot wait longer; the core is then just asked once in between. */
const LONGEST_WAIT = 2 ** 31 - 1;

export class Alarm {
  readonly #clock: () => Instant;
  readonly #ring: (now: Instant) => void;
  #deadline: Instant = NEVER;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: () => Instant, ring: (now: Instant) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /**
   * Called after every batch, so it must be cheap: a timer that is due too early is left alone, and looks again when
   * it fires. Under load the deadline moves away with each packet, and no timer is touched.
   */
  set(deadline: Instant): void {
    if (deadline === this.#deadline) return;
    const earlier = deadline < this.#deadline;
    this.#deadline = deadline;
    if (this.#timer === undefined || earlier) this.#arm();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#deadline = NEVER;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#deadline === NEVER) return;
    // Rounded up: firing a fraction early would only mean firing twice.
    const wait = Math.min(Math.max(Math.ceil(this.#deadline - this.#clock()), 0), LONGEST_WAIT);
    this.#timer = setTimeout(() => this.#fire(), wait);
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock();
    if (now < this.#deadline) {
      this.#arm();
      return;
    }
    this.#deadline = NEVER;
    this.#ring(now);
  }
}
