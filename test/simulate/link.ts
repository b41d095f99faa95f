/** One direction of a line: it delays, loses, doubles, overtakes and damages what it carries, as its profile says. */
import type { SeededRandom } from '../support/seeded-random.js';
import type { VirtualClock } from '../support/virtual-clock.js';

/** Probabilities are per packet. */
export interface LinkProfile {
  /** Milliseconds. */
  readonly delay: number;
  /** Added to the delay, uniform from 0 to this, in milliseconds. Jitter alone never changes the order. */
  readonly jitter: number;
  readonly loss: number;
  readonly duplication: number;
  /** A packet so struck waits up to {@link OVERTAKING_DELAY} longer, and later ones pass it. */
  readonly reordering: number;
  /** A packet so struck has one bit turned. */
  readonly corruption: number;
}

const OVERTAKING_DELAY = 50;

export const PERFECT: LinkProfile = { delay: 0, jitter: 0, loss: 0, duplication: 0, reordering: 0, corruption: 0 };
export const HOME_LINE: LinkProfile = { ...PERFECT, delay: 8, jitter: 4 };
export const DATA_CENTRE_LINE: LinkProfile = { ...PERFECT, delay: 2 };

export const profile = (parts: Partial<LinkProfile>): LinkProfile => ({ ...PERFECT, ...parts });

export class Link {
  profile: LinkProfile;
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  #lastArrival = Number.NEGATIVE_INFINITY;

  constructor(clock: VirtualClock, random: SeededRandom, linkProfile: LinkProfile) {
    this.#clock = clock;
    this.#random = random;
    this.profile = linkProfile;
  }

  /** `bytes` must not change afterwards. `deliver` is called later, never at once; not at all, once, or twice. */
  carry(bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    const { loss, duplication } = this.profile;
    if (this.#random.chance(loss)) return;
    this.#transmit(bytes, deliver);
    if (this.#random.chance(duplication)) this.#transmit(bytes, deliver);
  }

  #transmit(bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    const { delay, jitter, reordering, corruption } = this.profile;
    let arrival = this.#clock.now + delay + (jitter > 0 ? this.#random.fraction() * jitter : 0);
    if (this.#random.chance(reordering)) {
      arrival += this.#random.fraction() * OVERTAKING_DELAY;
    } else {
      arrival = Math.max(arrival, this.#lastArrival);
      this.#lastArrival = arrival;
    }
    const carried = this.#random.chance(corruption) ? this.#damage(bytes) : bytes;
    this.#clock.at(arrival, () => deliver(carried));
  }

  #damage(bytes: Uint8Array): Uint8Array {
    const damaged = bytes.slice();
    const bit = this.#random.integer(0, 8 * bytes.length - 1);
    damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    return damaged;
  }
}
