/**
 * Random bytes from the system's generator, drawn in advance: a server that answers tens of thousands of
 * solicitations a second must not pay a system call for each 8-byte nonce.
 */
import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;

export class SystemEntropy {
  readonly #pool = new Uint8Array(POOL_BYTES);
  #used = POOL_BYTES;

  /** Fills with cryptographically strong random bytes; none is given out twice. */
  fill(target: Uint8Array): void {
    const length = target.length;
    if (length > POOL_BYTES / 8) {
      randomFillSync(target);
      return;
    }
    if (this.#used + length > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    // By hand: a subarray would be an object for every nonce.
    for (let i = 0; i < length; i++) {
      const from = this.#used + i;
      target[i] = this.#pool[from] ?? 0;
      this.#pool[from] = 0; // what was given out is not to be found here afterwards
    }
    this.#used += length;
  }
}
