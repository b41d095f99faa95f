/** Each offload that a kernel may lack, taken away: every byte arrives all the same, and only that one is missing. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  closeDescriptor,
  openTun,
  openUdp,
  TUN_OFFLOADS,
  type TunDevice,
  type TunOffload,
} from '../../daemon/io/descriptors.js';
import { openPacketPath, type PathOffload } from '../../daemon/io/kernel-path.js';
import { configureLink } from '../../daemon/io/link.js';
import {
  type PacketPath,
  type PacketPathCounters,
  ROW_ADDRESS,
  ROW_PORT,
  ROW_STRIDE,
  ROW_VERDICT,
} from '../../daemon/io/packet-path.js';
import { runHeaderLength } from '../../daemon/protocol/environment.js';
import { type Endpoint, type Ipv4Address, ipv4, type Port, parseIpv4, port } from '../../daemon/wire/ipv4.js';
import { openCollector, openLoopbackSocket } from '../support/loopback.js';
import { readRow } from '../support/memory-path.js';
import { enterNamespace } from '../support/namespace.js';
import { compilePreloaded, temporaryDirectory } from '../support/native-program.js';
import { PathCollector } from '../support/path-collector.js';
import { address, ip, openTestTun } from '../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 60_000 };
const FAR_END = fileURLToPath(new URL('./fallback-far-end.js', import.meta.url));
const DATAGRAMS = 40;

interface Case {
  readonly name: string;
  readonly tun: TunOffload;
  readonly path: PathOffload;
  /** Whether big packets come from the device, runs from the socket, and big packets go to the device. */
  readonly sees: { readonly cut: boolean; readonly runs: boolean; readonly joined: boolean };
}

const ALL = { cut: true, runs: true, joined: true };

/** Both ends do without the same. */
const CASES: readonly Case[] = [
  { name: 'everything', tun: 'udp', path: {}, sees: ALL },
  { name: 'no USO', tun: 'tcp', path: {}, sees: ALL },
  { name: 'no TSO', tun: 'checksum', path: {}, sees: { ...ALL, cut: false } },
  { name: 'no checksum offload', tun: 'header', path: {}, sees: { ...ALL, cut: false } },
  { name: 'no virtio-net header', tun: 'none', path: {}, sees: { cut: false, runs: true, joined: false } },
  { name: 'no UDP_SEGMENT', tun: 'udp', path: { sendRuns: false }, sees: { ...ALL, runs: false } },
  { name: 'no UDP_GRO', tun: 'udp', path: { receiveRuns: false }, sees: { ...ALL, runs: false } },
  { name: 'no joining of TCP', tun: 'udp', path: { joinTcp: false }, sees: { ...ALL, joined: false } },
  { name: 'no joining of UDP', tun: 'udp', path: { joinUdp: false }, sees: ALL },
  {
    name: 'nothing',
    tun: 'none',
    path: { sendRuns: false, receiveRuns: false, joinTcp: false, joinUdp: false },
    sees: { cut: false, runs: false, joined: false },
  },
];

interface Seen {
  cut: number;
  runs: number;
  datagrams: number;
}

/** A bridge that counts. */
function countingBridge(path: PacketPath, peer: Endpoint): Seen {
  const seen: Seen = { cut: 0, runs: 0, datagrams: 0 };
  path.start({
    handleDatagrams: (count) => {
      for (let i = 0; i < count; i++) {
        const { segment, length } = readRow(path.inbound, i);
        if (segment > 0) seen.runs++;
        seen.datagrams += segment > 0 ? Math.ceil(length / segment) : 1;
        path.inbound.rows[i * ROW_STRIDE + ROW_VERDICT] = 1;
      }
    },
    handlePackets: (count) => {
      for (let i = 0; i < count; i++) {
        const { segment, offset, offload } = readRow(path.outbound, i);
        if (segment === 0) continue;
        seen.cut++;
        const { bytes } = path.outbound;
        const own = bytes[offset + 6] === 6 ? ((bytes[offset + 52] ?? 0) >> 4) * 4 : 8;
        assert.equal(runHeaderLength(offload), 40 + own);
      }
      forwardAll(path, count, peer);
    },
    handleFailure: (failure) => assert.fail(failure.sentence),
  });
  return seen;
}

function forwardAll(path: PacketPath, count: number, peer: Endpoint): void {
  const { rows } = path.outbound;
  for (let row = 0; row < count * ROW_STRIDE; row += ROW_STRIDE) {
    rows[row + ROW_ADDRESS] = peer.address;
    rows[row + ROW_PORT] = peer.port;
    rows[row + ROW_VERDICT] = 1;
  }
}

