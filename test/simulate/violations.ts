/** What no node may ever do, whatever the network does to it. The nodes report; a run ends at the first report. */
import type { VirtualClock } from '../support/virtual-clock.js';

export class Violations {
  readonly #clock: VirtualClock;
  /** In the order of events. */
  readonly reports: string[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  report(node: string, fault: string): void {
    this.reports.push(`${this.#clock.now.toFixed(3)} ms, ${node}: ${fault}`);
  }

  /** Reports unless `condition` holds. */
  demand(condition: boolean, node: string, fault: string): void {
    if (!condition) this.report(node, fault);
  }
}
