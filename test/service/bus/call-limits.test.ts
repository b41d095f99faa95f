/** Nobody keeps others out by making the daemon wait for much. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallLimits } from '../../../daemon/service/bus/call-limits.js';

const entered = (limits: CallLimits, caller: string, tries: number): number =>
  Array.from({ length: tries }, () => limits.enter(caller)).filter(Boolean).length;

test('a caller has 64 calls under way at the most, and others have theirs', () => {
  const limits = new CallLimits();
  assert.equal(entered(limits, ':1.1', 100), 64);
  assert.equal(entered(limits, ':1.2', 100), 64);
  limits.leave(':1.1');
  assert.equal(entered(limits, ':1.1', 100), 1);
});

test('a user with all the connections that the bus gives him leaves room for others', () => {
  const limits = new CallLimits();
  for (let n = 0; n < 256; n += 1) assert.equal(entered(limits, `:1.${n}`, 100), 64);
  assert.equal(entered(limits, ':2.1', 1), 1);
});

test('all together have a limit too, and room comes back', () => {
  const limits = new CallLimits();
  let all = 0;
  for (let n = 0; n < 1000; n += 1) all += entered(limits, `:1.${n}`, 64);
  assert.equal(all, 20_000);
  assert.equal(limits.enter(':2.1'), false);
  limits.leave(':1.0');
  assert.equal(limits.enter(':2.1'), true);
});
