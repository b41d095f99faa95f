/** The clock that the cores are driven by. */

/** Milliseconds with fractions on CLOCK_MONOTONIC: never goes back, stands still while the machine sleeps. */
export const monotonicNow = (): number => performance.now();
