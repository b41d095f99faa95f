import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUEUE_PACKETS } from '../../daemon/protocol/constants.js';
import { seconds } from '../../daemon/protocol/time.js';
import { emitBubble } from '../../daemon/wire/bubble.js';
import { emitEchoReply, emitEchoRequest } from '../../daemon/wire/icmpv6.js';
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
  type Sent,
  teredo,
  textOf,
  v4,
  v6,
} from './rig.js';

const data = (bench: ClientBench, destination: Ipv6Address, text: string): Uint8Array =>
  dataPacket(bench.address, destination, text);

const places = (sent: readonly Sent[]): string[] =>
  sent.map(
    ({ bytes, address, port }) =>
      `${bytes[6] === 59 ? 'bubble' : 'packet'}>${address === B_MAPPED.address ? 'peer' : address === B_SERVER ? 'server' : address === SERVERS.primary ? 'own-server' : 'other'}:${port}`,
  );

/** The echo request sent last, as the nonce and the reply to it. */
function replyTo(sent: Sent | undefined): { readonly nonce: Uint8Array; readonly reply: Uint8Array } {
  assert.ok(sent);
  const nonce = sent.bytes.slice(48);
  const idAndSequence = sent.bytes.slice(44, 48);
  return { nonce, reply: emitEchoReply(readIpv6(sent.bytes, 24), readIpv6(sent.bytes, 8), idAndSequence, nonce) };
}

/** A client that has exchanged packets with the native host through RELAY just now. */
function withRelay(): ClientBench {
  const bench = ClientBench.qualified();
  bench.transmit(data(bench, HOST, 'first'));
  bench.receive(replyTo(bench.wire.sent.at(-1)).reply, RELAY);
  bench.wire.takeSent();
  return bench;
}

test('C-SEND-8 C-SEND-9 B-1 B-3 B-4: to a new Teredo peer a direct bubble goes, then an indirect one, and the packet waits', () => {
  const bench = ClientBench.qualified();
  bench.transmit(data(bench, B, 'hello'));
  const sent = bench.wire.takeSent();
  assert.deepEqual(places(sent), ['bubble>peer:8192', 'bubble>server:3544']);
  for (const { bytes } of sent) assert.deepEqual(bytes, emitBubble(bench.address, B));
});

test('C-SEND-11 C-RECV-8: everything that waits goes, in order, when the peer answers directly', () => {
  const bench = ClientBench.qualified();
  for (let i = 0; i < 20; i++) bench.transmit(data(bench, B, `packet ${i}`));
  assert.equal(bench.wire.takeSent().length, 2);
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  const sent = bench.wire.takeSent();
  assert.deepEqual(
    sent.map(({ bytes }) => textOf(bytes)),
    Array.from({ length: 20 }, (_, i) => `packet ${i}`),
  );
  assert.ok(sent.every(({ address, port }) => address === B_MAPPED.address && port === B_MAPPED.port));
  assert.equal(bench.wire.delivered.length, 0, 'B-10: the bubble itself is not delivered');
});

test('C-SEND-1 C-SEND-3: to a trusted peer heard within 30 seconds a packet goes at once', () => {
  const bench = ClientBench.qualified();
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  bench.transmit(data(bench, B, 'now'));
  assert.deepEqual(places(bench.wire.takeSent()), ['packet>peer:8192']);
});

test('C-SEND-2 C-PEER-6: 30 seconds of silence end the validity, and the peer is contacted anew', () => {
  const bench = ClientBench.qualified({ refreshInterval: seconds(3600) });
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  bench.advance(seconds(29.999));
  bench.transmit(data(bench, B, 'still valid'));
  assert.ok(places(bench.wire.takeSent()).includes('packet>peer:8192'));
  bench.advance(seconds(2.1));
  bench.wire.takeSent();
  bench.transmit(data(bench, B, 'too late'));
  assert.ok(!places(bench.wire.takeSent()).includes('packet>peer:8192'));
});

test('one-way traffic never stalls: a peer is asked again before its entry runs out', () => {
  const bench = ClientBench.qualified({ refreshInterval: seconds(3600) });
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  let arrived = 0;
  for (let second = 0; second < 600; second++) {
    bench.transmit(data(bench, B, 'stream'));
    for (const { bytes, address } of bench.wire.takeSent()) {
      if (bytes[6] !== 59 && address === B_MAPPED.address) arrived++;
      if (bytes[6] === 59 && address === B_SERVER) bench.receive(emitBubble(B, bench.address), B_MAPPED);
    }
    bench.advance(seconds(1));
  }
  assert.equal(arrived, 600);
});

