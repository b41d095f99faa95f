/** Opening TUN devices, and sockets whose packets a TUN device shows. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { closeDescriptor, openRawIpv6, openTun, openUdp } from '../../daemon/io/descriptors.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import { type Ipv4Address, ipv4, parseIpv4, port } from '../../daemon/wire/ipv4.js';
import { LOOPBACK, openLoopbackSocket } from '../support/loopback.js';
import { enterNamespace } from '../support/namespace.js';
import { PathCollector } from '../support/path-collector.js';
import { ip, openTestTun } from '../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 20_000 };

function dottedQuad(text: string): Ipv4Address {
  const address = parseIpv4(text);
  assert.ok(address !== undefined);
  return address;
}

test('the kernel fills in a pattern, or chooses the name; the index is that of the interface', OPTIONS, () => {
  const names = ['mpattern%d', 'mpattern%d', ''].map((pattern) => {
    const device = openTun(pattern);
    assert.ok(device.ok);
    assert.equal(JSON.parse(ip('-json', 'link', 'show', 'dev', device.name))[0].ifindex, device.index);
    closeDescriptor(device.fd);
    return device.name;
  });
  assert.deepEqual(names.slice(0, 2), ['mpattern0', 'mpattern0'], 'the first was gone with its descriptor');
  assert.match(names[2] ?? '', /^tun\d+$/);
});

test('names that cannot be had are refused with a reason', OPTIONS, () => {
  const device = openTun('mtaken');
  assert.ok(device.ok);
  const cases = [
    ['mtaken', 'EBUSY', /exists already and is in use/],
    ['lo', 'EINVAL', /interface of another kind/],
    ['a/b', 'EINVAL', /not valid/],
    ['sixteen-chars-it', 'ENAMETOOLONG', /at most 15 characters/],
    ['nul\0', 'EINVAL', /not valid/],
  ] as const;
  for (const [name, errno, sentence] of cases) {
    const result = openTun(name);
    assert.ok(!result.ok, name);
    assert.equal(result.errno, errno);
    assert.match(result.sentence, sentence);
  }
  closeDescriptor(device.fd);
});

test('without the capability: EPERM, and the sentence says which', OPTIONS, () => {
  const program = `
    const { openTun, openRawIpv6, openUdp } = await import(process.argv[1]);
    console.log(JSON.stringify([openTun('mtest%d'), openRawIpv6(), openUdp({ address: 0x7f000001, port: 80 })]));`;
  const module = new URL('../../daemon/io/descriptors.js', import.meta.url).href;
  const node = [process.execPath, '--input-type=module', '--eval', program, module];
  const run = spawnSync('setpriv', ['--inh-caps=-all', '--bounding-set=-all', ...node], { encoding: 'utf8' });
  assert.equal(run.stderr, '');
  const [tun, raw, udp] = JSON.parse(run.stdout);
  assert.equal(tun.errno, 'EPERM');
  assert.match(tun.sentence, /CAP_NET_ADMIN/);
  assert.equal(raw.errno, 'EPERM');
  assert.match(raw.sentence, /CAP_NET_RAW/);
  assert.equal(udp.errno, 'EACCES');
  assert.match(udp.sentence, /CAP_NET_BIND_SERVICE/);
});

test('a persistent device that nobody holds is taken', OPTIONS, () => {
  ip('tuntap', 'add', 'mkept', 'mode', 'tun');
  const device = openTun('mkept');
  assert.ok(device.ok);
  closeDescriptor(device.fd);
  ip('link', 'del', 'mkept');
});

test('UDP: addresses and ports that cannot be had are refused with a reason', OPTIONS, () => {
  const taken = openLoopbackSocket();
  const cases = [
    [taken.local, 'EADDRINUSE', /another program uses it/],
    [
      { address: ipv4(0xc0000201), port: port(0) },
      'EADDRNOTAVAIL',
      /no interface of this host has the address 192.0.2.1/,
    ],
  ] as const;
  for (const [options, errno, sentence] of cases) {
    const result = openUdp(options);
    assert.ok(!result.ok);
    assert.equal(result.errno, errno);
    assert.match(result.sentence, sentence);
  }
  closeDescriptor(taken.fd);
});

/** A device that shows what leaves over IPv4 by it, and a path whose socket is bound to its address. */
async function openIpv4Link(mtu: number) {
  const device = await openTestTun();
  ip('link', 'set', device.name, 'up', 'mtu', String(mtu));
  ip('addr', 'add', '198.51.100.1/24', 'dev', device.name);
  ip('route', 'add', '192.0.2.0/24', 'dev', device.name);
  const socket = openUdp({ address: dottedQuad('198.51.100.1'), port: port(0) });
  assert.ok(socket.ok);
  return { device, socket };
}

