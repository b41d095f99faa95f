/** Datagrams to real unix sockets: those of a log and of a service manager. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { sendUnixDatagram } from '../../daemon/io/unix-datagram.js';
import { Receiver, temporaryFolder } from '../service/log-sockets.js';

const LIMIT = { timeout: 20_000 };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function refusal(path: string, bytes = bytesOf('?')): { readonly errno: string; readonly sentence: string } {
  const result = sendUnixDatagram(path, bytes);
  assert.ok(!result.ok, `sent to ${path}`);
  return result;
}

async function assertArrives(t: TestContext, path: string, as = path): Promise<void> {
  const receiver = await Receiver.open(t, path);
  assert.deepEqual(sendUnixDatagram(as, bytesOf('READY=1')), { ok: true });
  assert.equal((await receiver.next()).toString(), 'READY=1');
}

test('to a socket in the file system', LIMIT, async (t) => {
  await assertArrives(t, `${temporaryFolder(t)}/notify`);
});

test('to an abstract name, written either way', LIMIT, async (t) => {
  await assertArrives(t, `@miredo-test-at-${process.pid}`);
  await assertArrives(t, `@miredo-test-nul-${process.pid}`, `\0miredo-test-nul-${process.pid}`);
});

test('whole: empty, of all bytes, of a hundred thousand', LIMIT, async (t) => {
  const path = `${temporaryFolder(t)}/log`;
  const receiver = await Receiver.open(t, path);
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  // A part of a larger array, as a text encoder hands it out.
  for (const bytes of [new Uint8Array(0), all, all.subarray(10, 20), new Uint8Array(60_000).fill(7)]) {
    assert.deepEqual(sendUnixDatagram(path, bytes), { ok: true });
    assert.deepEqual(new Uint8Array(await receiver.next()), new Uint8Array(bytes));
  }
});

test('one that starts again is reached again, by the same socket', LIMIT, async (t) => {
  const path = `@miredo-test-again-${process.pid}`;
  const unixSockets = (): number =>
    readdirSync('/proc/self/fd').filter((fd) =>
      attempt(() => readlinkSync(`/proc/self/fd/${fd}`))?.startsWith('socket:'),
    ).length;
  await assertArrives(t, path);
  const before = unixSockets();
  const [first] = [await Receiver.open(t, `${path}-2`)];
  await first.close();
  assert.equal(refusal(`${path}-2`).errno, 'ECONNREFUSED');
  const second = await Receiver.open(t, `${path}-2`);
  assert.deepEqual(sendUnixDatagram(`${path}-2`, bytesOf('again')), { ok: true });
  assert.equal((await second.next()).toString(), 'again');
  for (let i = 0; i < 100; i++) refusal('/nowhere/at/all');
  assert.ok(unixSockets() <= before + 4, 'the pipes of the receivers, and no socket for each datagram');
});

test('a reader that is behind: EAGAIN, at once', LIMIT, async (t) => {
  const path = `${temporaryFolder(t)}/log`;
  await Receiver.open(t, path, 'deaf');
  let sent = 0;
  while (sendUnixDatagram(path, bytesOf('.')).ok) assert.ok(++sent < 100_000);
  assert.deepEqual(refusal(path), {
    ok: false,
    errno: 'EAGAIN',
    sentence: `Cannot send to the socket ${path}: its reader is behind (EAGAIN).`,
  });
});

test('what does not arrive, and why', LIMIT, async (t) => {
  const folder = temporaryFolder(t);
  const stream = createServer().listen(`${folder}/stream`);
  t.after(() => stream.close());
  const receiver = await Receiver.open(t, `${folder}/log`);
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [`${folder}/missing`, 'ENOENT', /nobody listens there/],
    ['@miredo-test-missing', 'ECONNREFUSED', /socket @miredo-test-missing: nobody listens there/],
    ['\0miredo-test-missing', 'ECONNREFUSED', /socket @miredo-test-missing: nobody listens there/],
    [`${folder}/stream`, 'EPROTOTYPE', /not a datagram socket/],
    [`/${'x'.repeat(108)}`, 'ENAMETOOLONG', /ENAMETOOLONG/],
    [`@${'x'.repeat(108)}`, 'ENAMETOOLONG', /ENAMETOOLONG/],
    ['', 'EINVAL', /EINVAL/],
    [`${folder}/log\0`, 'EINVAL', /EINVAL/],
    [`@a\0b`, 'EINVAL', /EINVAL/],
  ];
  for (const [path, errno, sentence] of cases) {
    const failure = refusal(path);
    assert.equal(failure.errno, errno);
    assert.match(failure.sentence, sentence);
  }
  const tooLong = refusal(receiver.path, new Uint8Array(64 * 1024 * 1024));
  assert.equal(tooLong.errno, 'EMSGSIZE');
  assert.match(tooLong.sentence, /67108864 bytes are too many for one message/);
  chmodSync(receiver.path, 0);
  if (process.getuid?.() !== 0) assert.equal(refusal(receiver.path).errno, 'EACCES');
});

function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined; // the descriptor by which the list was read
  }
}
