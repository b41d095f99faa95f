/** The packet path over real UDP sockets on loopback: what is received, what is sent, and what refusals do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { allocateBatch } from '../../daemon/io/batch-memory.js';
import { closeDescriptor } from '../../daemon/io/descriptors.js';
import { loadAddon } from '../../daemon/io/native-addon.js';
import { ROW_STRIDE, VERDICT_DROP, VERDICT_FORWARD } from '../../daemon/io/packet-path.js';
import { ipv4, port } from '../../daemon/wire/ipv4.js';
import { LOOPBACK, openCollector, openLoopbackPath, openLoopbackSocket, pattern } from '../support/loopback.js';
import { readRow } from '../support/memory-path.js';

const LIMIT = { timeout: 20_000 };

test('a burst arrives whole, in order, in few calls, with its source in host order', LIMIT, async (t) => {
  const sender = openLoopbackPath(t);
  const { collector, endpoint, path } = openCollector(t);
  for (let i = 0; i < 200; i++) sender.path.sendDatagram(0, pattern(i, i), LOOPBACK, endpoint.port);
  await collector.untilDatagrams(200);

  assert.deepEqual(collector.batches, [64, 64, 64, 8]);
  assert.equal(path.counters().receiveCalls, 4);
  for (const [i, row] of collector.datagrams.entries()) {
    assert.deepEqual(row.bytes, pattern(i, i));
    assert.equal(row.address, 0x7f000001);
    assert.equal(row.port, sender.endpoint.port);
    assert.equal(row.socket, 0);
    assert.equal(row.segment, 0);
    assert.equal(row.offload, 0);
    assert.equal(row.verdict, VERDICT_DROP);
    assert.equal(row.offset % 64, 0, 'the IPv6 header lies aligned');
  }
});

test('rows are preset anew for each batch', LIMIT, async (t) => {
  const sender = openLoopbackPath(t);
  const receiver = openLoopbackPath(t);
  const verdicts: number[] = [];
  const two = new Promise<void>((resolve) =>
    receiver.path.start({
      handleDatagrams: () => {
        const row = readRow(receiver.path.inbound, 0);
        verdicts.push(row.verdict, row.length);
        receiver.path.inbound.rows.fill(7);
        if (verdicts.length === 4) resolve();
        else sender.path.sendDatagram(0, new Uint8Array(5), LOOPBACK, receiver.endpoint.port);
      },
      handlePackets: () => assert.fail('no TUN device here'),
      handleFailure: (failure) => assert.fail(failure.sentence),
    }),
  );
  sender.path.sendDatagram(0, new Uint8Array(4), LOOPBACK, receiver.endpoint.port);
  await two;
  assert.deepEqual(verdicts, [VERDICT_DROP, 4, VERDICT_DROP, 5]);
});

test(
  'two sockets: rows say by which one a datagram came, and answers leave by the one that is named',
  LIMIT,
  async (t) => {
    const peer = openCollector(t);
    const server = openLoopbackPath(t, 2);
    server.path.start({
      handleDatagrams: (count) => {
        for (let i = 0; i < count; i++) {
          const row = readRow(server.path.inbound, i);
          const bytes = Uint8Array.of(row.socket);
          server.path.sendDatagram(1 - row.socket, bytes, ipv4(row.address), port(row.port));
        }
      },
      handlePackets: () => {},
      handleFailure: (failure) => assert.fail(failure.sentence),
    });
    for (const endpoint of server.endpoints) peer.path.sendDatagram(0, new Uint8Array(3), LOOPBACK, endpoint.port);
    await peer.collector.untilDatagrams(2);
    const answers = peer.collector.datagrams.map((row) => [row.bytes[0], row.port]).sort();
    assert.deepEqual(answers, [
      [0, server.endpoints[1]?.port],
      [1, server.endpoints[0]?.port],
    ]);
  },
);

test('the smallest and the largest datagram', LIMIT, async (t) => {
  const sender = openLoopbackPath(t);
  const { collector, endpoint } = openCollector(t);
  const largest = pattern(65_507, 1);
  sender.path.sendDatagram(0, new Uint8Array(0), LOOPBACK, endpoint.port);
  for (let i = 0; i < 10; i++) sender.path.sendDatagram(0, largest, LOOPBACK, endpoint.port);
  await collector.untilDatagrams(11);
  assert.equal(collector.datagrams[0]?.length, 0);
  for (const row of collector.datagrams.slice(1)) assert.deepEqual(row.bytes, largest);
});

test('one datagram that the kernel refuses is counted and takes no other along', LIMIT, async (t) => {
  const { collector, endpoint } = openCollector(t);
  const sender = openLoopbackPath(t);
  const to = endpoint.port;
  sender.path.start({
    handleDatagrams: () => {
      sender.path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, to);
      sender.path.sendDatagram(0, new Uint8Array(65_508), LOOPBACK, to); // EMSGSIZE
      sender.path.sendDatagram(0, Uint8Array.of(2), LOOPBACK, to);
      sender.path.sendDatagram(0, Uint8Array.of(0), LOOPBACK, port(0)); // EINVAL
      sender.path.sendDatagram(0, Uint8Array.of(0), ipv4(0xffffffff), to); // EACCES: broadcast
      sender.path.sendDatagram(0, Uint8Array.of(3), LOOPBACK, to);
      sender.path.sendDatagram(1, Uint8Array.of(0), LOOPBACK, to); // no such socket
      sender.path.sendRun(0, Uint8Array.of(0), 1200, 1, LOOPBACK, to); // no segmentation offload yet
    },
    handlePackets: () => {},
    handleFailure: (failure) => assert.fail(failure.sentence),
  });
  const trigger = openLoopbackPath(t);
  trigger.path.sendDatagram(0, new Uint8Array(1), LOOPBACK, sender.endpoint.port);
  await collector.untilDatagrams(3);
  assert.deepEqual(
    collector.datagrams.map((row) => row.bytes[0]),
    [1, 2, 3],
  );
  const counters = sender.path.counters();
  assert.equal(counters.sendRefused, 5);
  assert.notEqual(counters.lastError, '');
});

test('a port where nobody listens does not stop the path', LIMIT, async (t) => {
  const closed = openLoopbackSocket();
  closeDescriptor(closed.fd);
  const { collector, endpoint } = openCollector(t);
  const sender = openCollector(t);
  for (let i = 0; i < 50; i++) {
    sender.path.sendDatagram(0, Uint8Array.of(i), LOOPBACK, closed.local.port);
    sender.path.sendDatagram(0, Uint8Array.of(i), LOOPBACK, endpoint.port);
  }
  await collector.untilDatagrams(50);
  // It still receives, too.
  collector.datagrams.length = 0;
  sender.path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, sender.endpoint.port);
  await sender.collector.untilDatagrams(1);
  assert.deepEqual(sender.collector.failures, []);
});

test('twenty thousand echoes: none lost, every count is right', LIMIT, async (t) => {
  const total = 20_000;
  const window = 500;
  const echo = openLoopbackPath(t);
  let echoed = 0;
  echo.path.start({
    handleDatagrams: (count) => {
      const { inbound } = echo.path;
      for (let i = 0; i < count; i++) {
        const row = readRow(inbound, i);
        const bytes = inbound.bytes.subarray(row.offset, row.offset + row.length);
        echo.path.sendDatagram(row.socket, bytes, ipv4(row.address), port(row.port));
      }
      echoed += count;
    },
    handlePackets: () => {},
    handleFailure: (failure) => assert.fail(failure.sentence),
  });

  const { path } = openLoopbackPath(t);
  const scratch = new Uint8Array(64);
  const view = new DataView(scratch.buffer);
  let sent = 0;
  let received = 0;
  let outOfOrder = 0;
  const send = (): void => {
    view.setUint32(0, sent++);
    path.sendDatagram(0, scratch, LOOPBACK, echo.endpoint.port);
  };
  await new Promise<void>((resolve) => {
    path.start({
      handleDatagrams: (count) => {
        for (let i = 0; i < count; i++) {
          const { offset } = readRow(path.inbound, i);
          if (path.inbound.view.getUint32(offset) !== received++) outOfOrder++;
          if (sent < total) send();
        }
        if (received === total) resolve();
      },
      handlePackets: () => {},
      handleFailure: (failure) => assert.fail(failure.sentence),
    });
    for (let i = 0; i < window; i++) send();
  });

  assert.equal(echoed, total);
  assert.equal(outOfOrder, 0);
  for (const counters of [echo.path.counters(), path.counters()]) {
    assert.equal(counters.sendRefused + counters.sendWouldBlock + counters.deliverRefused, 0);
    assert.equal(counters.lastError, '');
  }
  const { receiveCalls, sendCalls } = echo.path.counters();
  assert.ok(receiveCalls + sendCalls < total, `${receiveCalls} + ${sendCalls} system calls: nothing was batched`);
});

test('what a handler sends is not limited by the room for it, and keeps its order', LIMIT, async (t) => {
  const { collector, endpoint } = openCollector(t);
  const sender = openLoopbackPath(t);
  const scratch = new Uint8Array(60_000);
  sender.path.start({
    handleDatagrams: () => {
      // The bytes are copied: the one buffer serves for all.
      for (let i = 0; i < 1000; i++) {
        scratch[0] = i & 255;
        sender.path.sendDatagram(0, scratch.subarray(0, 10), LOOPBACK, endpoint.port);
      }
      for (let i = 0; i < 12; i++) {
        scratch[0] = i;
        sender.path.sendDatagram(0, scratch, LOOPBACK, endpoint.port);
      }
    },
    handlePackets: () => {},
    handleFailure: (failure) => assert.fail(failure.sentence),
  });
  openLoopbackPath(t).path.sendDatagram(0, new Uint8Array(1), LOOPBACK, sender.endpoint.port);
  await collector.untilDatagrams(1012);
  for (const [i, row] of collector.datagrams.entries()) {
    assert.equal(row.bytes[0], i < 1000 ? i & 255 : i - 1000);
    assert.equal(row.length, i < 1000 ? 10 : 60_000);
  }
});

test('what was sent before close leaves, and nothing after', LIMIT, async (t) => {
  const { collector, endpoint } = openCollector(t);
  const sender = openLoopbackPath(t);
  sender.path.start({
    handleDatagrams: () => {
      sender.path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, endpoint.port);
      sender.path.close();
      sender.path.sendDatagram(0, Uint8Array.of(2), LOOPBACK, endpoint.port);
    },
    handlePackets: () => {},
    handleFailure: (failure) => assert.fail(failure.sentence),
  });
  const other = openLoopbackPath(t);
  other.path.sendDatagram(0, new Uint8Array(1), LOOPBACK, sender.endpoint.port);
  await collector.untilDatagrams(1);
  other.path.sendDatagram(0, Uint8Array.of(3), LOOPBACK, endpoint.port);
  await collector.untilDatagrams(2);
  assert.deepEqual(
    collector.datagrams.map((row) => row.bytes[0]),
    [1, 3],
  );
});

test(
  'a count of pending rows beyond the table, or below nothing: no row behind the table is sent',
  LIMIT,
  async (t) => {
    const { collector, endpoint } = openCollector(t);
    const socket = openLoopbackSocket();
    const addon = loadAddon();
    const ROWS = 4;
    // The memory goes on behind the table, with rows that could be sent.
    const rows = new Int32Array(2 * ROWS * ROW_STRIDE);
    for (let i = 0; i < 2 * ROWS; i++) {
      rows.set([0, 1, 0, endpoint.address, endpoint.port, 0, VERDICT_FORWARD], i * ROW_STRIDE);
    }
    const pendingCount = new Int32Array(1);
    const { bytes: inboundBytes, rows: inboundRows } = allocateBatch(1, 2048);
    const { bytes: outboundBytes, rows: outboundRows } = allocateBatch(1, 2048);
    const memory = {
      inboundBytes,
      inboundRows,
      outboundBytes,
      outboundRows,
      pendingBytes: new Uint8Array(16),
      pendingRows: rows.subarray(0, ROWS * ROW_STRIDE),
      pendingCount,
      counters: new Float64Array(6),
    };
    const path = addon.openPath(memory, () => undefined, -1, -1, [socket.fd], 0);
    for (const count of [2 * ROWS, -1, 1]) {
      pendingCount[0] = count;
      addon.flushPath(path);
    }
    addon.closePath(path);
    await collector.untilDatagrams(ROWS + 1);
    await setImmediate();
    assert.equal(collector.datagrams.length, ROWS + 1);
  },
);
