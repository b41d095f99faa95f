/** The packet path between real TUN devices, UDP sockets and the kernel's IPv6 stack. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { closeDescriptor, openRawIpv6 } from '../../daemon/io/descriptors.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import {
  type PacketHandler,
  type PacketPath,
  ROW_ADDRESS,
  ROW_LENGTH,
  ROW_OFFSET,
  ROW_PORT,
  ROW_STRIDE,
  ROW_VERDICT,
  VERDICT_FORWARD,
} from '../../daemon/io/packet-path.js';
import {
  echoData,
  emitEchoReply,
  emitEchoRequest,
  ICMPV6_ECHO_REQUEST,
  icmpv6TypeAt,
} from '../../daemon/wire/icmpv6.js';
import type { Endpoint, Port } from '../../daemon/wire/ipv4.js';
import { IPV6_DESTINATION, IPV6_SOURCE, readIpv6 } from '../../daemon/wire/ipv6.js';
import { bridge } from '../support/bridge.js';
import { LOOPBACK, openCollector, openLoopbackPath, openLoopbackSocket } from '../support/loopback.js';
import { readRow } from '../support/memory-path.js';
import { enterNamespace } from '../support/namespace.js';
import { PathCollector } from '../support/path-collector.js';
import { address, ip, openTestTun, openTunPath } from '../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 30_000 };
const FAR_END = fileURLToPath(new URL('./kernel-path-far-end.js', import.meta.url));

/** Forwards every row from `first` on to `peer`. */
function forwardPackets(path: PacketPath, count: number, peer: Endpoint): void {
  const { rows } = path.outbound;
  for (let i = 0; i < count; i++) {
    rows[i * ROW_STRIDE + ROW_ADDRESS] = peer.address;
    rows[i * ROW_STRIDE + ROW_PORT] = peer.port;
    rows[i * ROW_STRIDE + ROW_VERDICT] = VERDICT_FORWARD;
  }
}

const failing: PacketHandler['handleFailure'] = (failure) => assert.fail(failure.sentence);

/** Sends one UDP datagram over the kernel's IPv6 stack. */
function sendOverIpv6(text: string, to: string, toPort = 9): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp6');
    socket.send(text, toPort, to, (error) => {
      socket.close();
      if (error === null) resolve();
      else reject(error);
    });
  });
}

