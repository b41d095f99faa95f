/** Whether the IPv6 Internet answers: what is asked and when, what counts for an answer, and that users notice nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { INTERNET_TEST_INTERVAL } from '../../daemon/protocol/constants.js';
import { type Duration, seconds } from '../../daemon/protocol/time.js';
import { emitOrigin } from '../../daemon/wire/encapsulation.js';
import { emitEchoReply, emitEchoRequest } from '../../daemon/wire/icmpv6.js';
import type { Endpoint } from '../../daemon/wire/ipv4.js';
import { formatIpv6, type Ipv6Address, readIpv6 } from '../../daemon/wire/ipv6.js';
import { TEREDO_PORT } from '../../daemon/wire/teredo-address.js';
import {
  ClientBench,
  dataPacket,
  endpoint,
  HOST,
  RELAY,
  SERVERS,
  type Sent,
  serverEndpoint,
  textOf,
  v6,
} from './rig.js';

const TARGETS = [v6('2600::1'), v6('2600::2'), v6('2600::3')];
/** Nothing but the test leaves meanwhile. */
const LONG = seconds(1e6);
const [FIRST = HOST, SECOND = HOST] = TARGETS;

/** Qualified a moment ago; what the test has sent is still on the wire. */
function asking(targets: readonly Ipv6Address[] = TARGETS, refreshInterval = LONG): ClientBench {
  const bench = ClientBench.create({ refreshInterval, testAddresses: targets });
  bench.core.start(bench.now, SERVERS);
  bench.advertise();
  bench.wire.sent.splice(0, bench.wire.sent.length - 1);
  bench.advertise();
  bench.wire.sent.shift();
  return bench;
}

/** Of what was sent: the echo requests, and nothing else may be there. */
function requests(bench: ClientBench): Sent[] {
  const sent = bench.wire.takeSent();
  for (const { bytes } of sent) assert.deepEqual([bytes[6], bytes[40]], [58, 128]);
  return sent;
}

const destination = ({ bytes }: Sent): Ipv6Address => readIpv6(bytes, 24);
const destinations = (sent: readonly Sent[]): string[] => sent.map((one) => formatIpv6(destination(one)));

interface Lies {
  readonly source?: Ipv6Address;
  readonly id?: Uint8Array;
  readonly nonce?: Uint8Array;
}

function answer(request: Sent | undefined, lies: Lies = {}): Uint8Array {
  assert.ok(request);
  const { bytes } = request;
  const { source = destination(request), id = bytes.slice(44, 48), nonce = bytes.slice(48) } = lies;
  return emitEchoReply(source, readIpv6(bytes, 8), id, nonce);
}

/** Seconds, from now, at which requests leave during `duration`, and how many. */
function asked(bench: ClientBench, duration: Duration): { readonly at: number; readonly count: number }[] {
  const rounds: { at: number; count: number }[] = [];
  const start = bench.now;
  for (let second = 0; second < duration / 1000; second++) {
    bench.advance(seconds(1));
    const count = requests(bench).length;
    if (count > 0) rounds.push({ at: (bench.now - start) / 1000, count });
  }
  return rounds;
}

test('D-2 D-3: when qualified each host is sent an echo request through the server, with a nonce of 128 bits', () => {
  const bench = asking();
  const sent = requests(bench);
  assert.deepEqual(destinations(sent), TARGETS.map(formatIpv6));
  for (const { bytes, address, port } of sent) {
    assert.deepEqual([address, port], [SERVERS.primary, TEREDO_PORT]);
    assert.equal(bytes.length, 40 + 8 + 16);
    const [id, nonce] = [bytes.slice(44, 48), bytes.slice(48)];
    assert.deepEqual(bytes, emitEchoRequest(bench.address, readIpv6(bytes, 24), nonce, id));
  }
  assert.deepEqual(bench.wire.reachabilities, [], 'it is unknown as before');
  assert.equal(bench.core.peers.size, 0);
});

test('nonces are drawn anew for each round', () => {
  const bench = asking([FIRST]);
  const nonces = new Set<string>();
  for (let round = 0; round < 5; round++) {
    const [request] = requests(bench);
    nonces.add(String(request?.bytes.slice(44)));
    bench.receive(answer(request), RELAY);
    bench.advance(INTERNET_TEST_INTERVAL);
  }
  assert.equal(nonces.size, 5);
});

