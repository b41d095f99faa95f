/** Opening, closing, failing: what a packet path does to descriptors, event loop and process. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeDescriptor } from '../../daemon/io/descriptors.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import { LOOPBACK, openCollector, openLoopbackPath, openLoopbackSocket } from '../support/loopback.js';
import { PathCollector } from '../support/path-collector.js';

const LIMIT = { timeout: 30_000 };
const CHILD = fileURLToPath(new URL('./kernel-path-child.js', import.meta.url));

interface Ending {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of kernel-path-child.ts; one that does not end by itself fails the test. */
function run(program: string): Promise<Ending> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CHILD, program], { timeout: 10_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : (error.signal ?? error.code), stdout, stderr });
    });
  });
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const isOpen = (fd: number): boolean => existsSync(`/proc/self/fd/${fd}`);

test('an exception in a handler ends the process like any other', LIMIT, async () => {
  const { status, stderr } = await run('throw');
  assert.equal(status, 1);
  assert.match(stderr, /Error: thrown by the handler/);
  assert.match(stderr, /kernel-path-child/, 'the stack leads to the handler');
});

test(
  'with an uncaughtException listener the path goes on, and what was sent before the exception left',
  LIMIT,
  async () => {
    const { status, stdout } = await run('throw-and-go-on');
    assert.equal(status, 0);
    assert.deepEqual(stdout.trim().split('\n'), ['step 0', 'uncaught once', 'step 1', 'step 2']);
  },
);

test('closed from inside of a handler, the loop ends', LIMIT, async () => {
  assert.deepEqual(await run('close-inside'), { status: 0, stdout: 'closed\n', stderr: '' });
});

test('promises of a handler run without another event', LIMIT, async () => {
  assert.deepEqual(await run('promise-inside'), { status: 0, stdout: 'promise\n', stderr: '' });
});

test('process.exit inside of a handler', LIMIT, async () => {
  assert.deepEqual(await run('exit-inside'), { status: 7, stdout: '', stderr: '' });
});

test('a path that was never started does not keep the process alive', LIMIT, async () => {
  assert.deepEqual(await run('never-started'), { status: 0, stdout: '', stderr: '' });
});

test('workers that end with an open path leave nothing that crashes', LIMIT, async () => {
  const { status, stdout, stderr } = await run('workers');
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.deepEqual(stdout.trim().split('\n').sort(), ['terminated', 'worker 3']);
});

test('a socket handed to a child over its standard streams works there', LIMIT, async (t) => {
  const socket = openLoopbackSocket();
  const child = spawn(process.execPath, [CHILD, 'inherited'], { stdio: ['ignore', 'pipe', 'inherit', socket.fd] });
  closeDescriptor(socket.fd);
  assert.ok(child.stdout !== null);
  const [greeting] = await once(child.stdout, 'data');
  assert.equal(String(greeting), 'ready, close-on-exec\n', 'its own children do not get the socket');
  const { path, collector } = openCollector(t);
  path.sendDatagram(0, Uint8Array.of(1, 2, 3), LOOPBACK, socket.local.port);
  await collector.untilDatagrams(1);
  assert.deepEqual([...(collector.datagrams[0]?.bytes ?? [])], [1, 2, 3]);
  path.sendDatagram(0, new Uint8Array(0), LOOPBACK, socket.local.port);
  const [status] = await once(child, 'exit');
  assert.equal(status, 0);
});

test('close: descriptors are gone at once, calls after it do nothing', LIMIT, (t) => {
  const socket = openLoopbackSocket();
  const path = openPacketPath({ sockets: [socket.fd] });
  const { endpoint } = openCollector(t);
  path.close();
  assert.equal(isOpen(socket.fd), false);
  path.close();
  path.sendDatagram(0, new Uint8Array(1), LOOPBACK, endpoint.port);
  path.writePacket(new Uint8Array(40));
  path.start(new PathCollector(path));
  assert.equal(path.counters().sendCalls, 0);
});

test('a number that is reused after close is not touched by the second close', LIMIT, () => {
  const first = openLoopbackSocket();
  const path = openPacketPath({ sockets: [first.fd] });
  path.close();
  const second = openLoopbackSocket();
  assert.equal(second.fd, first.fd);
  path.close();
  assert.equal(isOpen(second.fd), true);
  closeDescriptor(second.fd);
});

test('a descriptor that cannot be polled is refused, the others stay the caller’s', LIMIT, () => {
  const good = openLoopbackSocket();
  assert.throws(() => openPacketPath({ sockets: [good.fd, 9999] }), { code: 'EBADF' });
  assert.throws(() => openPacketPath({ sockets: [good.fd, good.fd] }), { code: 'EEXIST' });
  assert.equal(isOpen(good.fd), true);
  // And it is free again.
  openPacketPath({ sockets: [good.fd] }).close();
  assert.equal(isOpen(good.fd), false);
});

test('started twice is a fault', LIMIT, (t) => {
  const { path } = openCollector(t);
  assert.throws(() => path.start(new PathCollector(path)), /started before/);
});

test('a thousand paths, each received and closed, leave no descriptor and no handle', LIMIT, async (t) => {
  const sender = openLoopbackPath(t);
  const round = async (): Promise<void> => {
    const socket = openLoopbackSocket();
    const path = openPacketPath({ sockets: [socket.fd] });
    const collector = new PathCollector(path);
    path.start(collector);
    sender.path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, socket.local.port);
    await collector.untilDatagrams(1);
    path.close();
  };
  await round();
  const before = openDescriptors();
  for (let i = 0; i < 1000; i++) await round();
  assert.equal(openDescriptors(), before);
});
