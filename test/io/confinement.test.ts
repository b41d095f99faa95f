/** Confinement of a real Node: what it cannot do any more, and what must go on. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ConfinementOptions, confine } from '../../daemon/io/confinement.js';
import { closeDescriptor } from '../../daemon/io/descriptors.js';
import type { PacketPath } from '../../daemon/io/packet-path.js';
import { ipv4, port } from '../../daemon/wire/ipv4.js';
import { openLoopbackPath, openLoopbackSocket } from '../support/loopback.js';
import { readRow } from '../support/memory-path.js';
import { enterNamespace } from '../support/namespace.js';
import { temporaryDirectory } from '../support/native-program.js';
import { hasNobody, NOBODY } from '../support/nobody.js';
import { parseThreadStatus, threadRoots, threadStatuses } from '../support/thread-status.js';
import { openTestTun } from '../support/tun.js';

const skip = enterNamespace(import.meta.url);
const LIMIT = { skip, timeout: 60_000 };
const CHILD = fileURLToPath(new URL('./confinement-child.js', import.meta.url));
const NO_CAPABILITY = '0000000000000000';

type Options = Omit<ConfinementOptions, 'parent'>;

/** How a process comes to be confined. */
interface Way {
  readonly name: string;
  /** Command before Node's. */
  readonly prefix: readonly string[];
  readonly keepUser: boolean;
  /** What cannot be done then. */
  readonly undone: readonly string[];
  readonly uid: number;
  readonly skip: string | false;
}

function namespaceOptions(): string | false {
  const run = spawnSync('unshare', ['--user', '--map-root-user', 'true'], { encoding: 'utf8' });
  return run.status === 0 ? false : `no user namespace to be had: ${run.stderr.trim()}`;
}

const noNobody = hasNobody() ? false : 'no second user in this user namespace';
/** In a user namespace with one user, nobody may leave a group (user_namespaces(7)). */
const { groups } = parseThreadStatus(readFileSync('/proc/self/status', 'utf8'));

const ROOT: Way = { name: 'as root', prefix: [], keepUser: false, undone: [], uid: NOBODY, skip: skip || noNobody };
const ONLY_USER: Way = {
  name: 'as the only user of a user namespace',
  prefix: ['unshare', '--user', '--map-root-user'],
  keepUser: true,
  undone: groups === '' ? [] : ['groups'],
  uid: 0,
  skip: skip || namespaceOptions(),
};
const WAYS: readonly Way[] = [
  ROOT,
  ONLY_USER,
  {
    name: 'without any privilege',
    prefix: ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'],
    keepUser: true,
    undone: ['chroot', 'bounding-set'],
    uid: NOBODY,
    skip: skip || noNobody,
  },
];

/** For what is the same either way. */
const ANY = noNobody === false ? ROOT : ONLY_USER;

/** An empty directory that others may enter. */
function emptyRoot(context: TestContext): string {
  const root = temporaryDirectory(context, 'root');
  chmodSync(root, 0o755);
  return root;
}

/** Killed when the test ends, should it still be there. */
function start(
  context: TestContext,
  way: Way,
  program: string,
  changes: Partial<Options> = {},
  descriptors: readonly number[] = [],
): ChildProcess {
  const { keepUser } = way;
  const options: Options = { root: emptyRoot(context), uid: NOBODY, gid: NOBODY, keepUser, ...changes };
  const [command = '', ...words] = [...way.prefix, process.execPath, CHILD, program, JSON.stringify(options)];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe', 'ipc', ...descriptors] });
  context.after(() => child.kill('SIGKILL'));
  return child;
}

interface Outcome {
  readonly ok: boolean;
  readonly seccomp: string;
  readonly step?: string;
  readonly errno?: string;
  readonly undone?: readonly { readonly step: string; readonly errno: string; readonly sentence: string }[];
}

async function message<Message>(child: ChildProcess): Promise<Message> {
  const [value] = await once(child, 'message');
  return value;
}

const stepsOf = (outcome: Outcome): string[] => outcome.undone?.map(({ step }) => step) ?? [];

const seccomp = process.arch === 'x64' || process.arch === 'arm64' ? 'installed' : 'unsupported';

