import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SeededRandom } from './seeded-random.js';
import { VirtualClock } from './virtual-clock.js';

describe('virtual clock', () => {
  it('runs events by time, and those of one instant in the order of scheduling', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 }), (instants) => {
        const clock = new VirtualClock();
        const seen: { instant: number; index: number }[] = [];
        for (const [index, instant] of instants.entries()) {
          clock.at(instant, () => {
            assert.equal(clock.now, instant);
            seen.push({ instant, index });
          });
        }
        clock.run(10);
        const expected = instants.map((instant, index) => ({ instant, index }));
        expected.sort((a, b) => a.instant - b.instant || a.index - b.index);
        assert.deepEqual(seen, expected);
      }),
    );
  });

  it('stops at its limit and leaves the rest for later', () => {
    const clock = new VirtualClock(5);
    const seen: number[] = [];
    for (const delay of [1, 2, 3]) clock.after(delay, () => seen.push(clock.now));
    clock.run(7);
    assert.deepEqual(seen, [6, 7]);
    assert.equal(clock.now, 7);
    clock.runFor(100);
    assert.deepEqual(seen, [6, 7, 8]);
    assert.equal(clock.now, 107);
  });

  it('runs what an event schedules, and what is late at once', () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.at(5, () => {
      clock.at(1, () => seen.push(`late at ${clock.now}`));
      clock.after(2, () => seen.push(`then ${clock.now}`));
    });
    clock.run(6);
    assert.deepEqual(seen, ['late at 5']);
    assert.equal(
      clock.runUntil(() => seen.length === 2, 100),
      true,
    );
    assert.equal(clock.now, 7);
    assert.equal(
      clock.runUntil(() => seen.length === 3, 100),
      false,
    );
    assert.equal(clock.now, 100);
  });
});

describe('seeded random', () => {
  it('repeats itself for the same seed only', () => {
    const draw = (seed: number): string => Buffer.from(new SeededRandom(seed).bytes(32)).toString('hex');
    assert.equal(draw(7), draw(7));
    const seeds = [0, 1, 2, 7, 2 ** 31, 2 ** 32, 2 ** 40];
    assert.equal(new Set(seeds.map(draw)).size, seeds.length);
  });

  it('stays in its bounds and reaches them', () => {
    const random = new SeededRandom(1);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) seen.add(random.integer(3, 6));
    assert.deepEqual([...seen].sort(), [3, 4, 5, 6]);
  });

  it('strikes about as often as it is told', () => {
    const random = new SeededRandom(2);
    let struck = 0;
    for (let i = 0; i < 10_000; i++) if (random.chance(0.3)) struck++;
    assert.ok(struck > 2700 && struck < 3300, `${struck} of 10000`);
    assert.equal(random.chance(0), false);
    assert.equal(random.chance(1), true);
  });
});
