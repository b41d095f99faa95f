/** Users, as the system's own id(1) and getent(1) see them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import { lookupUser } from '../../daemon/io/users.js';

interface Entry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const entries: readonly Entry[] = execFileSync('getent', ['passwd'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((line) => line.split(':'))
  .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));

test('every user of the system, by name and by number', () => {
  assert.ok(entries.length > 5);
  for (const { name, uid, gid } of entries) {
    assert.deepEqual(lookupUser(name), { uid, gid }, name);
    // Of several users with one number the first counts, as everywhere.
    const first = entries.find((entry) => entry.uid === uid);
    assert.deepEqual(lookupUser(String(uid)), { uid, gid: first?.gid });
  }
});

test('ourselves', () => {
  const { username, uid, gid } = userInfo();
  assert.deepEqual(lookupUser(username), { uid, gid });
});

test('numbers that nobody has are users', () => {
  const free = [4_000_000_123, 1_999_999_999].find((uid) => !entries.some((entry) => entry.uid === uid)) ?? 0;
  assert.deepEqual(lookupUser(String(free)), { uid: free, gid: free });
});

test('what is no user', () => {
  // The greatest number stands for "as it is" in the system calls that change users.
  for (const name of [
    'no-such-user',
    '',
    ' root',
    'root ',
    'root\0',
    '-1',
    '1.5',
    '0x10',
    '4294967295',
    '9'.repeat(30),
  ]) {
    assert.equal(lookupUser(name), undefined, JSON.stringify(name));
  }
});