test('C-SEND-10 B-5 B-6: four bubble pairs two seconds apart, then silence for 300 seconds', () => {
  const bench = ClientBench.qualified({ refreshInterval: seconds(3600) });
  const pairTimes: number[] = [];
  const start = bench.now;
  for (let tenth = 0; tenth < 3100; tenth++) {
    bench.transmit(data(bench, B, 'again'));
    const bubbles = bench.wire.takeSent().filter(({ bytes }) => bytes[6] === 59);
    if (bubbles.length > 0) {
      assert.equal(bubbles.length, 2, 'B-9: direct and indirect together');
      pairTimes.push(Math.round((bench.now - start) / 100) / 10);
    }
    bench.advance(seconds(0.1));
  }
  assert.deepEqual(pairTimes, [0, 2.3, 4.5, 6.8, 300, 302.3, 304.5, 306.8]);
});

test('C-SEND-15: a peer that does not answer is reported as unreachable to those who wait', () => {
  const bench = ClientBench.qualified();
  bench.transmit(data(bench, B, 'one'));
  bench.transmit(data(bench, B, 'two'));
  bench.advance(seconds(8.9));
  assert.equal(bench.wire.delivered.length, 0);
  bench.advance(seconds(0.1));
  const errors = bench.wire.takeDelivered();
  assert.equal(errors.length, 2);
  for (const [i, error] of errors.entries()) {
    assert.equal(error[6], 58);
    assert.equal(error[40], 1, 'destination unreachable');
    assert.equal(error[41], 3, 'address unreachable');
    assert.deepEqual(readIpv6(error, 24), bench.address);
    assert.equal(textOf(error.subarray(48)), i === 0 ? 'one' : 'two');
  }
  bench.transmit(data(bench, B, 'three'));
  assert.equal(bench.wire.takeDelivered().length, 1, 'later packets are refused at once');
});

test('C-SEND-15: an ICMPv6 error is never answered by another', () => {
  const bench = ClientBench.qualified();
  const error = data(bench, B, '\u0001\u0000....quoted');
  error[6] = 58;
  bench.transmit(error);
  bench.advance(seconds(9));
  assert.equal(bench.wire.delivered.length, 0);
});

test('C-SEND-4 D-1 D-2 D-3 D-4: to a host outside Teredo an echo test goes through the own server, and the packet waits', () => {
  const bench = ClientBench.qualified();
  bench.transmit(data(bench, HOST, 'hello'));
  const sent = bench.wire.takeSent();
  assert.deepEqual(places(sent), ['packet>own-server:3544']);
  const request = sent[0]?.bytes ?? new Uint8Array();
  assert.equal(request[40], 128, 'echo request');
  assert.deepEqual(readIpv6(request, 8), bench.address);
  assert.deepEqual(readIpv6(request, 24), HOST);
  assert.ok(request.length - 48 >= 8, 'a nonce of 64 bits at least');
});

test('C-RECV-5 D-5 D-7 D-8: the answer proves the relay: the queue goes there, the answer itself nowhere', () => {
  const bench = ClientBench.qualified();
  bench.transmit(data(bench, HOST, 'hello'));
  const { reply } = replyTo(bench.wire.takeSent()[0]);
  bench.receive(reply, RELAY);
  const sent = bench.wire.takeSent();
  assert.equal(sent.length, 1);
  assert.equal(textOf(sent[0]?.bytes ?? reply), 'hello');
  assert.equal(sent[0]?.address, RELAY.address);
  assert.equal(sent[0]?.port, RELAY.port);
  assert.equal(bench.wire.delivered.length, 0);
});

test('D-5 D-9: a wrong nonce, source, type or checksum proves nothing', () => {
  const bench = ClientBench.qualified();
  bench.transmit(data(bench, HOST, 'hello'));
  const { reply } = replyTo(bench.wire.takeSent()[0]);
  const spoilt = (at: number, value: number): Uint8Array => {
    const copy = reply.slice();
    copy[at] = value;
    return copy;
  };
  const nonce = replyTo({ bytes: reply, ...RELAY }).nonce;
  const guessed = emitEchoReply(
    HOST,
    bench.address,
    new Uint8Array(4),
    nonce.map((byte) => byte ^ 255),
  );
  const shorter = emitEchoReply(HOST, bench.address, new Uint8Array(4), nonce.subarray(0, 7));
  const other = emitEchoReply(v6('2001:db8::8'), bench.address, new Uint8Array(4), nonce);
  for (const lie of [
    guessed,
    shorter,
    other,
    emitEchoRequest(HOST, bench.address, nonce),
    spoilt(43, (reply[43] ?? 0) ^ 1),
  ])
    bench.receive(lie, RELAY);
  const toRelay = bench.wire.takeSent().filter(({ address }) => address === RELAY.address);
  assert.equal(toRelay.length, 0);
  bench.receive(reply, RELAY);
  assert.equal(bench.wire.takeSent().filter(({ address }) => address === RELAY.address).length, 1);
});

test('D-9 F-1: the right answer from a private address makes no peer of it', () => {
  const bench = ClientBench.qualified();
  bench.transmit(data(bench, HOST, 'hello'));
  const { reply } = replyTo(bench.wire.takeSent()[0]);
  bench.receive(reply, endpoint('192.168.1.1', 3545));
  bench.receive(reply, endpoint('240.0.0.1', 3545));
  bench.receive(reply, endpoint('198.51.100.200', 0));
  assert.equal(bench.wire.takeSent().length, 0);
});