/** Sends datagrams, waits for all to come back. */
async function echoDatagrams(): Promise<void> {
  const socket = createSocket('udp6');
  const missing = new Set(Array.from({ length: DATAGRAMS }, (_, i) => `datagram ${String(i).padStart(100)}`));
  const done = new Promise<void>((resolve) =>
    socket.on('message', (message) => {
      missing.delete(message.toString());
      if (missing.size === 0) resolve();
    }),
  );
  for (const text of missing) socket.send(text, 7002, '2001:db8:9::2');
  await done;
  socket.close();
}

interface FarEnd {
  readonly endpoint: Endpoint;
  /** What its device gives. */
  readonly tun: string;
  /** Ends it; what its path has counted. */
  end(): Promise<PacketPathCounters>;
}

/** The other end of the bridge, in a namespace and a process of its own. */
async function startFarEnd(
  context: TestContext,
  near: Endpoint,
  tun: TunOffload,
  offload: PathOffload,
  env: NodeJS.ProcessEnv = {},
): Promise<FarEnd> {
  const socket = openLoopbackSocket();
  const words = [String(near.port), tun, JSON.stringify(offload)];
  const child = spawn('unshare', ['--net', process.execPath, FAR_END, ...words], {
    stdio: ['pipe', 'pipe', 'inherit', socket.fd],
    env: { ...process.env, ...env },
  });
  context.after(() => child.kill());
  closeDescriptor(socket.fd);
  const output = child.stdout as NonNullable<typeof child.stdout>;
  const [granted] = await once(output, 'data');
  const end = async (): Promise<PacketPathCounters> => {
    child.stdin?.end();
    return JSON.parse((await output.setEncoding('utf8').toArray()).join(''));
  };
  return { endpoint: socket.local, tun: String(granted).trim(), end };
}

async function openNearTun(offload: TunOffload): Promise<TunDevice> {
  const device = openTun('mtest%d', offload);
  assert.ok(device.ok);
  const addresses = [{ address: address('2001:db8:9::1'), prefixLength: 64 }];
  assert.ok((await configureLink(device.name, { mtu: 1280, addresses, routes: [] })).ok);
  return device;
}

/** Bytes and datagrams to the far end and back. */
async function compareAll(): Promise<void> {
  const data = randomBytes(4 * 1024 * 1024);
  const connection = connect({ host: '2001:db8:9::2', port: 7001 });
  connection.end(data);
  const parts: Buffer[] = await connection.toArray();
  assert.ok(Buffer.concat(parts).equals(data));
  await echoDatagrams();
}

const refusals = ({ deliverRefused, sendRefused, sendWouldBlock }: PacketPathCounters): number =>
  deliverRefused + sendRefused + sendWouldBlock;

for (const { name, tun, path: offload, sees } of CASES) {
  test(`with ${name}: bytes there and back are the same`, OPTIONS, async (t) => {
    const device = await openNearTun(tun);
    assert.equal(device.offload, tun, 'this kernel can do all');
    const socket = openLoopbackSocket();
    const farEnd = await startFarEnd(t, socket.local, tun, offload);
    const path = openPacketPath({ tun: device.fd, sockets: [socket.fd] }, offload);
    t.after(() => path.close());
    const seen = countingBridge(path, farEnd.endpoint);
    await compareAll();

    const [link] = JSON.parse(ip('-json', '-statistics', 'link', 'show', 'dev', device.name));
    const joined = link.stats64.rx.packets < seen.datagrams / 2;
    assert.deepEqual({ cut: seen.cut > 0, runs: seen.runs > 0, joined }, sees);
    assert.equal(refusals(path.counters()), 0);
    assert.equal(refusals(await farEnd.end()), 0);
  });
}

/** What the far end's kernel refuses, how often, and with which error. */
interface Refusal {
  readonly refuse: string;
  /** A letter for each refusal, as refusing-kernel.cc writes them. */
  readonly refused: RegExp;
  readonly tun: TunOffload;
  /** Whether runs come from the far end all the same. */
  readonly runs: boolean;
}

const { EAGAIN, EINVAL, EIO, EOPNOTSUPP } = constants.errno;