test('a handler that answers echo requests is pinged', OPTIONS, async (t) => {
  const { path } = await openTunPath(t, '2001:db8:1::1');
  path.start({
    handlePackets: (count) => {
      const { bytes, view } = path.outbound;
      for (let i = 0; i < count; i++) {
        const { offset } = readRow(path.outbound, i);
        if (icmpv6TypeAt(view, offset) !== ICMPV6_ECHO_REQUEST) continue;
        const [from, to] = [readIpv6(bytes, offset + IPV6_SOURCE), readIpv6(bytes, offset + IPV6_DESTINATION)];
        path.writePacket(emitEchoReply(to, from, bytes.slice(offset + 44, offset + 48), echoData(bytes, view, offset)));
      }
    },
    handleDatagrams: () => assert.fail('nobody sends any'),
    handleFailure: failing,
  });
  const ping = spawn('ping', ['-c', '3', '-i', '0.01', '-W', '2', '2001:db8:1::2'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  ping.stdout.on('data', (text) => {
    output += text;
  });
  const [status] = await once(ping, 'close');
  assert.match(output, /3 packets transmitted, 3 received/);
  assert.equal(status, 0);
});

test('what a handler sends by itself leaves before the packet that it forwards', OPTIONS, async (t) => {
  const peer = openCollector(t);
  const { path } = await openTunPath(t, '2001:db8:2::1');
  path.start({
    handlePackets: (count) => {
      forwardPackets(path, count, peer.endpoint);
      path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, peer.endpoint.port);
      path.sendDatagram(0, Uint8Array.of(2), LOOPBACK, peer.endpoint.port);
    },
    handleDatagrams: () => {},
    handleFailure: failing,
  });
  await sendOverIpv6('payload', '2001:db8:2::2');
  await peer.collector.untilDatagrams(3);
  assert.deepEqual([...(peer.collector.datagrams[0]?.bytes ?? [])], [1]);
  assert.deepEqual([...(peer.collector.datagrams[1]?.bytes ?? [])], [2]);
  const packet = peer.collector.datagrams[2];
  assert.equal(packet?.length, 40 + 8 + 7);
  assert.equal(Buffer.from(packet?.bytes.subarray(48) ?? []).toString(), 'payload');
});

test('rows not forwarded, and those of a call that throws, go nowhere', OPTIONS, async (t) => {
  const peer = openCollector(t);
  const { path } = await openTunPath(t, '2001:db8:3::1');
  const thrown: unknown[] = [];
  const onThrow = (error: unknown): number => thrown.push(error);
  // The test runner listens too; this is the one exception that is meant.
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', onThrow);
  t.after(() => {
    process.removeListener('uncaughtException', onThrow);
    for (const listener of others) process.on('uncaughtException', listener);
  });
  path.start({
    handlePackets: (count) => {
      const text = Buffer.from(path.outbound.bytes.subarray(0, 200)).toString('latin1');
      if (!text.includes('order:')) return; // the kernel's own multicast
      path.sendDatagram(0, Buffer.from(`control ${peer.collector.datagrams.length}`), LOOPBACK, peer.endpoint.port);
      if (text.includes('order: leave')) return;
      forwardPackets(path, count, peer.endpoint);
      if (text.includes('order: throw')) throw new Error('a fault of ours');
    },
    handleDatagrams: () => {},
    handleFailure: failing,
  });
  const texts = (): string[] =>
    peer.collector.datagrams.map(({ bytes }) =>
      Buffer.from(bytes)
        .toString('latin1')
        .replace(/^.*order/s, 'order'),
    );
  for (const [i, order] of ['leave', 'throw', 'pass'].entries()) {
    await sendOverIpv6(`order: ${order}`, '2001:db8:3::2');
    await peer.collector.until(() => texts().includes(`control ${i}`));
  }
  await peer.collector.untilDatagrams(4);
  assert.deepEqual(texts(), ['control 0', 'control 1', 'control 2', 'order: pass']);
  assert.deepEqual(thrown.map(String), ['Error: a fault of ours']);
});

test(
  'closed in the middle of a call: its rows go nowhere, least of all to who has the numbers next',
  OPTIONS,
  async (t) => {
    for (const direction of ['datagrams', 'packets'] as const) {
      const { path, port: ownPort } = await openTunPath(t, '2001:db8:a::1');
      const closed = new Promise<void>((resolve) => {
        const close = (rows: Int32Array): void => {
          rows[ROW_VERDICT] = VERDICT_FORWARD;
          path.close();
          resolve();
        };
        path.start({
          handleDatagrams: () => close(path.inbound.rows),
          handlePackets: () => direction === 'packets' && close(path.outbound.rows),
          handleFailure: failing,
        });
      });
      if (direction === 'packets') await sendOverIpv6('x', '2001:db8:a::2');
      else path.sendDatagram(0, new Uint8Array(48).fill(0x60), LOOPBACK, ownPort as Port);
      await closed;
      await setImmediate();
      const { deliverRefused, sendRefused } = path.counters();
      assert.equal(deliverRefused + sendRefused, 0, direction);
    }
  },
);

test('a row that points out of the slab is refused, whatever lies there', OPTIONS, async (t) => {
  const { path } = await openTunPath(t, '2001:db8:b::1');
  const seen = new Promise<void>((resolve) =>
    path.start({
      handlePackets: () => {
        const { rows, bytes } = path.outbound;
        rows.set([bytes.length - 10, 1000], ROW_OFFSET);
        rows[ROW_ADDRESS] = LOOPBACK;
        rows[ROW_PORT] = 9;
        rows[ROW_VERDICT] = VERDICT_FORWARD;
        resolve();
      },
      handleDatagrams: () => {},
      handleFailure: failing,
    }),
  );
  await sendOverIpv6('x', '2001:db8:b::2');
  await seen;
  await setImmediate();
  assert.ok(path.counters().sendRefused >= 1);
  assert.equal(path.counters().lastError, 'EINVAL');
});

test('an interface that is down refuses packets and comes back', OPTIONS, async (t) => {
  const { path, device } = await openTunPath(t, '2001:db8:4::1');
  path.start(new PathCollector(path));
  const packet = emitEchoRequest(address('2001:db8:4::2'), address('2001:db8:4::1'), new Uint8Array(8));
  ip('link', 'set', device.name, 'down');
  path.writePacket(packet);
  assert.equal(path.counters().deliverRefused, 1);
  assert.equal(path.counters().lastError, 'EIO');
  path.writePacket(new Uint8Array(39).fill(0x60)); // shorter than any header
  assert.equal(path.counters().deliverRefused, 2);
  ip('link', 'set', device.name, 'up');
  path.writePacket(packet);
  assert.equal(path.counters().deliverRefused, 2);
});

test('an interface that is deleted: one failure, and the path has stopped', OPTIONS, async (t) => {
  const { path, device, port: ownPort } = await openTunPath(t, '2001:db8:5::1');
  const collector = new PathCollector(path);
  path.start(collector);
  const waiting = collector.until(() => collector.failures.length > 0);
  ip('link', 'del', device.name);
  await waiting;
  assert.equal(collector.failures[0]?.code, 'tun-failed');
  assert.equal(collector.failures[0]?.errno, 'EBADFD');
  assert.match(collector.failures[0]?.sentence ?? '', /interface is gone/);

  path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, ownPort as Port);
  const other = openCollector(t);
  other.path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, other.endpoint.port);
  await other.collector.untilDatagrams(1);
  assert.deepEqual(collector.datagrams, [], 'sent to itself before, and not received');
  assert.equal(collector.failures.length, 1);
  path.close();
});

