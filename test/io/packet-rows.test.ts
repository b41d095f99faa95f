/** Random batches through the kernel: the rows that JavaScript wrote, and exactly their packets, in order. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import {
  type PacketPath,
  ROW_ADDRESS,
  ROW_DROPPED,
  ROW_LENGTH,
  ROW_OFFLOAD,
  ROW_OFFSET,
  ROW_PORT,
  ROW_SEGMENT,
  ROW_STRIDE,
  ROW_VERDICT,
  VERDICT_FORWARD,
} from '../../daemon/io/packet-path.js';
import { concatenate } from '../../daemon/wire/encapsulation.js';
import type { Endpoint, Port } from '../../daemon/wire/ipv4.js';
import { LOOPBACK, openCollector, openLoopbackPath, openLoopbackSocket } from '../support/loopback.js';
import { enterNamespace } from '../support/namespace.js';
import type { Received } from '../support/path-collector.js';
import { openTestTun, openTunPath } from '../support/tun.js';
import { SEED } from './offload/fuzz.js';
import { emitPacket, type Flow, type Superpacket, stream, superpacket, udpHeader } from './offload/fuzzed-packets.js';
import { UDP } from './offload/plain-packet.js';
import { plainSegment } from './offload/plain-segment.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 60_000 };
/** Where packets of fuzzed-packets.ts go: the device's own address. */
const OWN = '2001:db8:0:3::2';
const FLOW: Flow = {
  protocol: UDP,
  number: 1,
  trafficClass: 0,
  label: 0,
  hopLimit: 64,
  options: [],
  sequence: 0,
  full: 0,
  seed: 0,
};

const hex = (packets: readonly Uint8Array[]): string[] => packets.map((packet) => Buffer.from(packet).toString('hex'));

/** An inbound run: datagrams of one size but the last, of which some have trailers and some are dropped. */
interface InboundRun {
  readonly segment: number;
  /** Bytes of each datagram's packet that are not its IPv6 packet. */
  readonly trailers: readonly number[];
  readonly dropped: readonly boolean[];
  readonly last: number;
}

const inboundRun: fc.Arbitrary<InboundRun> = fc
  .oneof(fc.integer({ min: 65, max: 75 }), fc.integer({ min: 2, max: 128 }))
  .chain((count) =>
    fc.record({
      segment: fc.oneof(fc.constant(100), fc.integer({ min: 60, max: 500 })),
      trailers: fc.array(fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(8)), {
        minLength: count,
        maxLength: count,
        size: 'max',
      }),
      dropped: fc.array(
        fc.nat(7).map((n) => n === 0),
        { minLength: count, maxLength: count, size: 'max' },
      ),
      last: fc.integer({ min: 57, max: 500 }),
    }),
  );

/** Its bytes, and the payloads that must come out. */
function emitRun({ segment, trailers, dropped, last }: InboundRun, seed: number) {
  const datagrams = trailers.map((trailer, i) => {
    const length = i === trailers.length - 1 ? Math.min(last, segment) : segment;
    const payload = stream({ ...FLOW, seed }, i * 1000, length - 48 - trailer);
    const packet = emitPacket(FLOW, udpHeader(FLOW, payload.length), payload);
    return { payload, bytes: concatenate(packet, new Uint8Array(trailer).fill(0xee)) };
  });
  const wanted = datagrams.filter((_, i) => !dropped[i]).map(({ payload }) => payload);
  return { bytes: concatenate(...datagrams.map(({ bytes }) => bytes)), wanted };
}

function writeRun(path: PacketPath, { segment, dropped }: InboundRun, bytes: Uint8Array): void {
  const { rows } = path.inbound;
  path.inbound.bytes.set(bytes, rows[ROW_OFFSET]);
  rows[ROW_LENGTH] = bytes.length;
  rows[ROW_SEGMENT] = segment;
  rows[ROW_VERDICT] = VERDICT_FORWARD;
  for (const [i, isDropped] of dropped.entries()) {
    const column = ROW_DROPPED + (i >>> 5);
    if (isDropped) rows[column] = (rows[column] as number) | (1 << (i & 31));
  }
}

/** Longer than any payload of a run: nothing more comes behind it. */
const MARK = emitPacket(FLOW, udpHeader(FLOW, 600), new Uint8Array(600));

test('inward: a run goes on without the dropped and without trailers, in order', OPTIONS, async (t) => {
  t.diagnostic(`OFFLOAD_SEED=${SEED}`);
  const { path, port } = await openTunPath(t, OWN);
  const receiver = createSocket({ type: 'udp6', recvBufferSize: 1 << 20 }).bind(40_001, OWN);
  t.after(() => receiver.close());
  await once(receiver, 'listening');
  let write = (): void => {};
  path.start({
    handleDatagrams: () => write(),
    handlePackets: () => {},
    handleFailure: (failure) => assert.fail(failure.sentence),
  });
  for (const [index, run] of fc.sample(inboundRun, { numRuns: 100, seed: SEED }).entries()) {
    const { bytes, wanted } = emitRun(run, index);
    const seen: Uint8Array[] = [];
    write = () => {
      writeRun(path, run, bytes);
      setImmediate(() => path.writePacket(MARK));
    };
    const done = new Promise<void>((resolve) => {
      receiver.removeAllListeners('message').on('message', (message) => {
        if (message.length === 600) resolve();
        else seen.push(message);
      });
    });
    path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, port as Port);
    await done;
    assert.deepEqual(hex(seen), hex(wanted), `run ${index}: ${JSON.stringify(run)}`);
  }
  assert.equal(path.counters().deliverRefused, 0);
});