/** `joined` and `segments` never stop to fail: what was gathered before they were found out is all that meets it. */
const REFUSALS: readonly Refusal[] = [
  { refuse: `offload=1:${EINVAL}`, refused: /^o$/, tun: 'tcp', runs: true },
  { refuse: `offload=2:${EINVAL}`, refused: /^oo$/, tun: 'tcp', runs: true },
  { refuse: `offload=3:${EINVAL}`, refused: /^ooo$/, tun: 'checksum', runs: true },
  { refuse: `offload=5:${EINVAL}`, refused: /^ooooo$/, tun: 'header', runs: true },
  { refuse: `header=1:${EINVAL}`, refused: /^h$/, tun: 'none', runs: true },
  { refuse: `joined=99:${EINVAL}`, refused: /^j{1,2}$/, tun: 'udp', runs: true },
  { refuse: `joined=99:${EOPNOTSUPP}`, refused: /^j{1,2}$/, tun: 'udp', runs: true },
  { refuse: `segments=99:${EIO}`, refused: /^s{1,20}$/, tun: 'udp', runs: false },
  { refuse: `segments=99:${EOPNOTSUPP}`, refused: /^s{1,20}$/, tun: 'udp', runs: false },
  { refuse: `full=40:${EAGAIN}`, refused: /^f{40}$/, tun: 'udp', runs: true },
];

test('a kernel that refuses: bytes there and back are the same', OPTIONS, async (t) => {
  const library = await compilePreloaded(t, 'test/io/native/refusing-kernel.cc');
  // Sanitizers have to come first.
  const preload = [process.env['LD_PRELOAD'], library].filter(Boolean).join(' ');
  for (const [index, { refuse, refused, tun, runs }] of REFUSALS.entries()) {
    await t.test(refuse, async (each) => {
      const file = join(temporaryDirectory(each, 'refused'), String(index));
      const device = await openNearTun('udp');
      const socket = openLoopbackSocket();
      const env = { LD_PRELOAD: preload, REFUSE: refuse, REFUSED: file };
      const farEnd = await startFarEnd(each, socket.local, 'udp', {}, env);
      assert.equal(farEnd.tun, tun);
      const path = openPacketPath({ tun: device.fd, sockets: [socket.fd] });
      each.after(() => path.close());
      const seen = countingBridge(path, farEnd.endpoint);
      await compareAll();
      assert.equal(seen.runs > 0, runs);
      assert.equal(refusals(path.counters()), 0);
      assert.equal(refusals(await farEnd.end()), 0);
      assert.match(readFileSync(file, 'utf8'), refused);
    });
  }
});

test('what is wanted of a device is what it gives', OPTIONS, () => {
  for (const wanted of TUN_OFFLOADS) {
    const device = openTun('mtest%d', wanted);
    assert.ok(device.ok);
    assert.equal(device.offload, wanted);
    closeDescriptor(device.fd);
  }
});

/** ROW_OFFLOAD of a UDP run whose headers are 48 bytes long. */
const UDP_RUN = 40 | (48 << 12) | (1 << 24);

/** A UDP packet over IPv6 that stands for several; its checksum field holds nothing that matters here. */
function udpRun(payload: number): Uint8Array {
  const bytes = new Uint8Array(48 + payload);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x60;
  view.setUint16(4, 8 + payload);
  bytes[6] = 17;
  view.setUint16(44, 8 + payload);
  return bytes;
}

test(
  'a link too small for the segments: they leave one by one, in fragments, and that is remembered',
  OPTIONS,
  async (t) => {
    const device = openTun('mtest%d', 'none');
    assert.ok(device.ok);
    ip('link', 'set', device.name, 'up', 'mtu', '1280');
    ip('addr', 'add', '198.51.100.1/24', 'dev', device.name);
    const local = parseIpv4('198.51.100.1');
    const peer = parseIpv4('198.51.100.9');
    assert.ok(local !== undefined && peer !== undefined);
    const socket = openUdp({ address: local, port: port(0) });
    assert.ok(socket.ok);
    const path = openPacketPath({ tun: device.fd, sockets: [socket.fd] });
    t.after(() => path.close());
    const collector = new PathCollector(path);
    path.start(collector);
    const fragments = (): number => collector.packets.filter(({ bytes }) => bytes[0] === 0x45).length;

    path.sendRun(0, udpRun(3 * 1400), 1400, UDP_RUN, peer, port(9));
    await collector.until(() => fragments() === 6);
    const first = path.counters().sendCalls;
    assert.equal(first, 2, 'tried at once, and then one by one in one call');
    path.sendRun(0, udpRun(3 * 1400), 1400, UDP_RUN, peer, port(9));
    await collector.until(() => fragments() === 12);
    assert.equal(path.counters().sendCalls, first + 1, 'not tried again');
    path.sendRun(0, udpRun(3 * 500), 500, UDP_RUN, peer, port(9));
    await collector.until(() => fragments() === 15);
    assert.equal(path.counters().sendCalls, first + 2, 'smaller segments still go together');
    assert.equal(path.counters().sendRefused, 0);
  },
);

