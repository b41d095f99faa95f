/** The clock that the cores are driven by. */
import os from 'node:os';

/** Milliseconds with fractions on CLOCK_MONOTONIC: never goes back, stands still while the machine sleeps. */
export const monotonicNow = (): number => performance.now();

/** Milliseconds that the machine has been on. */
export const sinceBoot = (): number => 1000 * os.uptime();

/**
 * Milliseconds that the machine has slept, from some beginning: what CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC. Exact to
 * a second.
 */
export const sleptSoFar = (): number => sinceBoot() - monotonicNow();
