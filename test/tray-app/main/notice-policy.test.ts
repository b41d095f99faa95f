/** When a notification is due, in a time of the test's own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Snapshot } from '../../../dbus/snapshot.js';
import { BURST, LOSS_GRACE, NoticePolicy, REFILL } from '../../../tray-app/main/notice-policy.js';
import type { Tunnel } from '../../../tray-app/shared/view.js';
import { aSnapshot } from '../a-view.js';

const tunnel = (state: string, change: Partial<Snapshot> = {}): Tunnel => ({
  presence: 'present',
  snapshot: aSnapshot({ state, isEnabled: true, ...change }),
});
const UP = tunnel('qualified', { address: '2001::1', server: 's' });
const BUSY = tunnel('qualifying');
const failed = (code: string): Tunnel => tunnel('failed', { reason: { code, sentence: code } });
const OFF = tunnel('stopped', { isEnabled: false });
const GONE: Tunnel = { presence: 'no-daemon', isActivatable: false };

/** Shown at a time in seconds; what is told then, `-` for nothing. */
type Step = readonly [second: number, tunnel: Tunnel, told: string];

const CASES: Readonly<Record<string, readonly Step[]>> = {
  'what was so before is no news': [
    [0, UP, '-'],
    [1, UP, '-'],
  ],
  'up, down for good, up': [
    [0, OFF, '-'],
    [1, BUSY, '-'],
    [2, UP, 'qualified'],
    [10, BUSY, '-'],
    [15, BUSY, 'lost'],
    [60, UP, 'qualified'],
  ],
  'a short loss is none': [
    [0, OFF, '-'],
    [2, UP, 'qualified'],
    [10, BUSY, '-'],
    [12, UP, '-'],
    [20, UP, '-'],
  ],
  'a loss begins anew after the last is over': [
    [0, UP, '-'],
    [10, BUSY, '-'],
    [12, UP, '-'],
    [13, BUSY, '-'],
    [15, BUSY, '-'],
    [18, BUSY, 'lost'],
  ],
  'who stops it is not told': [
    [0, UP, '-'],
    [1, OFF, '-'],
    [30, OFF, '-'],
    [31, BUSY, '-'],
    [32, UP, 'qualified'],
  ],
  'a failure is told once for each reason': [
    [0, BUSY, '-'],
    [5, failed('server-silent'), 'failed'],
    [6, BUSY, '-'],
    [9, failed('server-silent'), '-'],
    [40, failed('symmetric-nat'), 'failed'],
  ],
  'a daemon that goes takes the tunnel along': [
    [0, UP, '-'],
    [1, GONE, '-'],
    [6, GONE, 'lost'],
  ],
  'a daemon that goes without a tunnel does not': [
    [0, OFF, '-'],
    [1, GONE, '-'],
    [20, GONE, '-'],
  ],
  'a failure needs no grace': [
    [0, UP, '-'],
    [1, failed('no-server'), 'failed'],
  ],
};

describe('of the tunnel is told', () => {
  for (const [what, steps] of Object.entries(CASES)) {
    test(what, () => {
      const policy = new NoticePolicy();
      const told = steps.map(([second, shown]) => policy.take(shown, second * 1000)?.kind ?? '-');
      assert.deepEqual(
        told,
        steps.map(([, , expected]) => expected),
      );
    });
  }
});

test('a loss is told by the clock, when nothing more is shown', () => {
  const policy = new NoticePolicy();
  policy.take(UP, 0);
  policy.take(BUSY, 1000);
  assert.equal(policy.deadline, 1000 + LOSS_GRACE);
  assert.equal(policy.due(1000 + LOSS_GRACE)?.kind, 'lost');
  assert.equal(policy.deadline, undefined);
});

test('a tunnel that flaps is told of at a rate, and in the end as it is', () => {
  const policy = new NoticePolicy();
  policy.take(OFF, 0);
  let told = 0;
  let now = 1000;
  for (let round = 0; round < 20; round += 1) {
    for (const shown of [UP, failed(`reason ${round}`)]) {
      if (policy.take(shown, now) !== undefined) told += 1;
      now += 100;
    }
  }
  assert.equal(told, BURST);
  const deadline = policy.deadline;
  assert.ok(deadline !== undefined && deadline <= now + REFILL);
  const last = policy.due(deadline);
  assert.ok(last?.kind === 'failed' && last.tunnel.presence === 'present');
  assert.equal(last.tunnel.snapshot.reason?.code, 'reason 19');
});

test('another server is told, unless the user has chosen it, and not too often', () => {
  const policy = new NoticePolicy();
  const because = (code: string): { code: string; sentence: string } => ({ code, sentence: code });
  assert.equal(policy.takeSwitch('a', 'b', because('user'), 0), undefined);
  assert.equal(policy.takeSwitch('a', '', because('server-lost'), 0), undefined);
  for (let count = 0; count < BURST; count += 1) {
    assert.equal(policy.takeSwitch('a', 'b', because('server-lost'), 0)?.kind, 'server-switched');
  }
  assert.equal(policy.takeSwitch('a', 'b', because('server-lost'), 1), undefined);
  assert.equal(policy.takeSwitch('a', 'b', because('server-lost'), REFILL)?.kind, 'server-switched');
});
