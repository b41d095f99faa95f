/** The packet path in memory keeps the rules of the real one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROW_LENGTH, ROW_OFFSET, ROW_STRIDE, ROW_VERDICT, VERDICT_FORWARD } from '../../daemon/io/packet-path.js';
import { ipv4, port } from '../../daemon/wire/ipv4.js';
import { bridge } from './bridge.js';
import { MemoryPath } from './memory-path.js';
import { PathCollector } from './path-collector.js';

const PEER = { address: ipv4(0xc0000201), port: port(3544) };
const numbers = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

test('a batch is one call, with at most the capacity', () => {
  const path = new MemoryPath({ capacity: 4 });
  const collector = new PathCollector(path);
  path.start(collector);
  path.injectDatagrams(Array.from({ length: 10 }, (_, i) => ({ bytes: numbers(i), ...PEER, socket: i & 1 })));
  assert.deepEqual(collector.batches, [4, 4, 2]);
  assert.deepEqual(
    collector.datagrams.map((row) => [row.bytes[0], row.socket, ipv4(row.address), row.port]),
    Array.from({ length: 10 }, (_, i) => [i, i & 1, PEER.address, PEER.port]),
  );
  assert.deepEqual(path.take(), [], 'nothing was forwarded');
});

test('what the handler sends leaves before its rows; bytes are copied', () => {
  const path = new MemoryPath();
  const scratch = numbers(0);
  path.start({
    handleDatagrams: (count) => {
      for (let i = 0; i < count; i++) {
        path.inbound.rows[i * ROW_STRIDE + ROW_VERDICT] = VERDICT_FORWARD;
        path.inbound.rows[i * ROW_STRIDE + ROW_OFFSET] = (path.inbound.rows[i * ROW_STRIDE + ROW_OFFSET] ?? 0) + 1;
        path.inbound.rows[i * ROW_STRIDE + ROW_LENGTH] = 1;
        scratch[0] = 100 + i;
        path.sendDatagram(1, scratch, PEER.address, PEER.port);
      }
      path.writePacket(scratch);
    },
    handlePackets: () => {},
    handleFailure: () => {},
  });
  path.injectDatagrams([
    { bytes: numbers(1, 2, 3), ...PEER },
    { bytes: numbers(4, 5, 6), ...PEER },
  ]);
  const seen = path.take().map((emission) => [emission.kind, emission.bytes[0]]);
  assert.deepEqual(seen, [
    ['datagram', 100],
    ['datagram', 101],
    ['packet', 101],
    ['packet', 2],
    ['packet', 5],
  ]);
});

test('a handler that throws loses its rows and not what it sent; the injector gets the error', () => {
  const path = new MemoryPath();
  path.start({
    handleDatagrams: () => {},
    handlePackets: () => {
      path.outbound.rows[ROW_VERDICT] = VERDICT_FORWARD;
      path.sendDatagram(0, numbers(9), PEER.address, PEER.port);
      throw new Error('ours');
    },
    handleFailure: () => {},
  });
  assert.throws(() => path.injectPacket(numbers(1)), /ours/);
  assert.deepEqual(
    path.takeDatagrams().map((datagram) => datagram.bytes[0]),
    [9],
  );
});

test('two paths whose emissions feed each other: no row is read after its slot was reused', () => {
  const received: number[] = [];
  const far = new MemoryPath({ onEmission: (emission) => received.push(emission.bytes[0] ?? -1) });
  const near: MemoryPath = new MemoryPath({
    onEmission: (emission) => {
      if (emission.kind !== 'datagram') return;
      far.injectDatagram(emission.bytes, PEER.address, PEER.port);
      if (emission.bytes[0] === 1) near.injectPacket(numbers(3));
    },
  });
  bridge(near, PEER);
  bridge(far, PEER);
  near.injectPackets([{ bytes: numbers(1) }, { bytes: numbers(2) }]);
  assert.deepEqual(received, [1, 3, 2]);
});

test('runs keep segment and offload; after close and after a failure nothing happens', () => {
  const path = new MemoryPath();
  const collector = new PathCollector(path);
  path.start(collector);
  path.injectPackets([{ bytes: new Uint8Array(1000), segment: 400, offload: 3 }]);
  assert.equal(collector.packets[0]?.segment, 400);
  path.sendRun(0, new Uint8Array(1000), 400, 3, PEER.address, PEER.port);
  const [run] = path.takeDatagrams();
  assert.deepEqual([run?.segment, run?.offload, run?.bytes.length], [400, 3, 1000]);

  path.fail({ code: 'tun-failed', errno: 'EBADFD', sentence: '' });
  path.injectPacket(numbers(1));
  assert.equal(collector.failures.length, 1);
  assert.equal(collector.packets.length, 1);
  path.close();
  path.sendDatagram(0, numbers(1), PEER.address, PEER.port);
  assert.deepEqual(path.take(), []);
});
