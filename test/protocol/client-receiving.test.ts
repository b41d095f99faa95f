import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STRANGER_BURST } from '../../daemon/protocol/constants.js';
import { seconds } from '../../daemon/protocol/time.js';
import { emitBubble } from '../../daemon/wire/bubble.js';
import { concatenate, emitAuthentication, emitOrigin } from '../../daemon/wire/encapsulation.js';
import { emitEchoReply } from '../../daemon/wire/icmpv6.js';
import type { Endpoint } from '../../daemon/wire/ipv4.js';
import { type Ipv6Address, readIpv6 } from '../../daemon/wire/ipv6.js';
import {
  B,
  B_MAPPED,
  B_SERVER,
  ClientBench,
  dataPacket,
  endpoint,
  HOST,
  RELAY,
  SERVERS,
  serverEndpoint,
  teredo,
  textOf,
  v6,
} from './rig.js';

const OWN_SERVER = serverEndpoint(SERVERS.primary);

const fromServer = (origin: Endpoint, packet: Uint8Array): Uint8Array => concatenate(emitOrigin(origin), packet);

const texts = (packets: readonly Uint8Array[]): string[] => packets.map(textOf);

test('C-RECV-6 C-RECV-7 C-RECV-8: data from the mapping that its Teredo source names is delivered, the peer trusted', () => {
  const bench = ClientBench.qualified();
  bench.receive(dataPacket(B, bench.address, 'hello'), B_MAPPED);
  assert.deepEqual(texts(bench.wire.takeDelivered()), ['hello']);
  bench.transmit(dataPacket(bench.address, B, 'back'));
  assert.equal(bench.wire.sent.length, 1, 'no bubble is needed');
});

test('C-RECV-12 C-RECV-15: data from any other place is not: neither address nor port may differ', () => {
  const bench = ClientBench.qualified();
  bench.receive(dataPacket(B, bench.address, 'lie'), endpoint('198.51.100.10', 8193));
  bench.receive(dataPacket(B, bench.address, 'lie'), endpoint('198.51.100.11', 8192));
  bench.receive(dataPacket(B, bench.address, 'lie'), RELAY);
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops.spoofed, 3);
  assert.equal(bench.core.peers.size, 0);
});

test('C-RECV-12: a bubble from another place does not make the peer trusted', () => {
  const bench = ClientBench.qualified();
  bench.transmit(dataPacket(bench.address, B, 'waits'));
  bench.wire.takeSent();
  bench.receive(emitBubble(B, bench.address), endpoint('198.51.100.66', 8192));
  assert.equal(bench.wire.sent.length, 0);
});

test('C-RECV-4: a trusted peer is known by its mapping, and hearing it renews its validity', () => {
  const bench = ClientBench.qualified({ refreshInterval: seconds(3600) });
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  for (let i = 0; i < 5; i++) {
    bench.advance(seconds(19));
    bench.receive(dataPacket(B, bench.address, `at ${i}`), B_MAPPED);
  }
  assert.equal(bench.wire.takeDelivered().length, 5);
  bench.wire.takeSent();
  bench.transmit(dataPacket(bench.address, B, 'still'));
  assert.equal(bench.wire.sent.length, 1);
});

test('C-RECV-2: what is not for our own address is dropped, also from a trusted peer', () => {
  const bench = ClientBench.qualified();
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  const flagsDiffer = bench.address.slice() as Ipv6Address;
  flagsDiffer[9] = (flagsDiffer[9] ?? 0) ^ 1;
  for (const to of [v6('ff02::1'), v6('fe80::ffff:ffff:ffff'), HOST, flagsDiffer]) {
    bench.receive(dataPacket(B, to, 'not for us'), B_MAPPED);
  }
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops['not-for-us'], 4);
});

test('F-6 C-RECV-11: link-local, multicast, loopback, unspecified and own sources never come through', () => {
  const bench = ClientBench.qualified();
  for (const source of ['fe80::1', 'fe80::8000:f227:34ff:8e87', 'ff02::1', '::1', '::', 'fd00::1', '::ffff:10.0.0.1']) {
    bench.receive(dataPacket(v6(source), bench.address, 'inject'), RELAY);
  }
  bench.receive(dataPacket(bench.address, bench.address, 'inject'), endpoint('198.51.100.1', 4096));
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.wire.sent.length, 0, 'and cause no test');
  assert.equal(bench.core.counters.drops['bad-source'], 8);
});