test('C-SEND-5 D-6: four echo requests two seconds apart, then "unreachable"', () => {
  const bench = ClientBench.qualified();
  bench.transmit(data(bench, HOST, 'hello'));
  const times: number[] = [];
  const start = bench.now;
  for (let tenth = 0; tenth < 100; tenth++) {
    for (const _ of bench.wire.takeSent()) times.push(Math.round((bench.now - start) / 100) / 10);
    bench.advance(seconds(0.1));
  }
  assert.deepEqual(times, [0, 2.3, 4.5, 6.8]);
  assert.equal(bench.wire.takeDelivered().length, 1);
});

test('D-7: each host is tested by itself', () => {
  const bench = withRelay();
  bench.transmit(data(bench, v6('2001:db8::8'), 'another host'));
  assert.deepEqual(places(bench.wire.takeSent()), ['packet>own-server:3544']);
});

test('U-4 C-SEND-7 C-SEND-13 C-SEND-14: the cone bit of a peer is ignored', () => {
  const bench = ClientBench.qualified();
  const cone = teredo(B_SERVER, B_MAPPED, 0x8000);
  bench.transmit(dataPacket(bench.address, cone, 'hello'));
  assert.deepEqual(places(bench.wire.takeSent()), ['bubble>peer:8192', 'bubble>server:3544']);
});

test('C-SEND-12 F-1 F-2 F-3: nothing is ever sent to an IPv4 address that is not global unicast', () => {
  const bad = [
    '0.1.2.3',
    '10.0.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '172.16.0.1',
    '172.31.255.254',
    '192.168.0.1',
    '192.88.99.1',
    '224.0.0.253',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '100.64.0.1',
    '198.51.100.255',
  ];
  const bench = ClientBench.qualified({ scope: { directedBroadcasts: [v4('198.51.100.255')] } });
  for (const address of bad) {
    bench.transmit(data(bench, teredo(B_SERVER, endpoint(address, 4000)), 'to a bad mapping'));
    bench.transmit(data(bench, teredo(v4(address), B_MAPPED), 'to a bad server'));
  }
  bench.transmit(data(bench, teredo(B_SERVER, endpoint('198.51.100.10', 0)), 'to port 0'));
  bench.advance(seconds(10));
  assert.equal(bench.wire.sent.length, 0);
  assert.equal(bench.core.counters.drops['not-global-ipv4'], 2 * bad.length + 1);
  assert.equal(bench.core.peers.size, 0);
});

test('C-SEND-17: multicast, link-local, unique local, loopback and own destinations are not carried', () => {
  const bench = ClientBench.qualified();
  for (const to of ['ff02::1', 'ff0e::1', 'fe80::1', 'fec0::1', 'fd00::1', '::1', '::'])
    bench.transmit(data(bench, v6(to), 'x'));
  bench.transmit(data(bench, bench.address, 'to myself'));
  assert.equal(bench.wire.sent.length, 0);
  assert.equal(bench.core.counters.drops['bad-destination'], 8);
});

test('F-6 B-4: only our own Teredo address is a source', () => {
  const bench = ClientBench.qualified();
  for (const from of ['fe80::1', '2001:db8::1', '::']) bench.transmit(dataPacket(v6(from), B, 'x'));
  assert.equal(bench.wire.sent.length, 0);
  assert.equal(bench.core.counters.drops['bad-source'], 3);
});

test('C-SEND-16: the queue of a peer is bounded; what fits is kept in order', () => {
  const bench = ClientBench.qualified();
  for (let i = 0; i < QUEUE_PACKETS + 10; i++) bench.transmit(data(bench, B, `packet ${i}`));
  assert.equal(bench.core.counters.drops['queue-full'], 10);
  bench.wire.takeSent();
  bench.receive(emitBubble(B, bench.address), B_MAPPED);
  const sent = bench.wire.takeSent();
  assert.equal(sent.length, QUEUE_PACKETS);
  assert.equal(textOf(sent.at(-1)?.bytes ?? new Uint8Array()), `packet ${QUEUE_PACKETS - 1}`);
});

test('C-PEER-3: more peers than the table holds: the stalest go, those being contacted stay', () => {
  const bench = ClientBench.qualified({ peerCapacity: 64 });
  for (let i = 0; i < 500; i++)
    bench.transmit(data(bench, teredo(B_SERVER, endpoint('198.51.100.10', 1000 + i)), `to ${i}`));
  assert.ok(bench.core.peers.size <= 64);
  bench.wire.takeSent();
  const last = endpoint('198.51.100.10', 1499);
  bench.receive(emitBubble(teredo(B_SERVER, last), bench.address), last);
  assert.equal(textOf(bench.wire.takeSent().at(-1)?.bytes ?? new Uint8Array()), 'to 499');
});