test(
  'peers that get no segments, or nothing at all, do not keep those of another from going together',
  OPTIONS,
  async (t) => {
    const device = openTun('mtest%d', 'none');
    assert.ok(device.ok);
    ip('link', 'set', device.name, 'up');
    ip('addr', 'add', '198.51.100.1/24', 'dev', device.name);
    ip('route', 'add', '198.51.100.8', 'dev', device.name, 'mtu', '600');
    ip('route', 'add', 'blackhole', '198.51.100.7');
    const socket = openUdp({ address: ipv4(0), port: port(0) });
    assert.ok(socket.ok);
    const path = openPacketPath({ tun: device.fd, sockets: [socket.fd] });
    t.after(() => path.close());
    path.start(new PathCollector(path));
    const peer = openCollector(t);
    const send = (to: Ipv4Address, toPort: Port): number => {
      const before = path.counters().sendCalls;
      path.sendRun(0, udpRun(3 * 1200), 1200, UDP_RUN, to, toPort);
      return path.counters().sendCalls - before;
    };
    const dotted = (text: string): Ipv4Address => parseIpv4(text) ?? assert.fail(text);
    const none = (): void => {
      assert.equal(send(dotted('198.51.100.7'), port(9)), 4, 'without a route: together, then each');
      assert.equal(send(dotted('198.51.100.9'), port(0)), 4, 'without a port too');
    };
    none();
    assert.equal(path.counters().sendRefused, 6);
    assert.equal(send(dotted('198.51.100.8'), port(9)), 2, 'a small way: together, then in one call one by one');
    assert.equal(send(dotted('198.51.100.8'), port(9)), 1, 'which is remembered');
    none();
    assert.equal(path.counters().sendRefused, 12, 'where nothing leaves nothing was learnt');
    assert.equal(send(peer.endpoint.address, peer.endpoint.port), 1);
    await peer.collector.untilDatagrams(1);
    const [run] = peer.collector.datagrams;
    assert.deepEqual([run?.segment, run?.length], [1248, 3 * 1248]);
  },
);

test(
  'a full send buffer: the device is not read until there is room, and nothing is lost in between',
  OPTIONS,
  async (t) => {
    // Datagrams to neighbours that do not answer ARP wait, and are charged to the socket.
    ip('link', 'add', 'mveth0', 'type', 'veth', 'peer', 'name', 'mveth1');
    for (const name of ['mveth0', 'mveth1']) ip('link', 'set', name, 'up');
    ip('addr', 'add', '198.19.0.1/16', 'dev', 'mveth0');
    const first = parseIpv4('198.19.1.0');
    assert.ok(first !== undefined);
    const device = await openTestTun('2001:db8:c::1', 1500);
    ip('link', 'set', device.name, 'txqueuelen', '10000');
    const socket = openUdp({ address: ipv4(0), port: port(0) });
    assert.ok(socket.ok);
    const path = openPacketPath({ tun: device.fd, sockets: [socket.fd] }, { sendRuns: false });
    t.after(() => path.close());
    const peer = openCollector(t);
    let forwarded = 0;
    let isOpen = false;
    path.start({
      handlePackets: (count) => {
        const { rows } = path.outbound;
        forwardAll(path, count, peer.endpoint);
        if (isOpen) return;
        for (let i = 0; i < count; i++) {
          rows[i * ROW_STRIDE + ROW_ADDRESS] = first + ((forwarded + i) >> 5);
          rows[i * ROW_STRIDE + ROW_PORT] = 9;
        }
        forwarded += count;
      },
      handleDatagrams: () => {},
      handleFailure: (failure) => assert.fail(failure.sentence),
    });
    // What the stack sends in one go waits in the device, whatever the path does.
    const sender = createSocket('udp6');
    t.after(() => sender.close());
    const packet = Buffer.alloc(1400);
    const total = 6000;
    await new Promise<void>((resolve) => {
      let left = total;
      const sent = (): void => {
        left--;
        if (left === 0) resolve();
      };
      for (let i = 0; i < total; i++) sender.send(packet, 9, '2001:db8:c::2', sent);
    });
    for (let turn = 0; turn < 50; turn++) await setImmediate();
    const stopped = forwarded;
    assert.ok(stopped > 100 && stopped < 1000, `${stopped} of ${total} were read`);
    assert.equal(path.counters().sendWouldBlock, 0);
    // What keeps the tunnel up need not wait behind that.
    path.sendDatagram(0, Uint8Array.of(1), peer.endpoint.address, peer.endpoint.port);
    await peer.collector.untilDatagrams(1);
    assert.equal(path.counters().sendWouldBlock, 0);

    isOpen = true;
    ip('link', 'del', 'mveth0'); // which frees what was waiting
    await peer.collector.untilDatagrams(total - stopped + 1);
    assert.equal(path.counters().sendWouldBlock, 0);
  },
);