test('nobody to ask: nothing is sent, and nothing said', () => {
  const bench = asking([]);
  bench.core.testInternet(bench.now);
  assert.deepEqual(asked(bench, seconds(1200)), []);
  bench.transmit(dataPacket(bench.address, HOST, 'hello'));
  bench.receive(answer(bench.wire.takeSent().at(-1)), RELAY);
  assert.deepEqual(bench.wire.reachabilities, []);
});

test('D-8: one answer says yes; it and the answers of the others are not handed up, and cause nothing', () => {
  const bench = asking();
  for (const request of requests(bench)) {
    bench.receive(answer(request), RELAY);
    bench.receive(answer(request), RELAY);
  }
  assert.deepEqual(bench.wire.reachabilities, ['yes']);
  assert.deepEqual(bench.wire.takeDelivered(), []);
  bench.advance(seconds(20));
  assert.deepEqual(bench.wire.takeSent(), [], 'no test of the one who answered');
  assert.equal(bench.core.peers.size, 0);
  assert.equal(bench.core.counters.drops.control, 2 + 2 * TARGETS.length, 'two advertisements, and the answers');
});

test('an answer by way of a server that is a relay as well counts; through the server it does not', () => {
  const bench = asking();
  const [request] = requests(bench);
  const through = new Uint8Array([...emitOrigin(RELAY), ...answer(request)]);
  bench.receive(through, serverEndpoint(SERVERS.primary));
  assert.deepEqual(bench.wire.reachabilities, []);
  bench.receive(answer(request), serverEndpoint(SERVERS.primary));
  assert.deepEqual(bench.wire.reachabilities, ['yes']);
  assert.deepEqual(bench.wire.delivered, []);
});

test('while all is well only who has answered is asked, once in 450 to 600 seconds', () => {
  const bench = asking();
  bench.receive(answer(requests(bench)[1]), RELAY);
  for (let round = 0; round < 20; round++) {
    const start = bench.now;
    bench.advance((bench.core.nextTimeout() - bench.now) as Duration);
    const sent = requests(bench);
    assert.deepEqual(destinations(sent), [formatIpv6(SECOND)]);
    const interval = (bench.now - start) / 1000;
    assert.ok(interval >= 450 && interval <= 600, String(interval));
    bench.receive(answer(sent[0]), RELAY);
  }
  assert.deepEqual(bench.wire.reachabilities, ['yes']);
});

test('silence: asked again after 5 and 30 seconds, then once in 450 to 600; two rounds of it say no', () => {
  const bench = asking();
  assert.equal(requests(bench).length, 3);
  bench.advance(seconds(8.999));
  assert.deepEqual(bench.wire.reachabilities, []);
  bench.advance(seconds(0.001));
  assert.deepEqual(bench.wire.reachabilities, ['no']);
  assert.equal(requests(bench).length, 3, 'at 5 seconds');
  const rounds = asked(bench, seconds(3 * 3600));
  assert.equal(rounds[0]?.at, 5 + 30 - 9);
  assert.ok(rounds.every(({ count }) => count === 3));
  for (const [i, { at }] of rounds.slice(2).entries()) {
    const interval = at - (rounds[i + 1]?.at ?? 0);
    assert.ok(interval >= 449 && interval <= 601, String(interval));
  }
  assert.ok(rounds.length >= 18 && rounds.length <= 25, String(rounds.length));
  assert.deepEqual(bench.wire.reachabilities, ['no'], 'said once');
});

test('a relay that comes later is noticed: yes after no; and one that goes: all are asked before it is no', () => {
  const bench = asking();
  bench.advance(seconds(3000));
  requests(bench);
  bench.advance((bench.core.nextTimeout() - bench.now) as Duration);
  const last = requests(bench).at(-1);
  bench.receive(answer(last), RELAY);
  assert.deepEqual(bench.wire.reachabilities, ['no', 'yes']);
  bench.advance((bench.core.nextTimeout() - bench.now) as Duration);
  assert.equal(requests(bench).length, 1);
  bench.advance(seconds(5));
  assert.equal(requests(bench).length, 3);
  assert.deepEqual(bench.wire.reachabilities, ['no', 'yes']);
  bench.advance(seconds(4));
  assert.deepEqual(bench.wire.reachabilities, ['no', 'yes', 'no']);
});

test('one lost packet says nothing', () => {
  const bench = asking([FIRST]);
  requests(bench);
  bench.advance(seconds(5));
  bench.receive(answer(requests(bench)[0]), RELAY);
  assert.deepEqual(bench.wire.reachabilities, ['yes']);
});

