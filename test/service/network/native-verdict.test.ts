import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Ipv6Outlook } from '../../../daemon/io/native-ipv6.js';
import { NativeVerdict } from '../../../daemon/service/network/native-verdict.js';

/** Seconds and what is seen then, and the verdict after it: native IPv6 or none. The tunnel works unless it says so. */
type Look = readonly [second: number, seen: Seen, verdict: '+' | '-', tunnel?: 'down'];
type Seen = '+' | '-' | '~' | '?';
const OUTLOOKS: Readonly<Record<Seen, Ipv6Outlook>> = { '+': 'here', '-': 'none', '~': 'soon', '?': 'perhaps' };

const CASES: Readonly<Record<string, readonly Look[]>> = {
  'the first look counts at once': [[0, '+', '+']],
  'the first look counts at once, none as well': [[0, '-', '-']],
  'it counts when it has been there for a while': [
    [0, '-', '-'],
    [10, '+', '-'],
    [12.9, '+', '-'],
    [13, '+', '+'],
  ],
  'it counts at once where there is no tunnel to take down': [
    [0, '-', '-', 'down'],
    [10, '~', '-', 'down'],
    [11, '+', '+', 'down'],
  ],
  'it counts when the tunnel has gone down meanwhile': [
    [0, '-', '-'],
    [10, '+', '-'],
    [11, '+', '+', 'down'],
    [12, '-', '+', 'down'],
    [16.9, '-', '+', 'down'],
    [17, '-', '-', 'down'],
  ],
  'signs of it are none': [
    [0, '?', '-'],
    [10, '~', '-'],
    [20, '?', '-'],
    [30, '~', '-', 'down'],
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
      for (const [second, seen, expected, tunnel] of looks) {
        verdict.observe(1000 * second, OUTLOOKS[seen], tunnel === undefined);
        assert.equal(verdict.isNative ? '+' : '-', expected, `at ${second} s`);
      }
    });
  }

  test('says when to look again, and only when that can matter', () => {
    const verdict = new NativeVerdict();
    verdict.observe(0, 'none', true);
    assert.equal(verdict.deadline, Number.POSITIVE_INFINITY);
    verdict.observe(10, 'here', true);
    assert.equal(verdict.deadline, 3010);
    verdict.observe(20, 'here', true);
    assert.equal(verdict.deadline, 3010, 'a second look does not put it off');
    verdict.observe(3010, 'here', true);
    assert.equal(verdict.deadline, Number.POSITIVE_INFINITY);
    verdict.observe(4000, 'none', true);
    assert.equal(verdict.deadline, 9000);
  });

  test('that comes and goes for a day is believed lost a few times in all', () => {
    const verdict = new NativeVerdict();
    let losses = 0;
    let was = false;
    for (let time = 0; time < 86_400_000; time += 1000) {
      verdict.observe(time, Math.floor(time / 60_000) % 2 === 0 ? 'here' : 'none', true);
      if (was && !verdict.isNative) losses += 1;
      was = verdict.isNative;
    }
    assert.ok(losses > 0 && losses < 8, `${losses}`);
  });
});

/** Seconds since the network has appeared (before the first of them), what is seen then, and whether it is settled. */
const SETTLING: Readonly<Record<string, readonly (readonly [second: number, seen: Seen, isSettled: boolean])[]>> = {
  'after three seconds without a sign': [
    [0, '-', false],
    [2.9, '-', false],
    [3, '-', true],
  ],
  'not while there is one': [
    [0, '-', false],
    [2, '?', false],
    [3, '~', false],
    [5.9, '~', false],
    [6, '~', true],
  ],
  'after six seconds, however many signs there are': [
    [0, '?', false],
    [6, '?', true],
    [7, '-', true],
    [8, '?', true],
    [9, '~', true],
  ],
  'and is not unsettled by a sign that comes later': [
    [3, '-', true],
    [4, '~', true],
  ],
};

describe('a network that has just appeared is settled', () => {
  for (const [name, looks] of Object.entries(SETTLING)) {
    test(name, () => {
      const verdict = new NativeVerdict();
      verdict.observe(0, 'none', false);
      assert.equal(verdict.isSettled, true);
      verdict.appeared(5000);
      for (const [second, seen, isSettled] of looks) {
        verdict.observe(5000 + 1000 * second, OUTLOOKS[seen], false);
        assert.equal(verdict.isSettled, isSettled, `at ${second} s`);
      }
    });
  }

  test('and says when to look again', () => {
    const verdict = new NativeVerdict();
    verdict.observe(0, 'none', false);
    verdict.appeared(1000);
    assert.equal(verdict.deadline, 4000);
    verdict.observe(2000, 'perhaps', false);
    assert.equal(verdict.deadline, 7000);
    verdict.observe(7000, 'perhaps', false);
    assert.equal(verdict.deadline, Number.POSITIVE_INFINITY);
  });

  test('at the start as well, when an address is that young; otherwise it may have been there for long', () => {
    for (const [seen, isSettled] of [
      ['~', false],
      ['?', true],
      ['-', true],
    ] as const) {
      const verdict = new NativeVerdict();
      verdict.observe(1000, OUTLOOKS[seen], false);
      assert.equal(verdict.isSettled, isSettled, seen);
    }
  });
});
