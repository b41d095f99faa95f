import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkFailure } from '../../daemon/io/link.js';
import { LinkKeeper } from '../../daemon/service/link-keeper.js';

/** No interface has it: that a change was tried shows in its failure. */
const NOWHERE = 'no-such-link';
const some = { mtu: 1280, addresses: [], routes: [] };

test('what is wanted in the same moment as nothing is not forgotten', async () => {
  const failures: LinkFailure[] = [];
  const link = new LinkKeeper(NOWHERE, (failure) => failures.push(failure));
  // As when two messages of the engine arrive together: "qualifying" and "qualified".
  void link.want(undefined);
  await link.want(some);
  assert.equal(failures.length, 1);
});

test('what is wanted during a change comes after it, and only the last of it', async () => {
  const failures: LinkFailure[] = [];
  const link = new LinkKeeper(NOWHERE, (failure) => failures.push(failure));
  void link.want(some);
  void link.want({ ...some, mtu: 1400 });
  await link.want({ ...some, mtu: 1500 });
  assert.equal(failures.length, 2);
});

test('nothing is changed after the end', async () => {
  const failures: LinkFailure[] = [];
  const link = new LinkKeeper(NOWHERE, (failure) => failures.push(failure));
  link.close();
  await link.want(some);
  assert.deepEqual(failures, []);
});
