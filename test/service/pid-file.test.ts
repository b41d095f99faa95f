/** The file that keeps a second program from starting. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { claimPidFile } from '../../daemon/service/pid-file.js';

/** A place for a process-id file, gone when the test ends. */
function place(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'miredo-pid-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return join(directory, 'miredo.pid');
}

/** A process that calls itself `words` and ends with the test. */
async function processCalled(context: TestContext, ...words: readonly string[]): Promise<number> {
  const [name = '', ...args] = words;
  // It says that it runs: before that its command line is that of this process.
  const script = 'process.stdout.write("here"); setInterval(() => {}, 1000)';
  const child: ChildProcess = spawn(process.execPath, ['--eval', script, '--', ...args], {
    argv0: name,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  assert.ok(child.stdout !== null && child.pid !== undefined);
  await once(child.stdout, 'data');
  return child.pid;
}

/** The number of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  assert.ok(child.pid !== undefined);
  return child.pid;
}

const own = `${process.pid}\n`;

test('is written, readable for all, and removed on release', (t) => {
  const path = place(t);
  const claim = claimPidFile(path);
  assert.ok(claim.ok);
  assert.equal(readFileSync(path, 'utf8'), own);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  claim.release();
  assert.equal(existsSync(path), false);
  claim.release();
});

test('of a program that runs is respected', async (t) => {
  const path = place(t);
  for (const name of ['miredo', '/usr/sbin/miredo', 'miredo-server']) {
    const pid = await processCalled(t, name);
    writeFileSync(path, `${pid}\n`);
    const claim = claimPidFile(path);
    assert.ok(!claim.ok);
    assert.equal(claim.code, 'running');
    assert.equal(
      claim.sentence,
      `Already running as process ${pid} (${path}). Stop it first, or choose another file with -p.`,
    );
    assert.equal(readFileSync(path, 'utf8'), `${pid}\n`, 'it is left alone');
  }
});

/** What may be in a file that says nothing of a running program. */
const leftovers: readonly (readonly [what: string, content: (t: TestContext) => string | Promise<string>])[] = [
  ['of a process that is gone', async () => `${await endedProcess()}\n`],
  ['of a process that is something else', async (t) => `${await processCalled(t, 'sleep')}\n`],
  ['of somebody who reads our configuration', async (t) => `${await processCalled(t, 'miredo.conf')}\n`],
  ['of this very process', () => own],
  ['that is empty', () => ''],
  ['of process 1', () => '1\n'],
  ['with a negative number', () => '-1\n'],
  ['with a number that no process has', () => '99999999999999999999\n'],
  ['with words', () => 'miredo\n'],
];
for (const [what, content] of leftovers) {
  test(`${what} is replaced`, async (t) => {
    const path = place(t);
    writeFileSync(path, await content(t));
    const claim = claimPidFile(path);
    assert.ok(claim.ok, claim.ok ? '' : claim.sentence);
    assert.equal(readFileSync(path, 'utf8'), own);
  });
}

test('that has become another’s stays on release', (t) => {
  const path = place(t);
  const claim = claimPidFile(path);
  assert.ok(claim.ok);
  writeFileSync(path, '12345\n');
  claim.release();
  assert.equal(readFileSync(path, 'utf8'), '12345\n');
});

test('that cannot be written is a failure with its path', (t) => {
  const path = join(place(t), 'miredo.pid');
  const claim = claimPidFile(path);
  assert.ok(!claim.ok);
  assert.equal(claim.code, 'unwritable');
  assert.ok(claim.sentence.startsWith(`Cannot write the process-id file ${path}: ENOENT`), claim.sentence);
});
