/** Those who wait for a test of the IPv6 Internet: all of them for the same one. */
import type { Reachability } from '../protocol/internet-test.js';

/** Milliseconds for a test: two rounds of it. */
const TIMEOUT = 12_000;

export class ReachabilityTests {
  /** BOUNDED: a diagnosis waits for each, and one runs at a time. */
  readonly #waiting = new Set<(reachability: Reachability) => void>();

  /** `begin` when none runs; `otherwise` tells what is known when no answer comes in time. */
  wait(begin: () => void, otherwise: () => Reachability): Promise<Reachability> {
    return new Promise((resolve) => {
      const settle = (reachability: Reachability): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve(reachability);
      };
      const timer = setTimeout(() => settle(otherwise()), TIMEOUT);
      this.#waiting.add(settle);
      if (this.#waiting.size === 1) begin();
    });
  }

  settle(reachability: Reachability): void {
    for (const settle of [...this.#waiting]) settle(reachability);
  }
}