test('datagrams leave with DF clear, in fragments where the link is small (RFC 4380 §5.1.2)', OPTIONS, async (t) => {
  const { device, socket } = await openIpv4Link(1280);
  const path = openPacketPath({ tun: device.fd, sockets: [socket.fd] });
  t.after(() => path.close());
  const collector = new PathCollector(path);
  path.start(collector);
  // The highest bit is set: as a signed number, the way rows carry it.
  const signed = (dottedQuad('192.0.2.7') | 0) as Ipv4Address;
  path.sendDatagram(0, new Uint8Array(100), signed, port(9));
  path.sendDatagram(0, new Uint8Array(3000), signed, port(9));
  const isIpv4 = (packet: { bytes: Uint8Array }): boolean => packet.bytes[0] === 0x45;
  await collector.until(() => collector.packets.filter(isIpv4).length === 4);
  const packets = collector.packets.filter(isIpv4).map((packet) => packet.bytes);
  for (const packet of packets) {
    assert.equal((packet[6] ?? 0) & 0x40, 0, 'DF');
    assert.deepEqual([...packet.subarray(16, 20)], [192, 0, 2, 7]);
  }
  const moreFragments = packets.map((packet) => ((packet[6] ?? 0) & 0x20) !== 0);
  assert.deepEqual(moreFragments, [false, true, true, false]);
});

test('what waits in the device is read in batches', OPTIONS, async (t) => {
  const { device, socket } = await openIpv4Link(1500);
  const path = openPacketPath({ tun: device.fd, sockets: [socket.fd] });
  t.after(() => path.close());
  const collector = new PathCollector(path);
  for (let i = 0; i < 200; i++) path.sendDatagram(0, Uint8Array.of(i), dottedQuad('192.0.2.1'), port(9));
  path.start(collector);
  await collector.until(() => collector.packets.length >= 200);
  assert.ok(collector.batches.length <= 5, `batches of ${collector.batches}`);
  const data = collector.packets.filter(({ bytes }) => bytes[0] === 0x45).map(({ bytes }) => bytes[28]);
  assert.deepEqual(
    data,
    Array.from({ length: 200 }, (_, i) => i),
  );
});

test('a full send buffer drops and counts; once there is room, sending works again', OPTIONS, async (t) => {
  // Datagrams to neighbours that do not answer ARP wait, and are charged to the socket.
  ip('link', 'add', 'mveth0', 'type', 'veth', 'peer', 'name', 'mveth1');
  for (const name of ['mveth0', 'mveth1']) ip('link', 'set', name, 'up');
  ip('addr', 'add', '198.19.0.1/16', 'dev', 'mveth0');
  const socket = openUdp({ address: ipv4(0), port: port(0) });
  assert.ok(socket.ok);
  const path = openPacketPath({ sockets: [socket.fd] });
  t.after(() => path.close());
  const full = new Promise<void>((resolve) =>
    path.start({
      handleDatagrams: () => {
        if (path.counters().sendCalls > 1) return;
        const datagram = new Uint8Array(1400);
        for (let i = 0; i < 6000; i++)
          path.sendDatagram(0, datagram, ipv4(dottedQuad('198.19.1.0') + (i >> 5)), port(9));
        setImmediate(resolve);
      },
      handlePackets: () => {},
      handleFailure: () => {},
    }),
  );
  path.sendDatagram(0, new Uint8Array(1), LOOPBACK, socket.local.port);
  await full;
  const { sendCalls, sendWouldBlock, lastError, sendRefused } = path.counters();
  assert.ok(sendWouldBlock > 100);
  assert.ok(sendCalls < 200, `${sendCalls} calls for 6000 datagrams, ${sendWouldBlock} of them refused`);
  assert.equal(sendRefused, 0);
  assert.equal(lastError, 'EAGAIN');

  ip('link', 'del', 'mveth0'); // which frees what was waiting
  path.sendDatagram(0, new Uint8Array(1), LOOPBACK, socket.local.port);
  assert.equal(path.counters().sendWouldBlock, sendWouldBlock);
});

test('a raw socket receives nothing, not even what is addressed to its protocol', OPTIONS, () => {
  const raw = openRawIpv6();
  assert.ok(raw.ok);
  // Protocol 255 to ourselves: without the filter it would wait in the receive queue.
  const packet = new Uint8Array(48);
  packet.set([0x60, 0, 0, 0, 0, 8, 255, 64]);
  packet[23] = 1;
  packet[39] = 1;
  const path = openPacketPath({ raw: raw.fd, sockets: [] });
  path.writePacket(packet);
  assert.equal(path.counters().deliverRefused, 0);
  const queues = spawnSync('cat', ['/proc/net/raw6'], { encoding: 'utf8' }).stdout.trim().split('\n').slice(1);
  assert.equal(queues.length, 1);
  assert.match(queues[0] ?? '', / [0-9A-F]{8}:00000000 /, 'tx_queue:rx_queue');
  path.close();
});
