/** The script for NetworkManager's dispatcher, as a shell sees it; what it tells is in test/bus/network-manager.test.ts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingSentence } from '../lab/needed-programs.js';

const SCRIPT = fileURLToPath(new URL('../../../packaging/network-manager/90-miredo', import.meta.url));

const run = (command: string, ...words: string[]): { status: number | null; said: string } => {
  const { status, stdout, stderr } = spawnSync(command, [...words, SCRIPT], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
};

test('it is one for every POSIX shell', { skip: missingSentence(['networks']) ?? false }, () => {
  assert.match(readFileSync(SCRIPT, 'utf8'), /^#!\/bin\/sh\n/);
  assert.deepEqual(run('shellcheck', '--shell=sh', '--severity=style'), { status: 0, said: '' });
  assert.deepEqual(run('sh', '-n'), { status: 0, said: '' });
});

test('it can be run', () => {
  assert.equal(statSync(SCRIPT).mode & 0o111, 0o111);
});
