/** Reads the daemon's counters each second while the window is to be seen; otherwise nothing is asked. */
import { SAMPLE_INTERVAL, SAMPLES_KEPT, type Sample } from '../shared/sample.js';
import type { DaemonLink } from './daemon-link.js';
import type { Store } from './store.js';

export class Sampling {
  readonly #store: Store;
  readonly #link: DaemonLink;
  readonly #now: () => number;
  readonly #listener: (sample: Sample) => void;
  /** BOUNDED: {@link SAMPLES_KEPT}. */
  readonly #samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;

  constructor(store: Store, link: DaemonLink, now: () => number, listener: (sample: Sample) => void) {
    this.#store = store;
    this.#link = link;
    this.#now = now;
    this.#listener = listener;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  get isActive(): boolean {
    return this.#timer !== undefined;
  }

  setActive(isActive: boolean): void {
    if (isActive === this.isActive) return;
    clearInterval(this.#timer);
    this.#timer = isActive ? setInterval(() => void this.#read(), SAMPLE_INTERVAL) : undefined;
    if (isActive) void this.#read();
  }

  async #read(): Promise<void> {
    const client = this.#link.client;
    if (this.#isReading || client === undefined || this.#store.view.tunnel.presence !== 'present') return;
    this.#isReading = true;
    const read = await client.read();
    this.#isReading = false;
    // When it fails there is no daemon any more, which the view says.
    if (!read.ok || !this.isActive) return;
    const { statistics, roundTrip, lastServerContact, refreshInterval } = read.value;
    const sample = { time: this.#now(), statistics, roundTrip, lastServerContact, refreshInterval };
    this.#samples.push(sample);
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift();
    this.#listener(sample);
  }
}
