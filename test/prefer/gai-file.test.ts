/** /etc/gai.conf on a real file system: its attributes and links, two programs at a time, and one that is killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { plan } from '../../daemon/prefer/block.js';
import { changeGaiConf } from '../../daemon/prefer/gai-file.js';
import { enterNamespace } from '../support/namespace.js';
import { coverEtc, isForeignRoot } from '../support/private-etc.js';
import { SeededRandom } from '../support/seeded-random.js';

const skip = enterNamespace(import.meta.url, ['--mount']);
const PROGRAM = fileURLToPath(new URL('../../bin/miredo-prefer.js', import.meta.url));
const FILE = '/etc/gai.conf';
const CONTENT = '# mine, and no end of the line: \xe9';
const CHANGED = { ok: true, isChanged: true } as const;

if (skip === false) coverEtc();

const read = (): string => readFileSync(FILE, 'latin1');
const drafts = (): string[] => readdirSync('/etc').filter((name) => /^\.gai/.test(name));

/** The file with our block. */
function withBlock(content: string): string {
  const planned = plan(content, true);
  assert.ok(planned.ok && planned.change === 'write');
  return planned.content;
}

function start(word: 'on' | 'off'): { readonly child: ChildProcess; readonly ended: Promise<string> } {
  const child = spawn(process.execPath, [PROGRAM, word], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  return { child, ended: new Promise((resolve) => child.on('close', () => resolve(output))) };
}

describe('the file', { skip }, () => {
  beforeEach(() => {
    rmSync(FILE, { force: true, recursive: true });
    writeFileSync(FILE, CONTENT, 'latin1');
  });

  test('mode, owner and attributes stay', { skip: isForeignRoot() && 'there is one user only' }, () => {
    chownSync(FILE, 1, 2);
    chmodSync(FILE, 0o640);
    execFileSync('python3', ['-c', `import os; os.setxattr('${FILE}', 'user.whose', b'mine')`]);
    for (const isWanted of [true, false]) {
      assert.deepEqual(changeGaiConf(isWanted), CHANGED);
      const { uid, gid, mode } = statSync(FILE);
      assert.deepEqual([uid, gid, mode & 0o7777], [1, 2, 0o640]);
      const value = execFileSync('python3', ['-c', `import os; print(os.getxattr('${FILE}', 'user.whose').decode())`]);
      assert.equal(String(value), 'mine\n');
    }
    assert.equal(read(), CONTENT);
    assert.deepEqual(drafts(), []);
  });

  test('a link stays one, and what it leads to is changed', () => {
    rmSync(FILE);
    mkdirSync('/etc/elsewhere', { recursive: true });
    writeFileSync('/etc/elsewhere/order', CONTENT, 'latin1');
    symlinkSync('elsewhere/order', FILE);
    assert.deepEqual(changeGaiConf(true), CHANGED);
    assert.equal(readlinkSync(FILE), 'elsewhere/order');
    assert.equal(read(), withBlock(CONTENT));
    assert.deepEqual(changeGaiConf(false), CHANGED);
    assert.equal(readFileSync('/etc/elsewhere/order', 'latin1'), CONTENT);
    assert.deepEqual(readdirSync('/etc/elsewhere'), ['order']);
  });

  test('none at all: one is made that everybody can read, and is gone afterwards', () => {
    rmSync(FILE);
    const mask = process.umask(0o077);
    assert.deepEqual(changeGaiConf(true), CHANGED);
    process.umask(mask);
    assert.equal(statSync(FILE).mode & 0o777, 0o644);
    assert.deepEqual(changeGaiConf(true), { ok: true, isChanged: false });
    assert.deepEqual(changeGaiConf(false), CHANGED);
    assert.equal(lstatSync(FILE, { throwIfNoEntry: false }), undefined);
    assert.deepEqual(drafts(), []);
  });

  for (const [what, make] of [
    ['no file behind its link', () => symlinkSync('nowhere', FILE)],
    ['a folder in its place', () => mkdirSync(FILE)],
    ['a fifo in its place', () => execFileSync('mkfifo', [FILE])],
    ['too much in it', () => writeFileSync(FILE, '#'.repeat(2 ** 20 + 1))],
    ['a second name', () => [writeFileSync(FILE, CONTENT), linkSync(FILE, '/etc/gai.conf.second')]],
  ] as const) {
    test(`${what}: it is left alone`, (t) => {
      t.after(() => rmSync('/etc/gai.conf.second', { force: true }));
      rmSync(FILE);
      make();
      const before = lstatSync(FILE);
      const result = changeGaiConf(true);
      assert.ok(!result.ok && result.code === 'file', JSON.stringify(result));
      assert.equal(lstatSync(FILE).ino, before.ino);
      assert.deepEqual(drafts(), []);
    });
  }

  test('of many at a time each does it, or says that another is at it; nothing is half done', async () => {
    const runs = Array.from({ length: 12 }, (_, index) => start(index % 2 === 0 ? 'on' : 'off'));
    for (const output of await Promise.all(runs.map(({ ended }) => ended))) {
      const result = JSON.parse(output) as { readonly ok: boolean; readonly code?: string };
      assert.ok(result.ok || result.code === 'busy', output);
    }
    assert.ok([CONTENT, withBlock(CONTENT)].includes(read()), read());
    changeGaiConf(false);
    assert.equal(read(), CONTENT);
    assert.deepEqual(drafts(), []);
  });

  test('killed at any moment, it leaves the old file or the new one, and the next run cleans up', async () => {
    const random = new SeededRandom(7);
    const whole = await duration();
    const seen = new Set<string>();
    for (let round = 0; round < 40; round += 1) {
      const word = read() === CONTENT ? 'on' : 'off';
      const { child, ended } = start(word);
      // Most of the time is its start; what counts is its end.
      const wait = whole * (0.6 + 0.6 * random.fraction());
      const timer = setTimeout(() => child.kill('SIGKILL'), wait);
      await ended;
      clearTimeout(timer);
      assert.ok([CONTENT, withBlock(CONTENT)].includes(read()), `round ${round}: ${read()}`);
      seen.add(`${word} ${child.signalCode}`);
    }
    assert.ok(seen.size > 1, [...seen].join());
    changeGaiConf(false);
    assert.equal(read(), CONTENT);
    assert.deepEqual(drafts(), []);
  });

  test('a draft that was left behind goes, also when nothing has to be changed', () => {
    writeFileSync('/etc/.gai.conf.miredo', 'half a li');
    assert.deepEqual(changeGaiConf(false), { ok: true, isChanged: false });
    assert.deepEqual(drafts(), []);
    writeFileSync('/etc/.gai.conf.miredo', 'half a li');
    assert.deepEqual(changeGaiConf(true), CHANGED);
    assert.equal(read(), withBlock(CONTENT));
  });
});

async function duration(): Promise<number> {
  const since = performance.now();
  await start('off').ended;
  return performance.now() - since;
}