test('C-RECV-1 WIRE-6 WIRE-12: what is no Teredo packet is dropped', () => {
  const bench = ClientBench.qualified();
  const good = dataPacket(B, bench.address, 'hello');
  const version4 = good.slice();
  version4[0] = 0x45;
  const tooLong = good.slice();
  tooLong[5] = (tooLong[5] ?? 0) + 1;
  const garbage = [
    new Uint8Array(0),
    new Uint8Array(1),
    good.subarray(0, 39),
    version4,
    tooLong,
    Uint8Array.of(0, 2, 3, 4),
  ];
  for (const bytes of garbage) bench.receive(bytes, B_MAPPED);
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops.malformed, garbage.length);
});

test('WIRE-13: only the IPv6 packet is delivered, not the trailers behind it', () => {
  const bench = ClientBench.qualified();
  bench.receive(concatenate(dataPacket(B, bench.address, 'hello'), Uint8Array.of(1, 4, 1, 2, 3, 4)), B_MAPPED);
  assert.deepEqual(texts(bench.wire.takeDelivered()), ['hello']);
});

test('C-RECV-3 U-7 B-8: an indirect bubble of another client is answered by a direct one, to the mapping in its address', () => {
  const bench = ClientBench.qualified();
  bench.receive(fromServer(B_MAPPED, emitBubble(B, bench.address)), OWN_SERVER);
  const sent = bench.wire.takeSent();
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0]?.bytes, emitBubble(bench.address, B));
  assert.equal(sent[0]?.address, B_MAPPED.address);
  assert.equal(sent[0]?.port, B_MAPPED.port);
  assert.equal(bench.wire.delivered.length, 0, 'B-10');
});

test('B-5 B-6: answers too are limited: one in two seconds, four in 300 until the peer is heard directly', () => {
  const bench = ClientBench.qualified({ refreshInterval: seconds(3600) });
  let answers = 0;
  for (let tenth = 0; tenth < 1000; tenth++) {
    bench.receive(fromServer(B_MAPPED, emitBubble(B, bench.address)), OWN_SERVER);
    answers += bench.wire.takeSent().length;
    if (tenth === 10) assert.equal(answers, 1);
    bench.advance(seconds(0.1));
  }
  assert.equal(answers, 4);
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  bench.receive(fromServer(B_MAPPED, emitBubble(B, bench.address)), OWN_SERVER);
  assert.equal(bench.wire.takeSent().length, 1, 'B-8: a direct packet ends the count');
});

test('C-RECV-3: our own question does not keep us from answering at once', () => {
  const bench = ClientBench.qualified();
  bench.transmit(dataPacket(bench.address, B, 'waits'));
  assert.equal(bench.wire.takeSent().length, 2);
  bench.receive(fromServer(B_MAPPED, emitBubble(B, bench.address)), OWN_SERVER);
  assert.equal(bench.wire.takeSent().length, 1);
});

test('C-RECV-3: a relay that asks is answered at the place the server saw it, at the address it made up', () => {
  const bench = ClientBench.qualified();
  const cookie = v6('fe80::507a:6cc7:e47c:95eb');
  bench.receive(fromServer(RELAY, emitBubble(cookie, bench.address)), OWN_SERVER);
  const sent = bench.wire.takeSent();
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0]?.bytes, emitBubble(bench.address, cookie));
  assert.equal(sent[0]?.address, RELAY.address);
  assert.equal(sent[0]?.port, RELAY.port);
  assert.equal(bench.core.peers.size, 0, 'no entry is made for a made-up address');
});

test('C-RECV-3: a relay that asks in the name of a host is answered, and the host tested', () => {
  const bench = ClientBench.qualified();
  bench.receive(fromServer(RELAY, emitBubble(HOST, bench.address)), OWN_SERVER);
  const sent = bench.wire.takeSent();
  assert.equal(sent.length, 2);
  assert.equal(sent[0]?.address, RELAY.address);
  assert.equal(sent[1]?.address, SERVERS.primary);
  assert.equal(sent[1]?.bytes[40], 128);
});

test('F-3: an indirect bubble with an origin that is not global unicast is answered nowhere', () => {
  const bench = ClientBench.qualified();
  for (const origin of [
    endpoint('192.168.1.1', 3545),
    endpoint('240.0.0.1', 3545),
    endpoint('224.0.0.253', 3544),
    endpoint('198.51.100.200', 0),
  ]) {
    bench.receive(fromServer(origin, emitBubble(v6('fe80::5'), bench.address)), OWN_SERVER);
    bench.receive(fromServer(origin, emitBubble(teredo(B_SERVER, origin), bench.address)), OWN_SERVER);
  }
  assert.equal(bench.wire.sent.length, 0);
});

