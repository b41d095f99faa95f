import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SeededRandom } from '../support/seeded-random.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Link, type LinkProfile, profile } from './link.js';

const COUNT = 2000;

/** Sends numbered packets a millisecond apart; what arrives, and when. */
function carry(parts: Partial<LinkProfile>): { number: number; at: number; bytes: Uint8Array }[] {
  const clock = new VirtualClock();
  const link = new Link(clock, new SeededRandom(3), profile(parts));
  const arrivals: { number: number; at: number; bytes: Uint8Array }[] = [];
  for (let number = 0; number < COUNT; number++) {
    const deliver = (bytes: Uint8Array): void => {
      arrivals.push({ number, at: clock.now, bytes });
    };
    clock.at(number, () => link.carry(new Uint8Array(20), deliver));
  }
  clock.run(1e6);
  return arrivals;
}

const isOrdered = (arrivals: readonly { number: number }[]): boolean =>
  arrivals.every((arrival, i) => i === 0 || (arrivals[i - 1]?.number ?? 0) <= arrival.number);

const near = (actual: number, share: number): void =>
  assert.ok(Math.abs(actual / COUNT - share) < 0.05, `${actual} of ${COUNT}, expected a share of ${share}`);

describe('link', () => {
  it('delays by its delay, and by jitter on top, in order', () => {
    assert.ok(carry({ delay: 7 }).every(({ number, at }) => at === number + 7));
    const arrivals = carry({ delay: 7, jitter: 30 });
    assert.equal(arrivals.length, COUNT);
    assert.ok(isOrdered(arrivals));
    assert.ok(arrivals.every(({ number, at }) => at >= number + 7 && at <= number + 37));
    assert.ok(arrivals.some(({ number, at }) => at > number + 20));
  });

  it('loses, doubles, reorders and damages as often as it is told', () => {
    near(carry({ loss: 0.3 }).length, 0.7);
    near(carry({ duplication: 0.2 }).length, 1.2);
    assert.ok(!isOrdered(carry({ reordering: 0.1 })));
    const damaged = carry({ corruption: 0.1 }).filter(({ bytes }) => bytes.some((byte) => byte !== 0));
    near(damaged.length, 0.1);
  });
});
