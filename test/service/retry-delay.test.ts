import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryDelay } from '../../daemon/service/retry-delay.js';

test('a delay doubles up to its limit, and begins anew when something has worked', () => {
  const delay = new RetryDelay(100, 500);
  assert.deepEqual(
    Array.from({ length: 5 }, () => delay.take()),
    [100, 200, 400, 500, 500],
  );
  delay.reset();
  assert.deepEqual([delay.take(), delay.take()], [100, 200]);
});
