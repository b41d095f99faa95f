/**
 * Whether the machine has slept, by its clocks: also where nobody says so, as after `echo mem >/sys/power/state`.
 *
 * One clock counts what is slept away and another does not; a step of what is between them is a sleep. Setting the time
 * changes neither.
 */

/** Milliseconds. One of the clocks may come in whole seconds; and a NAT outlasts less. */
const SHORTEST = 3000;

export class SleepClock {
  readonly #read: () => number;
  #slept: number;

  /** `read`: milliseconds slept so far, from any beginning. */
  constructor(read: () => number) {
    this.#read = read;
    this.#slept = read();
  }

  /** Since this was last true, or since {@link forget}. */
  hasSlept(): boolean {
    if (this.#read() - this.#slept < SHORTEST) return false;
    this.forget();
    return true;
  }

  /** What has been slept so far is known. */
  forget(): void {
    this.#slept = this.#read();
  }
}