test('a late answer, also to the round before, proves as much', () => {
  const bench = asking([FIRST]);
  const [early] = requests(bench);
  bench.advance(seconds(9));
  assert.deepEqual(bench.wire.reachabilities, ['no']);
  requests(bench);
  bench.receive(answer(early), RELAY);
  assert.deepEqual(bench.wire.reachabilities, ['no', 'yes']);
  assert.deepEqual(bench.wire.delivered, []);
});

test('D-9: a repeat proves nothing any more: it does not put off when to ask again', () => {
  const bench = asking([FIRST]);
  const [request] = requests(bench);
  bench.receive(answer(request), RELAY);
  const due = bench.core.nextTimeout();
  bench.advance(seconds(60));
  bench.receive(answer(request), RELAY);
  assert.equal(bench.core.nextTimeout(), due);
});

/** What is not an answer, and whether it is ours to swallow. */
const LIES: readonly (readonly [what: string, isOurs: boolean, lie: (request: Sent) => Uint8Array])[] = [
  ['D-9: a wrong nonce', false, (request) => answer(request, { nonce: new Uint8Array(16) })],
  ['D-9: half a nonce', false, (request) => answer(request, { nonce: request.bytes.slice(48, 56) })],
  ['D-9: no nonce', false, (request) => answer(request, { nonce: new Uint8Array(0) })],
  [
    'D-9: a nonce and more',
    false,
    (request) => answer(request, { nonce: new Uint8Array([...request.bytes.slice(48), 0]) }),
  ],
  ['D-9: another identifier', false, (request) => answer(request, { id: new Uint8Array(4) })],
  ['D-5: another source', true, (request) => answer(request, { source: HOST })],
  ['D-5: a wrong checksum', true, (request) => answer(request).map((byte, at) => (at === 43 ? byte ^ 1 : byte))],
  [
    'D-5: the request itself',
    false,
    (request) =>
      emitEchoRequest(FIRST, readIpv6(request.bytes, 8), request.bytes.slice(48), request.bytes.slice(44, 48)),
  ],
];

for (const [what, isOurs, lie] of LIES) {
  test(`${what} is no answer`, () => {
    const bench = asking([FIRST]);
    const [request] = requests(bench);
    assert.ok(request);
    bench.receive(lie(request), RELAY);
    assert.deepEqual(bench.wire.reachabilities, []);
    assert.deepEqual(bench.wire.delivered, []);
    // What is not ours is a stranger's: it waits until the stranger is proven.
    assert.equal(requests(bench).length, isOurs ? 0 : 1);
    bench.receive(answer(request), RELAY);
    assert.deepEqual(bench.wire.reachabilities, ['yes'], 'the true one still counts');
  });
}

test('whatever comes in from hosts and strangers, only the nonce says yes, and no answer of ours is handed up', () => {
  const place = fc.constantFrom<Endpoint>(RELAY, endpoint('203.0.113.7', 7), serverEndpoint(SERVERS.primary));
  const source = fc.constantFrom(...TARGETS, HOST);
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const lie = fc.record({
    source,
    id: fc.option(bytes(4), { nil: undefined }),
    nonce: fc.oneof(bytes(8), bytes(16)),
    from: place,
  });
  fc.assert(
    fc.property(fc.array(lie, { maxLength: 30 }), fc.nat(TARGETS.length - 1), (lies, honest) => {
      const bench = asking();
      const request = requests(bench)[honest];
      assert.ok(request);
      for (const { from, id, ...rest } of lies) {
        bench.receive(answer(request, id === undefined ? rest : { ...rest, id }), from);
      }
      assert.deepEqual(bench.wire.reachabilities, []);
      assert.deepEqual(bench.wire.delivered, []);
      bench.receive(answer(request), RELAY);
      assert.deepEqual(bench.wire.reachabilities, ['yes']);
      assert.deepEqual(bench.wire.delivered, []);
    }),
  );
});

test("a user's ping to a host that is asked is the user's: it goes at once, and its answer is handed up", () => {
  const bench = asking([FIRST]);
  const [ours] = requests(bench);
  const id = Uint8Array.of(1, 2, 3, 4);
  const ping = emitEchoRequest(bench.address, FIRST, Uint8Array.of(7, 7), id);
  bench.transmit(ping);
  const [test] = requests(bench);
  bench.receive(answer(test), RELAY);
  const [sent] = bench.wire.takeSent();
  assert.deepEqual(sent?.bytes, ping);
  const pong = emitEchoReply(FIRST, bench.address, id, Uint8Array.of(7, 7));
  bench.receive(pong, RELAY);
  bench.receive(answer(ours), RELAY);
  assert.deepEqual(bench.wire.takeDelivered(), [pong]);
});

