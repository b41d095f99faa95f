/** The lock on the pid file, against C miredo, which takes it by lockf(3). */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { claimPidFile } from '../../daemon/service/pid-file.js';
import { labSkip } from '../lab/availability.js';
import { enterNamespace } from '../support/namespace.js';
import { temporaryDirectory } from '../support/native-program.js';
import { hasNobody } from '../support/nobody.js';

const noSecondUser = hasNobody() ? false : 'C miredo wants a second user, and this user namespace has none';
const OPTIONS = { skip: enterNamespace(import.meta.url) || labSkip('c') || noSecondUser, timeout: 30_000 };

/** In the foreground. It asks a server that is nowhere, and goes on asking. */
function startOld(t: TestContext, pidFile: string): ChildProcess {
  const configuration = `${temporaryDirectory(t, 'old')}/miredo.conf`;
  writeFileSync(configuration, 'InterfaceName mlock\nServerAddress 192.0.2.1\n');
  const words = ['-f', '-c', configuration, '-p', pidFile];
  const old = spawn('miredo', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  // By SIGKILL it would leave its other process behind.
  t.after(() => old.kill('SIGTERM'));
  return old;
}

test('while we hold it, C miredo does not start', OPTIONS, async (t) => {
  const file = `${temporaryDirectory(t, 'lock')}/pid`;
  const held = claimPidFile(file);
  assert.ok(held.ok);
  const old = startOld(t, file);
  assert.ok(old.stderr !== null);
  const [said] = await once(old.stderr, 'data');
  assert.match(String(said), /PID file/);
  assert.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  held.release();
});

test('while C miredo holds it, we do not start, and say who it is; once it is gone we do', OPTIONS, async (t) => {
  const file = `${temporaryDirectory(t, 'lock')}/pid`;
  const old = startOld(t, file);
  assert.ok(old.stderr !== null);
  // It has its lock before it says so.
  await once(old.stderr, 'data');
  const refused = claimPidFile(file);
  assert.ok(!refused.ok);
  assert.equal(refused.code, 'running');
  assert.match(refused.sentence, new RegExp(`process ${old.pid} holds`));
  old.kill('SIGTERM');
  await once(old, 'exit');
  const held = claimPidFile(file);
  assert.ok(held.ok);
  held.release();
});
