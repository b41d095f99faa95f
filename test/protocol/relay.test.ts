import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUEUE_PACKETS } from '../../daemon/protocol/constants.js';
import { seconds } from '../../daemon/protocol/time.js';
import { emitBubble } from '../../daemon/wire/bubble.js';
import { concatenate, emitOrigin } from '../../daemon/wire/encapsulation.js';
import { readIpv6 } from '../../daemon/wire/ipv6.js';
import {
  B,
  B_MAPPED,
  B_SERVER,
  dataPacket,
  endpoint,
  HOST,
  RELAY_ADDRESS,
  RelayBench,
  teredo,
  textOf,
  v4,
  v6,
} from './rig.js';

const texts = (packets: readonly Uint8Array[]): string[] => packets.map(textOf);

/** A relay that client B has answered just now. */
function withClient(): RelayBench {
  const bench = RelayBench.create();
  bench.transmit(dataPacket(HOST, B, 'first'));
  bench.receive(emitBubble(B, RELAY_ADDRESS), B_MAPPED);
  bench.wire.takeSent();
  return bench;
}

test('R-5 R-6 U-4: for a new client a bubble goes to its server, from a local address, and the packet waits', () => {
  for (const client of [B, teredo(B_SERVER, B_MAPPED, 0x8000)]) {
    const bench = RelayBench.create();
    bench.transmit(dataPacket(HOST, client, 'hello'));
    const sent = bench.wire.takeSent();
    assert.equal(sent.length, 1);
    assert.equal(sent[0]?.address, B_SERVER);
    assert.equal(sent[0]?.port, 3544);
    assert.deepEqual(sent[0]?.bytes, emitBubble(RELAY_ADDRESS, client));
  }
});

test('R-11 R-12: behind a NAT that is not cone the bubble goes directly too, and first', () => {
  const bench = RelayBench.create({ directBubbles: true });
  bench.transmit(dataPacket(HOST, B, 'hello'));
  assert.deepEqual(
    bench.wire.takeSent().map(({ address }) => address),
    [B_MAPPED.address, B_SERVER],
  );
});

test('R-10 R-15: the client answers directly: what waited goes in order, and what follows at once', () => {
  const bench = RelayBench.create();
  for (let i = 0; i < 20; i++) bench.transmit(dataPacket(HOST, B, `packet ${i}`));
  bench.wire.takeSent();
  bench.receive(emitBubble(B, RELAY_ADDRESS), B_MAPPED);
  bench.transmit(dataPacket(HOST, B, 'packet 20'));
  const sent = bench.wire.takeSent();
  assert.deepEqual(
    sent.map(({ bytes }) => textOf(bytes)),
    Array.from({ length: 21 }, (_, i) => `packet ${i}`),
  );
  assert.ok(sent.every(({ address, port }) => address === B_MAPPED.address && port === B_MAPPED.port));
  assert.equal(bench.wire.delivered.length, 0, 'B-10: the bubble is not delivered');
});

test('R-4: a valid trusted entry is used at once; 30 seconds of silence end it', () => {
  const bench = withClient();
  bench.transmit(dataPacket(HOST, B, 'second'));
  assert.deepEqual(texts(bench.wire.takeSent().map(({ bytes }) => bytes)), ['second']);
  bench.advance(seconds(30));
  bench.transmit(dataPacket(HOST, B, 'third'));
  assert.deepEqual(
    bench.wire.takeSent().map(({ address }) => address),
    [B_SERVER],
  );
});

test('R-7 R-8: four bubbles two seconds apart; then the entry and its queue are gone, and the sender is told', () => {
  const bench = RelayBench.create();
  bench.transmit(dataPacket(HOST, B, 'hello'));
  const times: number[] = [];
  const start = bench.now;
  for (let tenth = 0; tenth < 100; tenth++) {
    for (const _ of bench.wire.takeSent()) times.push(Math.round((bench.now - start) / 100) / 10);
    bench.advance(seconds(0.1));
  }
  assert.deepEqual(times, [0, 2.3, 4.5, 6.8]);
  assert.equal(bench.core.peers.size, 0);
  const [error] = bench.wire.takeDelivered();
  assert.ok(error);
  assert.deepEqual([error[40], error[41]], [1, 3]);
  assert.deepEqual(readIpv6(error, 8), v6('2001:db8::1'));
  assert.deepEqual(readIpv6(error, 24), HOST);
});

test('R-1 R-19: what is not for a Teredo client is not sent over UDP', () => {
  const bench = RelayBench.create();
  for (const to of ['2001:db8::9', 'ff02::1', 'fe80::1', '2001:1::1', '2002:c633:640a::1']) {
    bench.transmit(dataPacket(HOST, v6(to), 'x'));
  }
  assert.equal(bench.wire.sent.length, 0);
  assert.equal(bench.core.counters.drops['bad-destination'], 5);
});

test('R-16 R-17: a relay serves the IPv6 Internet, not other sources: link-local, multicast, Teredo', () => {
  const bench = withClient();
  for (const from of ['fe80::1', 'ff02::1', '::1', 'fd00::1']) bench.transmit(dataPacket(v6(from), B, 'x'));
  bench.transmit(dataPacket(teredo(B_SERVER, endpoint('198.51.100.66', 99)), B, 'x'));
  assert.equal(bench.wire.sent.length, 0);
  assert.equal(bench.core.counters.drops['bad-source'], 5);
});

