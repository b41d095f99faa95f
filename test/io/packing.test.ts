/** How packets of many flows share messages: fewer messages than packets, and each flow in order. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import { ROW_ADDRESS, ROW_PORT, ROW_STRIDE, ROW_VERDICT, VERDICT_FORWARD } from '../../daemon/io/packet-path.js';
import { openCollector, openLoopbackSocket } from '../support/loopback.js';
import { enterNamespace } from '../support/namespace.js';
import type { Received } from '../support/path-collector.js';
import { openTestTun } from '../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 30_000 };
const FLOWS = 8;
const PACKETS = 50;
const PEERS = 3;

/** The packets of rows, runs taken apart. */
function packetsOf(rows: readonly Received[]): Uint8Array[] {
  return rows.flatMap(({ bytes, segment }) => {
    const size = segment === 0 ? bytes.length : segment;
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  });
}

test(
  'flows of mixed sizes to several peers: all arrive, each flow in order, in far fewer messages',
  OPTIONS,
  async (t) => {
    const device = await openTestTun('2001:db8:e::1');
    const path = openPacketPath({ tun: device.fd, sockets: [openLoopbackSocket().fd] });
    t.after(() => path.close());
    const peers = Array.from({ length: PEERS }, () => openCollector(t));
    const sockets = Array.from({ length: FLOWS }, () => createSocket('udp6'));
    t.after(() => {
      for (const socket of sockets) socket.close();
    });
    // Sizes stay for a while, are the same in several flows, and go up and down.
    const sends = Array.from({ length: PACKETS }, (_, number) =>
      sockets.map((socket, flow) => {
        const payload = Buffer.alloc([40, 600, 1200, 600][(Math.floor(number / 10) * (flow + 1)) % 4] ?? 0);
        payload.writeUInt16BE(flow, 0);
        payload.writeUInt16BE(number, 2);
        return new Promise((resolve) => socket.send(payload, 9, '2001:db8:e::2', resolve));
      }),
    );
    await Promise.all(sends.flat());

    path.start({
      handlePackets: (count) => {
        const { rows, view } = path.outbound;
        for (let i = 0; i < count; i++) {
          const offset = rows[i * ROW_STRIDE] as number;
          if (view.getUint8(offset + 6) !== 17) continue; // the kernel's own multicast
          const peer = peers[view.getUint16(offset + 48) % PEERS]?.endpoint;
          assert.ok(peer !== undefined);
          rows[i * ROW_STRIDE + ROW_ADDRESS] = peer.address;
          rows[i * ROW_STRIDE + ROW_PORT] = peer.port;
          rows[i * ROW_STRIDE + ROW_VERDICT] = VERDICT_FORWARD;
        }
      },
      handleDatagrams: () => {},
      handleFailure: (failure) => assert.fail(failure.sentence),
    });

    let rows = 0;
    for (const [index, { collector }] of peers.entries()) {
      const flows = Array.from({ length: FLOWS }, (_, flow) => flow).filter((flow) => flow % PEERS === index);
      await collector.until(() => packetsOf(collector.datagrams).length >= flows.length * PACKETS);
      const seen = flows.map((): number[] => []);
      for (const packet of packetsOf(collector.datagrams)) {
        const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
        assert.equal(view.getUint16(4) + 40, packet.length, 'cut where it was joined');
        seen[flows.indexOf(view.getUint16(48))]?.push(view.getUint16(50));
      }
      for (const numbers of seen) assert.deepEqual(numbers, [...Array(PACKETS).keys()]);
      rows += collector.datagrams.length;
    }
    assert.ok(rows < (FLOWS * PACKETS) / 4, `${rows} messages for ${FLOWS * PACKETS} packets`);
  },
);
