/** The real world for a core: the system's random numbers, clock and HMAC. */
import { createHmac } from 'node:crypto';
import { monotonicNow } from '../io/clock.js';
import { SystemEntropy } from '../io/entropy.js';
import type { Environment } from '../protocol/environment.js';
import type { Instant } from '../protocol/time.js';

export const now = (): Instant => monotonicNow() as Instant;

export function systemEnvironment(): Environment {
  return {
    entropy: new SystemEntropy(),
    hmac: (algorithm, secret, parts) => {
      const hmac = createHmac(algorithm, secret);
      for (const part of parts) hmac.update(part);
      return hmac.digest();
    },
  };
}