test('R-2 F-1 F-2 F-3: nothing is ever sent to an IPv4 address that is not global unicast', () => {
  const bad = [
    '0.1.2.3',
    '10.0.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '172.16.0.1',
    '192.168.0.1',
    '192.88.99.1',
    '224.0.0.253',
    '240.0.0.1',
    '255.255.255.255',
    '198.51.100.255',
  ];
  const bench = RelayBench.create({ directBubbles: true, scope: { directedBroadcasts: [v4('198.51.100.255')] } });
  for (const address of bad) {
    bench.transmit(dataPacket(HOST, teredo(B_SERVER, endpoint(address, 4000)), 'x'));
    bench.transmit(dataPacket(HOST, teredo(v4(address), B_MAPPED), 'x'));
  }
  bench.transmit(dataPacket(HOST, teredo(B_SERVER, endpoint('198.51.100.10', 0)), 'x'));
  bench.advance(seconds(10));
  assert.equal(bench.wire.sent.length, 0);
  assert.equal(bench.core.peers.size, 0);
  assert.equal(bench.core.counters.drops['not-global-ipv4'], 2 * bad.length + 1);
});

test('R-13: what is no IPv6 packet is dropped, with a shim in front too: a relay is sent none', () => {
  const bench = withClient();
  const good = dataPacket(B, HOST, 'x');
  const garbage = [
    new Uint8Array(0),
    good.subarray(0, 39),
    concatenate(emitOrigin(B_MAPPED), good),
    Uint8Array.of(0x45, 1),
  ];
  for (const bytes of garbage) bench.receive(bytes, B_MAPPED);
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops.malformed, 4);
});

test('R-14: a Teredo source from another place than its address names is dropped, listed or not', () => {
  const bench = withClient();
  for (const from of [endpoint('198.51.100.10', 8193), endpoint('198.51.100.11', 8192)]) {
    bench.receive(dataPacket(B, HOST, 'lie'), from);
    bench.receive(emitBubble(B, RELAY_ADDRESS), from);
    bench.receive(dataPacket(teredo(B_SERVER, endpoint('198.51.100.12', 1)), HOST, 'lie'), from);
  }
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops.spoofed, 6);
  bench.transmit(dataPacket(HOST, B, 'to the true place'));
  assert.equal(bench.wire.takeSent()[0]?.port, B_MAPPED.port);
});

test('R-14: a source outside Teredo is dropped', () => {
  const bench = withClient();
  for (const source of [HOST, v6('fe80::1'), v6('ff02::1'), v6('2001:1::5')])
    bench.receive(dataPacket(source, v6('2001:db8::8'), 'x'), B_MAPPED);
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops['bad-source'], 4);
});

test('R-16 R-20 F-6: packets for link-local, multicast, loopback or Teredo destinations are not forwarded', () => {
  const bench = withClient();
  const other = teredo(B_SERVER, endpoint('198.51.100.66', 99));
  for (const to of [v6('fe80::1'), v6('ff02::2'), v6('::1'), v6('fd00::1'), RELAY_ADDRESS, other]) {
    bench.receive(dataPacket(B, to, 'x'), B_MAPPED);
  }
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops['not-for-us'], 6);
});

test('R-15 R-3: data of a client is delivered, whether we wrote first or it did', () => {
  const bench = RelayBench.create();
  bench.receive(dataPacket(B, HOST, 'hello'), B_MAPPED);
  assert.deepEqual(texts(bench.wire.takeDelivered()), ['hello']);
  bench.transmit(dataPacket(HOST, B, 'answer'));
  assert.deepEqual(texts(bench.wire.takeSent().map(({ bytes }) => bytes)), ['answer']);
});

test('R-6: a bubble to another address than the one we ask from is no answer', () => {
  const bench = RelayBench.create();
  bench.transmit(dataPacket(HOST, B, 'waits'));
  bench.wire.takeSent();
  bench.receive(emitBubble(B, v6('fe80::1')), B_MAPPED);
  assert.equal(bench.wire.sent.length, 0);
  bench.receive(emitBubble(B, RELAY_ADDRESS), B_MAPPED);
  assert.equal(bench.wire.sent.length, 1);
});

test('R-9: the queue of a client is bounded', () => {
  const bench = RelayBench.create();
  for (let i = 0; i < QUEUE_PACKETS + 5; i++) bench.transmit(dataPacket(HOST, B, `packet ${i}`));
  assert.equal(bench.core.counters.drops['queue-full'], 5);
});

test('R-19: a scan of countless clients is bounded in peers and contacts, and who answers is still served', () => {
  const bench = RelayBench.create({ peerCapacity: 64 });
  for (let i = 0; i < 1000; i++)
    bench.transmit(dataPacket(HOST, teredo(B_SERVER, endpoint('198.51.100.77', 1 + i)), 'scan'));
  assert.ok(bench.core.peers.size <= 64);
  bench.wire.takeSent();
  bench.transmit(dataPacket(HOST, B, 'real'));
  bench.receive(emitBubble(B, RELAY_ADDRESS), B_MAPPED);
  assert.deepEqual(
    bench.wire
      .takeSent()
      .filter(({ bytes }) => bytes[6] !== 59)
      .map(({ bytes }) => textOf(bytes)),
    ['real'],
  );
});

test('R-4: one-way traffic never stalls while the client answers bubbles', () => {
  const bench = withClient();
  let arrived = 0;
  for (let second = 0; second < 300; second++) {
    bench.transmit(dataPacket(HOST, B, 'stream'));
    for (const { bytes, address } of bench.wire.takeSent()) {
      if (bytes[6] !== 59) arrived++;
      else if (address === B_SERVER) bench.receive(emitBubble(B, RELAY_ADDRESS), B_MAPPED);
    }
    bench.advance(seconds(1));
  }
  assert.equal(arrived, 300);
});