function assertConfined(child: ChildProcess, way: Way): void {
  assert.ok(child.pid !== undefined);
  const statuses = threadStatuses(child.pid);
  assert.ok(statuses.length >= 2, `${statuses.length} threads`);
  const bounding = statuses[0]?.capabilities[3];
  for (const status of statuses) {
    const kept = way.undone.includes('bounding-set') ? bounding : NO_CAPABILITY;
    assert.deepEqual(status, {
      capabilities: [NO_CAPABILITY, NO_CAPABILITY, NO_CAPABILITY, kept, NO_CAPABILITY],
      uids: status.uids,
      gids: status.gids,
      groups: way.undone.includes('groups') ? status.groups : '',
      noNewPrivileges: '1',
      seccomp: seccomp === 'installed' ? '2' : '0',
    });
    assert.deepEqual(new Set(status.uids.split('\t')), new Set([String(way.uid)]));
    assert.deepEqual(new Set(status.gids.split('\t')), new Set([String(way.uid)]));
  }
}

for (const way of WAYS) {
  test(`${way.name}: every thread has given up everything, and nothing can be had again`, {
    ...LIMIT,
    skip: way.skip,
  }, async (t) => {
    const child = start(t, way, 'attempts');
    const outcome = await message<Outcome>(child);
    assert.deepEqual(stepsOf(outcome), way.undone);
    assert.equal(outcome.ok, way.undone.length === 0);
    assert.equal(outcome.seccomp, seccomp);
    const results = await message<Record<string, string>>(child);
    const done = Object.entries(results).filter(([, code]) => code !== 'EPERM');
    assert.deepEqual(done, []);
    assert.ok(Object.keys(results).length > 30);
    assertConfined(child, way);
    assertSecret(child);
  });

  test(`${way.name}: packets move on, under garbage collection and compilation`, {
    ...LIMIT,
    skip: way.skip,
  }, async (t) => {
    await moveUnderLoad(t, way);
  });
}