test('B-6 C-SEND-15: a silent host that was asked is contacted by a user as if it had never been', () => {
  const exchanges = [[FIRST], []].map((targets) => {
    const bench = asking(targets);
    bench.advance(seconds(700));
    bench.wire.takeSent();
    bench.transmit(dataPacket(bench.address, FIRST, 'hello'));
    const times: number[] = [];
    const start = bench.now;
    for (let step = 0; step < 40; step++) {
      // Requests of a user's contact have a nonce of 8 bytes.
      for (const { bytes } of bench.wire.takeSent()) if (bytes.length === 56) times.push(bench.now - start);
      bench.advance(seconds(0.25));
    }
    assert.equal(bench.wire.takeDelivered().length, 1, 'unreachable');
    bench.transmit(dataPacket(bench.address, FIRST, 'again'));
    bench.receive(answer(bench.wire.takeSent().at(-1)), RELAY);
    return { times, sent: bench.wire.takeSent().map(({ bytes }) => textOf(bytes)) };
  });
  assert.deepEqual(exchanges[0], exchanges[1]);
  assert.deepEqual(exchanges[0], { times: [0, 2250, 4500, 6750], sent: ['again'] });
});

test('a host that a user reaches says yes and saves the asking; one that only wrote to us does not', () => {
  const bench = asking();
  requests(bench);
  bench.receive(dataPacket(HOST, bench.address, 'stranger'), RELAY);
  bench.receive(answer(requests(bench)[0]), RELAY);
  assert.equal(bench.wire.takeDelivered().length, 1);
  assert.deepEqual(bench.wire.reachabilities, []);
  bench.advance(seconds(40));
  requests(bench);
  const other = v6('2001:db8::8');
  bench.transmit(dataPacket(bench.address, other, 'hello'));
  bench.receive(answer(bench.wire.takeSent().at(-1)), RELAY);
  bench.wire.takeSent();
  assert.deepEqual(bench.wire.reachabilities, ['no', 'yes']);
  assert.ok(bench.core.nextTimeout() - bench.now >= 450_000);
});

test('asked for: said even when it is nothing new, and until then the last word holds', () => {
  const bench = asking();
  bench.receive(answer(requests(bench)[0]), RELAY);
  bench.core.testInternet(bench.now);
  const sent = requests(bench);
  assert.equal(sent.length, 3);
  assert.deepEqual(bench.wire.reachabilities, ['yes']);
  bench.receive(answer(sent[2]), RELAY);
  assert.deepEqual(bench.wire.reachabilities, ['yes', 'yes']);
  bench.core.testInternet(bench.now);
  bench.advance(seconds(9));
  assert.deepEqual(bench.wire.reachabilities, ['yes', 'yes', 'no']);
  bench.core.testInternet(bench.now);
  bench.advance(seconds(9));
  assert.deepEqual(bench.wire.reachabilities, ['yes', 'yes', 'no', 'no']);
  bench.advance(seconds(3000));
  assert.equal(bench.wire.reachabilities.length, 4);
});

test('asked for a thousand times while an answer is waited for: asked once', () => {
  const bench = asking();
  for (let i = 0; i < 1000; i++) bench.core.testInternet(bench.now);
  assert.equal(requests(bench).length, 3);
});

test('a lost address ends it; the same address again changes nothing, and another begins anew', () => {
  const bench = asking([FIRST]);
  const [request] = requests(bench);
  bench.receive(answer(request), RELAY);
  bench.core.stop(bench.now);
  assert.deepEqual(bench.wire.reachabilities, ['yes', 'unknown']);
  assert.deepEqual(asked(bench, seconds(1200)), []);
  bench.core.start(bench.now, SERVERS);
  bench.advertise();
  bench.advertise();
  assert.equal(bench.wire.takeSent().filter(({ bytes }) => bytes[40] === 128).length, 1);
  bench.receive(answer(request), RELAY);
  assert.deepEqual(bench.wire.reachabilities, ['yes', 'unknown'], 'the old answer proves nothing of today');
});

test('a new MTU is no new address: nothing is asked again', () => {
  const bench = asking([FIRST], seconds(20));
  bench.receive(answer(requests(bench)[0]), RELAY);
  bench.advance(seconds(20));
  bench.advertise({ mtu: 1400 });
  bench.wire.takeSent();
  assert.equal(bench.lastState?.name === 'qualified' && bench.lastState.mtu, 1400);
  bench.advance(seconds(10));
  assert.deepEqual(bench.wire.reachabilities, ['yes']);
  assert.deepEqual(bench.wire.takeSent(), []);
});
