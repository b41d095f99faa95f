import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { claimPidFile, type PidFile } from '../../daemon/service/pid-file.js';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'miredo-pid-'));
  file = join(folder, 'miredo.pid');
});
afterEach(() => rmSync(folder, { recursive: true }));

function acquire(pid?: number): PidFile {
  const result = claimPidFile(file, pid);
  assert.ok(result.ok, result.ok ? '' : result.sentence);
  return result;
}

function refusal(path = file): string {
  const result = claimPidFile(path);
  assert.ok(!result.ok);
  return result.sentence;
}

test('it holds the process id, and goes away', () => {
  const held = acquire();
  assert.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  held.release();
  held.release();
  assert.ok(!existsSync(file));
});

test('everybody may read it, whatever the mask for new files', () => {
  const mask = process.umask(0o077);
  try {
    const held = acquire();
    assert.equal(statSync(file).mode & 0o777, 0o644);
    held.release();
  } finally {
    process.umask(mask);
  }
});

test('a second one is refused, and names the first', () => {
  const held = acquire(4711);
  assert.match(refusal(), /^Already running: process 4711 holds .*miredo\.pid\. Stop that one/);
  assert.equal(readFileSync(file, 'utf8'), '4711\n');
  held.release();
  acquire().release();
});

test('what a killed process left behind is replaced', async () => {
  const module = new URL('../../daemon/service/pid-file.js', import.meta.url);
  const script = `import { claimPidFile } from '${module.href}';
    console.log(claimPidFile(process.argv[1]).ok); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [answer] = await once(child.stdout, 'data');
  assert.equal(String(answer), 'true\n');
  assert.match(refusal(), new RegExp(`process ${child.pid} holds`));
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(existsSync(file));
  const held = acquire();
  assert.equal(readFileSync(file, 'utf8'), `${process.pid}\n`);
  held.release();
});

test('longer text of a stale file is gone', () => {
  writeFileSync(file, '1234567890 and more\n');
  const held = acquire(1);
  assert.equal(readFileSync(file, 'utf8'), '1\n');
  held.release();
});

test('a file of another kind is neither overwritten nor removed', () => {
  writeFileSync(file, '[Unit]\n');
  assert.match(refusal(), /it holds something else/);
  assert.equal(readFileSync(file, 'utf8'), '[Unit]\n');
});

test("somebody else's file of the same name is left alone", () => {
  const held = acquire();
  renameSync(file, `${file}.old`);
  writeFileSync(file, 'other');
  held.release();
  assert.equal(readFileSync(file, 'utf8'), 'other');
});

test('why it cannot be written', () => {
  symlinkSync(join(folder, 'elsewhere'), file);
  assert.match(refusal(), /it is a symbolic link/);
  assert.ok(!existsSync(join(folder, 'elsewhere')));
  assert.match(refusal(join(folder, 'none', 'miredo.pid')), /its folder does not exist/);
  mkdirSync(join(folder, 'folder'));
  assert.match(refusal(join(folder, 'folder')), /it is a folder/);
});
