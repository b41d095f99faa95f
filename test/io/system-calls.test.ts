/** The filter of system calls, number by number, from a small program that is not Node. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { constants } from 'node:os';
import { type TestContext, test } from 'node:test';
import { compileProgram, temporaryDirectory } from '../support/native-program.js';
import { hasNobody, NOBODY } from '../support/nobody.js';
import { threadStatuses } from '../support/thread-status.js';

const skip = process.arch === 'x64' || process.arch === 'arm64' ? false : 'no filter was written for this processor';
const LIMIT = { skip, timeout: 120_000 };
const PARTS = ['confine.cc', 'capabilities.cc', 'every-thread.cc', 'system-call-filter.cc'];
const becomesNobody = process.getuid?.() === 0 && hasNobody();
const { EPERM, ENOSYS, ENOTSOCK } = constants.errno;

/** As nobody when we are root and there is one; else as we are. */
async function probe(t: TestContext, mode: string): Promise<readonly [string, ...string[]]> {
  const program = await compileProgram(t, 'test/io/native/confinement-probe.cc', PARTS);
  const root = temporaryDirectory(t, 'root');
  chmodSync(root, 0o755);
  return [program, mode, root, becomesNobody ? String(NOBODY) : '-', String(NOBODY)];
}

/** What the kernel does not number, or numbers after the filter was written, is as if it did not exist. */
const NEWEST_KNOWN = 469;
const CLONE3 = 435;

/** Uses of calls that are allowed otherwise. 0: done. */
const USES: { readonly [name: string]: number } = {
  'clone-process': EPERM,
  'clone-namespace': EPERM,
  clone3: ENOSYS,
  'signal-parent': EPERM,
  'signal-self': 0,
  'outlive-parent': EPERM,
  'be-dumpable': EPERM,
  'be-subreaper': EPERM,
  'read-limit': 0,
  'change-limit': EPERM,
  'parents-limit': EPERM,
  'own-descriptor': EPERM,
  'duplicate-descriptor': EPERM,
  'lock-descriptor': EPERM,
  'read-flags': 0,
  'persistent-tun': EPERM,
  'attach-tun': EPERM,
  'type-into-terminal': EPERM,
  'persistent-tun-high': EPERM,
  'steer-group': EPERM,
  'steer-group-newer': EPERM,
  'unsteer-group': EPERM,
  // Let through to a descriptor that is no socket.
  'receive-runs': ENOTSOCK,
  'stat-path': EPERM,
  'statx-path': EPERM,
  'stat-descriptor': 0,
  ...(process.arch === 'x64' ? { 'x32-getpid': EPERM, 'x32-open': EPERM } : {}),
};

const errorOf = (call: string): number | undefined => {
  const number = Number(call);
  if (Number.isNaN(number)) return USES[call];
  return number === CLONE3 || number > NEWEST_KNOWN ? ENOSYS : EPERM;
};

test('every system call that moving packets has no need of is refused', LIMIT, async (t) => {
  const [program, ...words] = await probe(t, 'calls');
  const run = spawnSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
  assert.equal(run.signal, null);
  assert.equal(run.status, 0, run.stderr);
  const lines = run.stdout
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('undone'));
  const results = new Map(lines.map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]));
  const wrong = [...results].filter(([call, error]) => error !== errorOf(call));
  assert.deepEqual(wrong, []);
  assert.ok(results.size > 900, `${results.size} calls`);
  assert.deepEqual(
    Object.keys(USES).filter((name) => !results.has(name)),
    [],
  );
});

test('a call by the 32-bit interface kills', {
  ...LIMIT,
  skip: process.arch !== 'x64' && 'there is no such interface',
}, async (t) => {
  const [program, ...words] = await probe(t, 'foreign');
  const run = spawnSync(program, words, { encoding: 'utf8', timeout: 30_000 });
  assert.equal(run.signal, 'SIGSYS', run.stdout);
});

test('threads that are being started, and one that blocks signals, are reached too', LIMIT, async (t) => {
  const [program, ...words] = await probe(t, 'threads');
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for await (const part of child.stdout) {
    output += part;
    if (output.includes('confined')) break;
  }
  assert.ok(child.pid !== undefined);
  const statuses = threadStatuses(child.pid);
  assert.ok(statuses.length > 20, `${statuses.length} threads`);
  const different = new Set(statuses.map((status) => JSON.stringify(status)));
  assert.equal(different.size, 1, [...different].join('\n'));
  const [status] = statuses;
  assert.equal(status?.seccomp, '2');
  assert.equal(status?.noNewPrivileges, '1');
  assert.deepEqual(status?.capabilities.slice(0, 3), Array(3).fill('0000000000000000'));
  if (becomesNobody) assert.equal(status?.uids, Array(4).fill(NOBODY).join('\t'));
  child.stdin.end();
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});
