/** Opening, closing, failing: what a packet path does to descriptors, event loop and process. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { closeDescriptor, openUdp } from '../../daemon/io/descriptors.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import { port } from '../../daemon/wire/ipv4.js';
import { LOOPBACK, openCollector, openLoopbackSocket } from '../support/loopback.js';
import { PathCollector } from '../support/path-collector.js';

const LIMIT = { timeout: 30_000 };
const CHILD = fileURLToPath(new URL('./kernel-path-child.js', import.meta.url));

interface Ending {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of kernel-path-child.ts; one that does not end by itself fails the test. */
function run(program: string, ...words: string[]): Promise<Ending> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CHILD, program, ...words], { timeout: 10_000 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : (error.signal ?? error.code), stdout, stderr });
    });
  });
}

const isOpen = (fd: number): boolean => existsSync(`/proc/self/fd/${fd}`);

test('an exception in a handler ends the process like any other, after what was sent has left', LIMIT, async (t) => {
  const { collector, endpoint } = openCollector(t);
  const { status, stderr } = await run('throw', String(endpoint.port));
  assert.equal(status, 1);
  assert.match(stderr, /Error: thrown by the handler/);
  assert.match(stderr, /kernel-path-child/, 'the stack leads to the handler');
  await collector.untilDatagrams(1);
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
  assert.equal(String(greeting), 'ready\n');
  const { path, collector } = openCollector(t);
  path.sendDatagram(0, Uint8Array.of(1, 2, 3), LOOPBACK, socket.local.port);
  await collector.untilDatagrams(1);
  assert.deepEqual([...(collector.datagrams[0]?.bytes ?? [])], [1, 2, 3]);
  path.sendDatagram(0, new Uint8Array(0), LOOPBACK, socket.local.port);
  const [status] = await once(child, 'exit');
  assert.equal(status, 0);
});

test('an ICMP error that the socket reports does not end receiving', LIMIT, async (t) => {
  const closed = openLoopbackSocket();
  closeDescriptor(closed.fd);
  // Only a connected socket reports it, and bash can make one.
  const script = 'exec 3<>/dev/udp/127.0.0.1/"$1"; exec "$0" "$2" connected "$1"';
  const words = ['-c', script, process.execPath, String(closed.local.port), CHILD];
  const child = spawn('bash', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  assert.equal(String((await once(child.stdout, 'data'))[0]), 'ready\n');

  const peer = openUdp(closed.local);
  assert.ok(peer.ok);
  const path = openPacketPath({ sockets: [peer.fd] });
  t.after(() => path.close());
  const collector = new PathCollector(path);
  path.start(collector);
  child.stdin.write('again\n');
  await collector.untilDatagrams(1);
  const [datagram] = collector.datagrams;
  assert.deepEqual([...(datagram?.bytes ?? [])], [9]);
  path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, port(datagram?.port ?? 0));
  assert.equal(String((await once(child.stdout, 'data'))[0]), 'received\n');
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

test('a thousand paths, each received and closed, leave no descriptor and no handle', LIMIT, async () => {
  const { status, stdout, stderr } = await run('thousand');
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  const [before, after] = stdout.trim().split('\n');
  assert.equal(after, before);
});

test('a closed path is garbage: the addon holds on to nothing', LIMIT, async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  let collected = 0;
  const registry = new FinalizationRegistry(() => collected++);
  for (let i = 0; i < 20; i++) {
    const path = openPacketPath({ sockets: [openLoopbackSocket().fd] });
    path.start(new PathCollector(path));
    registry.register(path, i);
    path.close();
  }
  // The handles leave the loop, and finalizers run, in turns of their own. The last path may still be on the stack.
  for (let turn = 0; turn < 100 && collected < 19; turn++) {
    await setImmediate();
    collectGarbage();
  }
  assert.ok(collected >= 19, `${collected} of 20`);
});
