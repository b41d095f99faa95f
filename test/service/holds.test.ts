import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Holds } from '../../daemon/service/holds.js';

test('the first hold that applies is the reason; a change of it is told once', () => {
  const told: (string | undefined)[] = [];
  const holds: Holds = new Holds(() => told.push(holds.reason?.code));
  holds.set('native-ipv6', true);
  holds.set('native-ipv6', true);
  holds.set('asleep', true);
  holds.set('network-policy', true);
  holds.set('asleep', false);
  holds.set('native-ipv6', false);
  assert.deepEqual(told, ['native-ipv6', 'asleep', 'network-policy']);
  holds.set('network-policy', false);
  holds.set('network-policy', false);
  assert.deepEqual(told.slice(3), [undefined]);
  assert.equal(holds.reason, undefined);
});