test('closed from inside of handleFailure', OPTIONS, async (t) => {
  const { path, device } = await openTunPath(t, '2001:db8:6::1');
  const failed = new Promise<string>((resolve) =>
    path.start({
      handlePackets: () => {},
      handleDatagrams: () => {},
      handleFailure: (failure) => {
        path.close();
        resolve(failure.code);
      },
    }),
  );
  ip('link', 'del', device.name);
  assert.equal(await failed, 'tun-failed');
});

test('through a raw socket whole packets go where their header says, shims stripped', OPTIONS, async (t) => {
  // The far end of the route is a TUN device; the path under test never sees its descriptor.
  const { path: far } = await openTunPath(t, '2001:db8:7::1');
  const collector = new PathCollector(far);
  far.start(collector);
  const raw = openRawIpv6();
  assert.ok(raw.ok);
  const socket = openLoopbackSocket();
  const path = openPacketPath({ raw: raw.fd, sockets: [socket.fd] });
  t.after(() => path.close());
  path.start({
    handleDatagrams: (count) => {
      for (let i = 0; i < count; i++) {
        const row = i * ROW_STRIDE;
        const { rows } = path.inbound;
        // As if 8 bytes of origin indication stood in front.
        rows[row + ROW_OFFSET] = (rows[row + ROW_OFFSET] ?? 0) + 8;
        rows[row + ROW_LENGTH] = (rows[row + ROW_LENGTH] ?? 0) - 8;
        rows[row + ROW_VERDICT] = VERDICT_FORWARD;
      }
    },
    handlePackets: () => {},
    handleFailure: failing,
  });
  const spoofed = address('2001:0:505:501::1');
  const packets = ['2001:db8:7::2', '2001:db8:ffff::1', '2001:db8:7::3'].map((to) =>
    emitEchoRequest(spoofed, address(to), new Uint8Array(16)),
  );
  const peer = openLoopbackPath(t);
  for (const packet of packets) {
    peer.path.sendDatagram(0, Buffer.concat([new Uint8Array(8), packet]), LOOPBACK, socket.local.port);
  }
  const isEcho = ({ bytes }: { bytes: Uint8Array }): boolean => bytes[6] === 58 && bytes[40] === ICMPV6_ECHO_REQUEST;
  await collector.until(() => collector.packets.filter(isEcho).length === 2);
  const seen = collector.packets.filter(isEcho).map(({ bytes }) => bytes);
  assert.deepEqual(seen, [packets[0], packets[2]], 'the one without a route took none along');
  assert.equal(path.counters().deliverRefused, 1);
  assert.equal(path.counters().lastError, 'ENETUNREACH');
});

test(
  'two interfaces in two namespaces, bridged over UDP: TCP and UDP of a child that inherits the descriptors',
  OPTIONS,
  async (t) => {
    const near = await openTestTun('2001:db8:8::1');
    const nearSocket = openLoopbackSocket();
    const farSocket = openLoopbackSocket();
    // The socket stays in this namespace while the child makes its interface in another.
    const child = spawn('unshare', ['--net', process.execPath, FAR_END, String(nearSocket.local.port)], {
      stdio: ['pipe', 'pipe', 'inherit', farSocket.fd],
    });
    t.after(() => child.kill());
    closeDescriptor(farSocket.fd);
    assert.ok(child.stdout !== null);
    const [greeting] = await once(child.stdout, 'data');
    assert.equal(String(greeting), 'ready\n');

    const path = openPacketPath({ tun: near.fd, sockets: [nearSocket.fd] });
    t.after(() => path.close());
    bridge(path, farSocket.local);

    const data = randomBytes(4 * 1024 * 1024);
    const connection = connect({ host: '2001:db8:8::2', port: 7001 });
    connection.end(data);
    const parts: Buffer[] = await connection.toArray();
    assert.equal(Buffer.concat(parts).toString(), createHash('sha256').update(data).digest('hex'));

    const { deliverRefused, sendRefused } = path.counters();
    assert.equal(deliverRefused + sendRefused, 0);
    child.stdin?.end();
    const [status] = await once(child, 'exit');
    assert.equal(status, 0);
  },
);

test('no interface of this file is left', OPTIONS, () => {
  assert.doesNotMatch(spawnSync('ip', ['-brief', 'link'], { encoding: 'utf8' }).stdout, /mtest/);
});
