/** Detaching, with real processes: what the caller sees, and what the process left behind is like. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../lab/kernel-view.js';
import { temporaryFolder } from './log-sockets.js';

const PROGRAM = fileURLToPath(new URL('detach-child.js', import.meta.url));

interface Facts {
  readonly pid: number;
  readonly session: number;
  readonly terminal: number;
  readonly directory: string;
  readonly umask: number;
  readonly variables: readonly string[];
  readonly words: readonly string[];
  readonly descriptors: readonly string[];
}

interface End {
  readonly code: number | null;
  readonly errors: string;
}

async function endOf(child: ChildProcess): Promise<End> {
  const errors = text(child.stderr as Readable);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, errors: await errors };
}

const start = (...words: string[]): ChildProcess =>
  spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });

/** Of the detached process, as soon as it has written them; it ends with the test. */
async function factsIn(t: TestContext, file: string): Promise<Facts> {
  await existing(file);
  const facts = JSON.parse(readFileSync(file, 'utf8')) as Facts;
  t.after(() => isAlive(facts.pid) && process.kill(facts.pid, 'SIGKILL'));
  return facts;
}

async function existing(file: string): Promise<void> {
  const isThere = (): boolean => existsSync(file) && readFileSync(file, 'utf8').endsWith('}');
  const watcher = watch(dirname(file));
  try {
    while (!isThere()) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.startsWith('Z') === false;
  } catch {
    return false;
  }
}

test('once it is up the caller has exit code 0 and what it said until then', async (t) => {
  const file = `${temporaryFolder(t)}/facts`;
  assert.deepEqual(await endOf(start('ready', file)), { code: 0, errors: 'demo: warning: odd\n' });
  const { pid } = await factsIn(t, file);
  assert.ok(isAlive(pid));
});

test('it is a daemon: own session, no terminal, in /, umask 022, nothing of ours in its environment', async (t) => {
  const file = `${temporaryFolder(t)}/facts`;
  const shell = `umask 077; exec "$0" "$@"`;
  const child = spawn('sh', ['-c', shell, process.execPath, PROGRAM, 'ready', file], { stdio: 'ignore' });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const { pid, ...facts } = await factsIn(t, file);
  const { descriptors: _, ...rest } = facts;
  const words = ['ready', file];
  assert.deepEqual(rest, { session: pid, terminal: 0, directory: '/', umask: 0o022, variables: [], words });
});

test('it holds nothing of the caller: standard streams, low and high descriptors', async (t) => {
  const file = `${temporaryFolder(t)}/facts`;
  const held = openSync(PROGRAM, 'r');
  t.after(() => closeSync(held));
  const stdio = Array.from({ length: 120 }, (_, fd) =>
    fd === 0 || fd === 5 || fd === 17 || fd === 119 ? held : 'ignore',
  );
  const child = spawn(process.execPath, [PROGRAM, 'ready', file], { stdio });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const { descriptors } = await factsIn(t, file);
  assert.deepEqual(descriptors.slice(0, 3), ['0 /dev/null', '1 /dev/null', '2 /dev/null']);
  for (const descriptor of descriptors) {
    assert.ok(!descriptor.includes(basename(PROGRAM)), descriptor);
    assert.doesNotMatch(descriptor, /socket|\/dev\/(?!null)/, 'not the pipe of the start either');
  }
});

test('a pipeline with it ends', (t) => {
  const file = `${temporaryFolder(t)}/facts`;
  const script = `"$0" "$1" ready "$2" 2>&1 | cat`;
  const result = spawnSync('sh', ['-c', script, process.execPath, PROGRAM, file], {
    timeout: 20_000,
    encoding: 'utf8',
  });
  assert.deepEqual([result.status, result.stdout], [0, 'demo: warning: odd\n']);
  return factsIn(t, file).then(() => {});
});

test('a failed start has its exit code, and its reasons', async () => {
  const end = await endOf(start('fail'));
  assert.deepEqual(end, { code: 7, errors: 'demo: error: first\ndemo: error: no privilege\n' });
});

test('an end without a word is a failure too', async () => {
  assert.deepEqual(await endOf(start('vanish')), { code: 1, errors: 'demo: error: ended during its start\n' });
  const crash = { code: 1, errors: 'demo: error: was ended by SIGKILL during its start\n' };
  assert.deepEqual(await endOf(start('crash')), crash);
});

test('one that is up and ends at once was up', async () => {
  assert.deepEqual(await endOf(start('quiet')), { code: 0, errors: '' });
});

for (const what of ['slow', 'stubborn']) {
  test(`one that is not up in time is ended: ${what}`, async (t) => {
    const file = `${temporaryFolder(t)}/facts`;
    const end = await endOf(start(what, file, '1500'));
    assert.deepEqual(end, { code: 1, errors: 'demo: error: is not up after 1.5 s, ending it\n' });
    const { pid } = await factsIn(t, file);
    // A kill takes effect a moment after it was sent.
    await waitFor('its end', () => !isAlive(pid) || undefined, { timeout: 2_000 });
  });
}

test('who is interrupted while waiting takes the child along', async (t) => {
  const file = `${temporaryFolder(t)}/facts`;
  const parent = start('slow', file);
  const { pid } = await factsIn(t, file);
  parent.kill('SIGINT');
  assert.deepEqual(await endOf(parent), { code: 130, errors: '' });
  // A kill takes effect a moment after it was sent.
  await waitFor('its end', () => !isAlive(pid) || undefined, { timeout: 2_000 });
});

test('a variable from elsewhere does not make a child', (t) => {
  const file = `${temporaryFolder(t)}/facts`;
  const env = { ...process.env, MIREDO_START_PIPE: '3' };
  const options = { env, timeout: 20_000, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'ready', file], options);
  assert.deepEqual([status, stderr], [0, 'demo: warning: odd\n']);
  return factsIn(t, file).then(() => {});
});