/** The packets of rows, runs taken apart. */
function packetsOf(rows: readonly Received[]): Uint8Array[] {
  return rows.flatMap(({ bytes, segment }) => {
    const size = segment === 0 ? bytes.length : segment;
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  });
}

/** Whether there is something to cut. */
const isRun = ({ packet, header }: Superpacket): boolean =>
  header.offload !== 'none' && packet.length - header.headerLength > header.segmentSize;

/** ROW_OFFLOAD of a run, as the kernel's packets get it. */
const offloadOf = ({ header }: Superpacket): number =>
  header.checksumStart | (header.headerLength << 12) | (header.offload === 'udp' ? 1 << 24 : 0);

const ROWS = 40;
const PEERS = 3;

interface OutboundRow {
  readonly what: Superpacket;
  readonly peer: number;
}

const outboundRows: fc.Arbitrary<OutboundRow[]> = fc.array(
  fc.record({ what: superpacket, peer: fc.nat(PEERS - 1) }).filter(({ what }) => what.packet.length < 16_000),
  { minLength: ROWS, maxLength: ROWS, size: 'max' },
);

function writeRows(path: PacketPath, rows: readonly OutboundRow[], peers: readonly Endpoint[]): void {
  const columns = path.outbound.rows;
  let offset = 0;
  for (const [i, { what, peer }] of rows.entries()) {
    const row = i * ROW_STRIDE;
    path.outbound.bytes.set(what.packet, offset);
    columns[row + ROW_OFFSET] = offset;
    columns[row + ROW_LENGTH] = what.packet.length;
    columns[row + ROW_SEGMENT] = isRun(what) ? what.header.segmentSize : 0;
    columns[row + ROW_OFFLOAD] = isRun(what) ? offloadOf(what) : 0;
    columns[row + ROW_ADDRESS] = peers[peer]?.address ?? 0;
    columns[row + ROW_PORT] = peers[peer]?.port ?? 0;
    columns[row + ROW_VERDICT] = VERDICT_FORWARD;
    offset += what.packet.length;
  }
}

/** All are of one flow for each next header; those may pass each other. */
const byFlow = (packets: readonly string[]): string[] =>
  [...packets].sort((a, b) => a.slice(12, 14).localeCompare(b.slice(12, 14)));

/** As many packets as there will be rows: they wait in the device. */
async function fillDevice(to: string): Promise<void> {
  const socket = createSocket('udp6');
  const sent = Array.from({ length: ROWS }, () => new Promise((resolve) => socket.send('x', 9, to, resolve)));
  await Promise.all(sent);
  socket.close();
}

test('outward: packets and runs are cut and packed, and arrive as they are, in order', OPTIONS, async (t) => {
  t.diagnostic(`OFFLOAD_SEED=${SEED}`);
  const peers = Array.from({ length: PEERS }, () => openCollector(t));
  for (const [round, rows] of fc.sample(outboundRows, { numRuns: 6, seed: SEED }).entries()) {
    const device = await openTestTun(`2001:db8:f${round}::1`);
    const path = openPacketPath({ tun: device.fd, sockets: [openLoopbackSocket().fd] });
    t.after(() => path.close());
    await fillDevice(`2001:db8:f${round}::2`);
    let isDone = false;
    path.start({
      handlePackets: (count) => {
        if (isDone || count < ROWS) return;
        isDone = true;
        const places = peers.map(({ endpoint }) => endpoint);
        writeRows(path, rows, places);
      },
      handleDatagrams: () => {},
      handleFailure: (failure) => assert.fail(failure.sentence),
    });
    for (const [peer, { collector }] of peers.entries()) {
      const own = rows.filter((row) => row.peer === peer).map(({ what }) => what);
      const wanted = own.flatMap((what) => (isRun(what) ? plainSegment(what.packet, what.header) : [what.packet]));
      await collector.until(() => packetsOf(collector.datagrams).length >= wanted.length);
      assert.deepEqual(byFlow(hex(packetsOf(collector.datagrams.splice(0)))), byFlow(hex(wanted)));
    }
    assert.equal(path.counters().sendRefused, 0);
  }
});

test('F-11: the ECN field of the outer header comes with the row, of a datagram and of a run', OPTIONS, async (t) => {
  const peer = openCollector(t);
  const path = openLoopbackPath(t).path;
  const payload = superpacketOf(3 * 100);
  for (const [ecn, name] of ['not-ect', 'ect1', 'ect0', 'ce'].entries()) {
    const rule = `ip daddr 127.0.0.1 udp dport ${peer.endpoint.port} ip ecn set ${name}`;
    execFileSync('nft', ['-f', '-'], {
      input: `table ip marks\ndelete table ip marks\ntable ip marks {
        chain out { type filter hook output priority mangle\n${rule}\n}\n}\n`,
    });
    path.sendDatagram(0, new Uint8Array(60), LOOPBACK, peer.endpoint.port);
    path.sendRun(0, payload, 100, UDP_RUN, LOOPBACK, peer.endpoint.port);
    await peer.collector.untilDatagrams(2);
    const rows = peer.collector.datagrams.splice(0).map(({ segment, offload }) => [segment, offload]);
    assert.deepEqual(rows, [
      [0, ecn],
      [148, ecn],
    ]);
  }
});

/** ROW_OFFLOAD of a UDP run whose headers are 48 bytes long. */
const UDP_RUN = 40 | (48 << 12) | (1 << 24);

const superpacketOf = (length: number): Uint8Array => emitPacket(FLOW, udpHeader(FLOW, length), new Uint8Array(length));