test('F-3: strangers cannot make us send without limit', () => {
  const bench = ClientBench.qualified();
  for (let i = 0; i < 3 * STRANGER_BURST; i++) {
    bench.receive(fromServer(RELAY, emitBubble(v6(`fe80::${(i + 1).toString(16)}`), bench.address)), OWN_SERVER);
  }
  assert.equal(bench.wire.sent.length, STRANGER_BURST);
});

test('C-RECV-3: an indirect bubble counts only from our server, not from anybody who writes an origin', () => {
  const bench = ClientBench.qualified();
  bench.receive(fromServer(RELAY, emitBubble(v6('fe80::5'), bench.address)), endpoint('198.51.100.66', 3544));
  assert.equal(bench.wire.sent.length, 0);
});

test('C-RECV-11 D-1: a host outside Teredo that writes first is tested, its packets wait and come in order', () => {
  const bench = ClientBench.qualified();
  for (let i = 0; i < 20; i++) bench.receive(dataPacket(HOST, bench.address, `in ${i}`), RELAY);
  assert.equal(bench.wire.delivered.length, 0);
  const sent = bench.wire.takeSent();
  assert.equal(sent.length, 1, 'one test');
  const request = sent[0]?.bytes ?? new Uint8Array();
  bench.receive(emitEchoReply(HOST, bench.address, new Uint8Array(4), request.slice(48)), RELAY);
  assert.deepEqual(
    texts(bench.wire.takeDelivered()),
    Array.from({ length: 20 }, (_, i) => `in ${i}`),
  );
  bench.receive(dataPacket(HOST, bench.address, 'later'), RELAY);
  assert.deepEqual(texts(bench.wire.takeDelivered()), ['later']);
});

test('C-RECV-11 D-9: what came from another place than the proven relay is never delivered', () => {
  const bench = ClientBench.qualified();
  bench.receive(dataPacket(HOST, bench.address, 'lie'), endpoint('198.51.100.66', 3545));
  bench.receive(dataPacket(HOST, bench.address, 'true'), RELAY);
  const request = bench.wire.takeSent()[0]?.bytes ?? new Uint8Array();
  bench.receive(emitEchoReply(HOST, bench.address, new Uint8Array(4), request.slice(48)), RELAY);
  assert.deepEqual(texts(bench.wire.takeDelivered()), ['true']);
  bench.receive(dataPacket(HOST, bench.address, 'lie'), endpoint('198.51.100.66', 3545));
  assert.equal(bench.wire.delivered.length, 0);
});

test('D-9: a test without an answer delivers nothing', () => {
  const bench = ClientBench.qualified();
  bench.receive(dataPacket(HOST, bench.address, 'lie'), RELAY);
  bench.advance(seconds(10));
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops.untrusted, 1);
});

test('C-RECV-15: a host whose relay changes is tested again, and its packets come through the new one', () => {
  const bench = ClientBench.qualified();
  const prove = (relay: Endpoint): void => {
    const request = bench.wire.takeSent().find(({ bytes }) => bytes[40] === 128)?.bytes ?? new Uint8Array();
    bench.receive(emitEchoReply(readIpv6(request, 24), bench.address, new Uint8Array(4), request.slice(48)), relay);
  };
  bench.receive(dataPacket(HOST, bench.address, 'by the first'), RELAY);
  prove(RELAY);
  const second = endpoint('198.51.100.201', 3545);
  bench.receive(dataPacket(HOST, bench.address, 'by the second'), second);
  prove(second);
  assert.deepEqual(texts(bench.wire.takeDelivered()), ['by the first', 'by the second']);
  bench.transmit(dataPacket(bench.address, HOST, 'answer'));
  assert.equal(bench.wire.takeSent().at(-1)?.address, second.address);
});

test('C-PEER-5: a flood of made-up peers does not push out those we talk to', () => {
  const bench = ClientBench.qualified({ peerCapacity: 64 });
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  bench.transmit(dataPacket(bench.address, B, 'established'));
  for (let i = 0; i < 5000; i++) {
    const fake = endpoint('198.51.100.77', 1 + i);
    bench.receive(emitBubble(teredo(B_SERVER, fake), bench.address), fake);
    bench.advance(seconds(0.001));
  }
  bench.wire.takeSent();
  bench.transmit(dataPacket(bench.address, B, 'still established'));
  assert.deepEqual(
    bench.wire.takeSent().map(({ bytes }) => textOf(bytes)),
    ['still established'],
  );
});

