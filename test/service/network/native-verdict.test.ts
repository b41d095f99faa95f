import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NativeVerdict } from '../../../daemon/service/network/native-verdict.js';

/** Seconds and what is seen then: `+` native IPv6, `-` none; and the verdict after it. */
type Look = readonly [second: number, seen: '+' | '-', verdict: '+' | '-'];

const CASES: Readonly<Record<string, readonly Look[]>> = {
  'the first look counts at once': [[0, '+', '+']],
  'the first look counts at once, none as well': [[0, '-', '-']],
  'it counts when it has been there for a while': [
    [0, '-', '-'],
    [10, '+', '-'],
    [12.9, '+', '-'],
    [13, '+', '+'],
  ],
  'it is gone when it has been gone for a while': [
    [0, '+', '+'],
    [10, '-', '+'],
    [14.9, '-', '+'],
    [15, '-', '-'],
  ],
  'an advertisement that comes and goes is none': [
    [0, '-', '-'],
    [10, '+', '-'],
    [12, '-', '-'],
    [14, '+', '-'],
    [16, '-', '-'],
    [18, '+', '-'],
    [20, '-', '-'],
  ],
  'an address that is being replaced stays': [
    [0, '+', '+'],
    [10, '-', '+'],
    [13, '+', '+'],
    [16, '-', '+'],
    [20, '+', '+'],
  ],
  'a loss that repeats itself is believed later': [
    [0, '+', '+'],
    [10, '-', '+'],
    [15, '-', '-'],
    [20, '+', '-'],
    [23, '+', '+'],
    [30, '-', '+'],
    [35, '-', '+'],
    [39.9, '-', '+'],
    [40, '-', '-'],
    [50, '+', '-'],
    [53, '+', '+'],
    [60, '-', '+'],
    [79.9, '-', '+'],
    [80, '-', '-'],
  ],
  'after a long quiet time it is believed soon again': [
    [0, '+', '+'],
    [10, '-', '+'],
    [15, '-', '-'],
    [20, '+', '-'],
    [23, '+', '+'],
    [1000, '-', '+'],
    [1005, '-', '-'],
  ],
};

describe('native IPv6', () => {
  for (const [name, looks] of Object.entries(CASES)) {
    test(name, () => {
      const verdict = new NativeVerdict();
      for (const [second, seen, expected] of looks) {
        verdict.observe(1000 * second, seen === '+');
        assert.equal(verdict.isNative ? '+' : '-', expected, `at ${second} s`);
      }
    });
  }

  test('says when to look again, and only when that can matter', () => {
    const verdict = new NativeVerdict();
    verdict.observe(0, false);
    assert.equal(verdict.deadline, Number.POSITIVE_INFINITY);
    verdict.observe(10, true);
    assert.equal(verdict.deadline, 3010);
    verdict.observe(20, true);
    assert.equal(verdict.deadline, 3010, 'a second look does not put it off');
    verdict.observe(3010, true);
    assert.equal(verdict.deadline, Number.POSITIVE_INFINITY);
    verdict.observe(4000, false);
    assert.equal(verdict.deadline, 9000);
  });

  test('that comes and goes for a day is believed lost a few times in all', () => {
    const verdict = new NativeVerdict();
    let losses = 0;
    let was = false;
    for (let time = 0; time < 86_400_000; time += 1000) {
      verdict.observe(time, Math.floor(time / 60_000) % 2 === 0);
      if (was && !verdict.isNative) losses += 1;
      was = verdict.isNative;
    }
    assert.ok(losses > 0 && losses < 8, `${losses}`);
  });
});
