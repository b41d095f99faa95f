/** Hearing of changes to a real network, in a namespace of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { watchNetwork } from '../../daemon/io/network-watch.js';
import { enterNamespace } from '../support/namespace.js';
import { ip } from '../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 30_000 };
const CHILD = fileURLToPath(new URL('./network-watch-child.js', import.meta.url));

interface Watched {
  /** Times of the calls, in milliseconds. */
  readonly calls: number[];
  /** Resolves at the next call. */
  next(): Promise<void>;
  close(): void;
}

/** Keeps the loop alive; closed when the test ends. */
function watch(t: TestContext): Watched {
  const calls: number[] = [];
  let wake = (): void => {};
  const opened = watchNetwork(
    () => {
      calls.push(performance.now());
      wake();
    },
    { keepAlive: true },
  );
  assert.ok(opened.ok);
  t.after(() => opened.close());
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return { calls, next, close: opened.close };
}

test('links, addresses and routes of both families', OPTIONS, async (t) => {
  const changes = [
    'link add mwatch type veth',
    'link set mwatch up',
    'address add 192.0.2.1/24 dev mwatch',
    'address add 2001:db8:9::1/64 dev mwatch nodad',
    'route add 198.51.100.0/24 dev mwatch',
    'route add 2001:db8:a::/64 dev mwatch',
    'route del 198.51.100.0/24 dev mwatch',
    'route del 2001:db8:a::/64 dev mwatch',
    'link set mwatch down',
    'link del mwatch',
  ];
  for (const change of changes) {
    // A watch for each, so that no echo of one change counts for the next: the kernel tells before `ip` ends.
    const watched = watch(t);
    const told = watched.next();
    ip(...change.split(' '));
    await told;
    watched.close();
  }
});

test('many changes are one call, and the last is not lost', OPTIONS, async (t) => {
  const watched = watch(t);
  const first = watched.next();
  for (let i = 0; i < 20; i++) ip('link', 'add', `mmany${i}`, 'type', 'veth');
  const begun = performance.now();
  await first;
  assert.ok(performance.now() - begun >= 150, 'not at the first change');
  assert.equal(watched.calls.length, 1);
  const second = watched.next();
  for (let i = 0; i < 20; i++) ip('link', 'del', `mmany${i}`);
  await second;
  const [before = 0, after = 0] = watched.calls;
  assert.ok(after - before >= 190, `${after - before} ms`);
});

test('more than the kernel can keep for us is a change, and the watch goes on', OPTIONS, async (t) => {
  const watched = watch(t);
  // The queue holds some hundred messages; all of them come while we stand still here.
  const lines = Array.from({ length: 4000 }, (_, i) => `route add 2001:db8:${i.toString(16)}::/64 dev lo`);
  const first = watched.next();
  const run = spawnSync('ip', ['-6', '-batch', '-'], { input: lines.join('\n'), encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  await first;
  // What was left in the queue is told too, before it is quiet.
  for (let quiet = false; !quiet; ) {
    const calls = watched.calls.length;
    await setTimeout(300);
    quiet = watched.calls.length === calls;
  }
  const second = watched.next();
  ip('link', 'add', 'mafter', 'type', 'veth');
  await second;
  ip('link', 'del', 'mafter');
});

test('closed, it tells nothing more, not even what it knows', OPTIONS, async (t) => {
  const watched = watch(t);
  const other = watch(t);
  const told = other.next();
  ip('link', 'add', 'mclosed', 'type', 'veth');
  await setImmediate();
  watched.close();
  watched.close();
  await told;
  assert.equal(watched.calls.length, 0);
  ip('link', 'del', 'mclosed');
});

test('what it does to the process around it', OPTIONS, () => {
  const run = (program: string): { status: number | null; stdout: string; stderr: string } => {
    const words = ['--net', process.execPath, CHILD, program];
    const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 10_000 });
    return { status, stdout, stderr };
  };
  assert.deepEqual(run('idle'), { status: 0, stdout: '', stderr: '' });
  assert.deepEqual(run('kept'), { status: 0, stdout: 'told\n', stderr: '' });
  assert.deepEqual(run('worker'), { status: 0, stdout: 'terminated\n', stderr: '' });
  const thrown = run('throw');
  assert.equal(thrown.status, 1);
  assert.match(thrown.stderr, /Error: thrown by the caller/);
});

test('opened and closed a thousand times, it leaves no descriptor and no garbage', OPTIONS, async () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const before = descriptors();
  let collected = 0;
  const registry = new FinalizationRegistry(() => collected++);
  for (let i = 0; i < 1000; i++) {
    const changed = (): void => assert.fail();
    const opened = watchNetwork(changed);
    assert.ok(opened.ok);
    registry.register(changed, i);
    opened.close();
  }
  assert.equal(descriptors(), before);
  for (let turn = 0; turn < 100 && collected < 999; turn++) {
    await setImmediate();
    collectGarbage();
  }
  assert.ok(collected >= 999, `${collected} of 1000`);
});