/** Its memory goes into no file, and is shown to no process of the same user: what /proc shows of it is root's. */
function assertSecret(child: ChildProcess): void {
  assert.match(readFileSync(`/proc/${child.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
  assert.equal(statSync(`/proc/${child.pid}/status`).uid, 0);
}

/** Sends it back as if the far end had answered; the checksum does not see a swap. */
function answer(path: PacketPath, row: number): void {
  const { offset, length, address, port: from } = readRow(path.inbound, row);
  const packet = path.inbound.bytes.slice(offset, offset + length);
  const swap = (at: number, size: number): void => {
    const first = packet.slice(at, at + size);
    packet.copyWithin(at, at + size, at + 2 * size);
    packet.set(first, at + size);
  };
  swap(8, 16); // IPv6 addresses
  swap(40, 2); // UDP ports
  path.sendDatagram(0, packet, ipv4(address), port(from));
}

async function roundTrip(socket: Socket, text: string): Promise<void> {
  const reply = once(socket, 'message');
  socket.send(text, 9, '2001:db8:7::2');
  assert.equal(String((await reply)[0]), text);
}

async function moveUnderLoad(t: TestContext, way: Way): Promise<void> {
  const device = await openTestTun('2001:db8:7::1');
  const inner = openLoopbackSocket();
  const { path, endpoint } = openLoopbackPath(t);
  path.start({
    handleDatagrams: (count) => {
      for (let i = 0; i < count; i++) answer(path, i);
    },
    handlePackets: () => {},
    handleFailure: (failure) => assert.fail(failure.sentence),
  });
  const child = start(t, way, 'load', {}, [inner.fd, device.fd]);
  for (const fd of [inner.fd, device.fd]) closeDescriptor(fd);
  assert.deepEqual(stepsOf(await message<Outcome>(child)), way.undone);
  child.send(endpoint);
  const hmac = createHmac('sha1', 'key').update('bytes').digest('hex');
  assert.deepEqual(await message(child), { hmac, random: true });

  const socket = createSocket('udp6');
  t.after(() => socket.close());
  socket.bind(0, '2001:db8:7::1');
  await once(socket, 'listening');
  let isEnough = false;
  child.once('message', (text) => {
    isEnough = text === 'enough';
  });
  let trips = 0;
  for (; trips < 300 || !isEnough; trips++) await roundTrip(socket, `trip ${trips}`);

  // Threads of the pool were started after the confinement.
  assertConfined(child, way);
  child.send('stop');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null; stderr: string }> {
  let stderr = '';
  child.stderr?.on('data', (part) => {
    stderr += part;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stderr };
}

test('the root directory is the root of every thread', { ...LIMIT, skip: ANY.skip }, async (t) => {
  const root = emptyRoot(t);
  const child = start(t, ANY, 'attempts', { root });
  await message(child);
  assert.ok(child.pid !== undefined);
  assert.deepEqual(new Set(threadRoots(child.pid)), new Set([root]));
});

test('a confined process ends like any other', { ...LIMIT, skip: ANY.skip }, async (t) => {
  assert.deepEqual(await endOf(start(t, ANY, 'end')), { code: 0, signal: null, stderr: '' });
  assert.deepEqual(await endOf(start(t, ANY, 'exit')), { code: 7, signal: null, stderr: '' });
  const { code, stderr } = await endOf(start(t, ANY, 'throw'));
  assert.equal(code, 1);
  assert.match(stderr, /Error: thrown when confined\n.*confinement-child/);
});

for (const program of ['parent', 'limited-parent']) {
  test(`it is killed with its ${program.replace('-', ' ')}`, { ...LIMIT, skip: ANY.skip }, async (t) => {
    const parent = start(t, ANY, program);
    assert.deepEqual(stepsOf(await message<Outcome>(parent)), ANY.undone);
    // Both hold the pipe open. The child ignores that its channel is closed.
    const closed = once(parent, 'close');
    parent.stdout?.resume();
    parent.kill('SIGKILL');
    await closed;
  });
}

test('a parent that is gone already is told', { ...LIMIT, skip: ANY.skip }, async (t) => {
  const outcome = await message<Outcome>(start(t, ANY, 'lost-parent'));
  assert.deepEqual(stepsOf(outcome), [...ANY.undone, 'parent']);
});

test('what cannot be the root directory, or the user, is refused; the rest is done', {
  ...LIMIT,
  skip: ROOT.skip,
}, async (t) => {
  const directory = emptyRoot(t);
  writeFileSync(`${directory}/file`, '');
  symlinkSync('/', `${directory}/link`);
  const cases: readonly (readonly [Partial<Options>, string, string, RegExp])[] = [
    [{ root: `${directory}/missing` }, 'root', 'ENOENT', /missing that is to be the root: ENOENT\.$/],
    [{ root: `${directory}/file` }, 'root', 'ENOTDIR', /it is not a directory\.$/],
    [{ root: `${directory}/link` }, 'root', 'ENOTDIR', /it is not a directory\.$/],
    [{ root: '.' }, 'root', 'EINVAL', /it must be an absolute path\.$/],
    [{ uid: 0 }, 'user', 'EINVAL', /user 0: EINVAL; it must be one without privilege\.$/],
    [{ gid: 0 }, 'group', 'EINVAL', /group 0: EINVAL; it must be one without privilege\.$/],
    [{ uid: 0xffffffff }, 'user', 'EINVAL', /without privilege/],
  ];
  for (const [changes, step, errno, sentence] of cases) {
    const child = start(t, ROOT, 'attempts', changes);
    const outcome = await message<Outcome>(child);
    assert.equal(outcome.ok, false);
    assert.deepEqual([outcome.step, outcome.errno], [step, errno]);
    assert.deepEqual(stepsOf(outcome), [step]);
    assert.match(outcome.undone?.[0]?.sentence ?? '', sentence);
    assert.equal(outcome.seccomp, seccomp);
    child.kill('SIGKILL');
  }
});

test('arguments that are none are a fault of the caller', LIMIT, () => {
  const options = { root: '/', uid: NOBODY, gid: NOBODY, keepUser: false, parent: process.ppid };
  assert.throws(() => confine({ ...options, uid: -1 }), RangeError);
  assert.throws(() => confine({ ...options, gid: 1.5 }), RangeError);
  assert.throws(() => confine({ ...options, root: '/tmp\0' }), TypeError);
});