test('F-3: a peer whose mapping is a private address is not created, even when the datagram comes from there', () => {
  const bench = ClientBench.qualified();
  const lan = endpoint('192.168.1.9', 5000);
  bench.receive(emitBubble(teredo(B_SERVER, lan), bench.address), lan);
  assert.equal(bench.core.peers.size, 0);
  assert.equal(bench.core.counters.drops['not-global-ipv4'], 1);
});

test('F-3: a peer whose mapped port is 0 is not created, even when the datagram comes from there', () => {
  const bench = ClientBench.qualified();
  const nowhere = endpoint('198.51.100.10', 0);
  bench.receive(dataPacket(teredo(B_SERVER, nowhere), bench.address, 'answer me'), nowhere);
  assert.equal(bench.core.peers.size, 0);
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops['not-global-ipv4'], 1);
});

test("C-RECV-1: authentication and origin in front of a peer's packet do not matter", () => {
  const bench = ClientBench.qualified();
  const none = new Uint8Array(0);
  const shim = emitAuthentication({ clientId: none, value: none, nonce: new Uint8Array(8), confirmation: 0 });
  bench.receive(concatenate(shim, emitOrigin(RELAY), dataPacket(B, bench.address, 'wrapped')), B_MAPPED);
  assert.deepEqual(texts(bench.wire.takeDelivered()), ['wrapped']);
});

test('WIRE-7: data that comes through the server is not delivered', () => {
  const bench = ClientBench.qualified();
  bench.receive(fromServer(B_MAPPED, dataPacket(B, bench.address, 'detour')), OWN_SERVER);
  bench.receive(fromServer(RELAY, dataPacket(HOST, bench.address, 'detour')), OWN_SERVER);
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(bench.core.counters.drops['via-server'], 2);
});

test('S-24: a server that is a relay as well may be the relay of a host', () => {
  const bench = ClientBench.qualified();
  bench.transmit(dataPacket(bench.address, HOST, 'hello'));
  const request = bench.wire.takeSent()[0]?.bytes ?? new Uint8Array();
  bench.receive(emitEchoReply(HOST, bench.address, new Uint8Array(4), request.slice(48)), OWN_SERVER);
  assert.deepEqual(
    bench.wire.takeSent().map(({ bytes, address }) => [textOf(bytes), address]),
    [['hello', SERVERS.primary]],
  );
  const data = concatenate(dataPacket(HOST, bench.address, 'relayed'), Uint8Array.of(1, 4, 1, 2, 3, 4));
  bench.advance(seconds(1));
  bench.receive(data, OWN_SERVER);
  assert.deepEqual(texts(bench.wire.takeDelivered()), ['relayed']);
  assert.equal(bench.core.qualification.lastServerContact, bench.now);
});

test('C-RECV-13: a client that only sends is told now and then, by a bubble, that it is heard', () => {
  const bench = ClientBench.qualified({ refreshInterval: seconds(3600) });
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  for (let tenth = 0; tenth < 600; tenth++) {
    bench.receive(dataPacket(B, bench.address, 'stream'), B_MAPPED);
    bench.advance(seconds(0.1));
  }
  const sent = bench.wire.takeSent();
  assert.ok(sent.length >= 11 && sent.length <= 13, `${sent.length} in a minute`);
  for (const { bytes, address } of sent) {
    assert.deepEqual(bytes, emitBubble(bench.address, B));
    assert.equal(address, B_MAPPED.address);
  }
});

test('D-8: a second answer to an echo test is not delivered either, an answer to a ping is', () => {
  const bench = ClientBench.qualified();
  bench.transmit(dataPacket(bench.address, HOST, 'hello'));
  const request = bench.wire.takeSent()[0]?.bytes ?? new Uint8Array();
  const reply = emitEchoReply(HOST, bench.address, request.slice(44, 48), request.slice(48));
  bench.receive(reply, RELAY);
  bench.receive(reply, RELAY);
  assert.equal(bench.wire.delivered.length, 0);
  bench.receive(emitEchoReply(HOST, bench.address, Uint8Array.of(0, 7, 0, 1), request.slice(48)), RELAY);
  assert.equal(bench.wire.delivered.length, 1);
});
