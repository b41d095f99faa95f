/** Servers that are asked beside any tunnel: who is believed, how often is asked, and what is told of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Servers } from '../../daemon/protocol/qualification.js';
import {
  CONE_SOCKET,
  DIRECT_SOCKET,
  type ProbeConfiguration,
  type ProbeOutput,
  ServerProbe,
} from '../../daemon/protocol/server-probe.js';
import { type Duration, type Instant, NEVER, seconds } from '../../daemon/protocol/time.js';
import { parseDatagram } from '../../daemon/wire/encapsulation.js';
import { type Endpoint, formatIpv4, type Ipv4Address } from '../../daemon/wire/ipv4.js';
import { formatIpv6, readIpv6 } from '../../daemon/wire/ipv6.js';
import { TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import {
  type AdvertisementLies,
  advertisement,
  endpoint,
  MAPPED,
  memoryOf,
  NO_SCOPE,
  SERVERS,
  serverEndpoint,
  testEnvironment,
  v4,
  v6,
} from './rig.js';

interface Asked {
  readonly socket: number;
  readonly to: Ipv4Address;
  readonly nonce: Uint8Array;
  readonly source: ReturnType<typeof readIpv6>;
}

interface Answering {
  readonly from?: Endpoint;
  readonly socket?: number;
}

/** A probe on the bench: what it asks waits in `asked`, what it tells is in `told`. */
class ProbeBench {
  now = 1_000_000 as Instant;
  asked: Asked[] = [];
  readonly told: string[] = [];
  readonly probe: ServerProbe;

  constructor(overrides: Partial<ProbeConfiguration> = {}) {
    const output: ProbeOutput = {
      sendDatagram: (socket, bytes, to) => this.asked.push({ socket, to, ...read(bytes) }),
      probed: (target, primary, secondary) => {
        const text = [primary, secondary].map((heard) =>
          heard === undefined
            ? 'silent'
            : `${formatIpv4(heard.mapped.address)}:${heard.mapped.port} ${heard.roundTrip}`,
        );
        this.told.push(`${target}: ${text.join(', ')}`);
      },
      coneProbed: (target, answer) => this.told.push(`${target}: cone ${answer}`),
      done: () => this.told.push('done'),
    };
    const configuration = { prefix: TEREDO_PREFIX, scope: NO_SCOPE, targets: [SERVERS], cone: false, ...overrides };
    this.probe = new ServerProbe(configuration, testEnvironment(), output);
    this.probe.start(this.now);
  }

  takeAsked(): Asked[] {
    const asked = this.asked;
    this.asked = [];
    return asked;
  }

  answer(asked: Asked | undefined, lies: AdvertisementLies = {}, { from, socket }: Answering = {}): void {
    assert.ok(asked);
    const { nonce, source, to } = asked;
    const bytes = advertisement({ nonce, destination: source, origin: MAPPED, ...lies });
    this.receive(bytes, from ?? serverEndpoint(to), socket ?? asked.socket);
  }

  receive(bytes: Uint8Array, from: Endpoint, socket: number): void {
    this.probe.handleDatagram(this.now, memoryOf(bytes), 0, bytes.length, socket, from.address | 0, from.port);
  }

  advance(duration: Duration): void {
    const end = (this.now + duration) as Instant;
    for (let next = this.probe.nextTimeout(); next <= end; next = this.probe.nextTimeout()) {
      assert.ok(next >= this.now, 'a deadline lies in the past');
      this.now = next;
      this.probe.handleTimeout(this.now);
    }
    this.now = end;
  }
}

function read(bytes: Uint8Array): Pick<Asked, 'nonce' | 'source'> {
  const datagram = parseDatagram(bytes, 0, bytes.length);
  assert.ok(typeof datagram !== 'string' && datagram.authentication !== undefined);
  return { nonce: datagram.authentication.nonce, source: readIpv6(bytes, datagram.packetOffset + 8) };
}

const OTHERS: Servers = { primary: v4('203.0.113.50'), secondary: v4('203.0.113.51') };

test('both addresses are asked, each with a nonce of its own, and both answers are told at once', () => {
  const bench = new ProbeBench();
  const asked = bench.takeAsked();
  assert.deepEqual(
    asked.map(({ socket, to }) => [socket, to]),
    [
      [DIRECT_SOCKET, SERVERS.primary],
      [DIRECT_SOCKET, SERVERS.secondary],
    ],
  );
  assert.notDeepEqual(asked[0]?.nonce, asked[1]?.nonce);
  bench.now = (bench.now + 20) as Instant;
  bench.answer(asked[0]);
  assert.deepEqual(bench.told, []);
  bench.now = (bench.now + 10) as Instant;
  bench.answer(asked[1]);
  assert.deepEqual(bench.told, ['0: 198.51.100.1:4096 20, 198.51.100.1:4096 30', 'done']);
  assert.equal(bench.probe.nextTimeout(), NEVER);
});

test('each address is asked three times, 1.25 seconds apart, then counts as silent', () => {
  const bench = new ProbeBench();
  bench.answer(bench.takeAsked()[1]);
  bench.advance(seconds(1.249));
  assert.equal(bench.asked.length, 0);
  bench.advance(seconds(0.001));
  bench.advance(seconds(1.25));
  assert.deepEqual(
    bench.takeAsked().map(({ to }) => to),
    [SERVERS.primary, SERVERS.primary],
  );
  bench.advance(seconds(1.249));
  assert.deepEqual(bench.told, []);
  bench.advance(seconds(0.001));
  assert.deepEqual(bench.told, ['0: silent, 198.51.100.1:4096 0', 'done']);
  bench.advance(seconds(60));
  assert.deepEqual([bench.asked.length, bench.told.length], [0, 2]);
});

test('a late answer has the round trip of the solicitation that it answers', () => {
  const bench = new ProbeBench();
  const [first, second] = bench.takeAsked();
  bench.answer(second);
  bench.advance(seconds(2));
  assert.equal(bench.asked.length, 1);
  bench.answer(first);
  assert.deepEqual(bench.told, ['0: 198.51.100.1:4096 2000, 198.51.100.1:4096 0', 'done']);
});

test('servers are told of as they answer, and independently', () => {
  const bench = new ProbeBench({ targets: [SERVERS, OTHERS] });
  const [, , third, fourth] = bench.takeAsked();
  bench.answer(third, { server: OTHERS.primary });
  bench.answer(fourth, { server: OTHERS.primary });
  assert.deepEqual(bench.told, ['1: 198.51.100.1:4096 0, 198.51.100.1:4096 0']);
  bench.advance(seconds(4));
  assert.deepEqual(bench.told.slice(1), ['0: silent, silent', 'done']);
});

test('no servers: done at once', () => {
  assert.deepEqual(new ProbeBench({ targets: [] }).told, ['done']);
});

test('U-1: the question with the cone flag leaves by a socket that never writes to a secondary address', () => {
  const bench = new ProbeBench({ targets: [SERVERS, OTHERS], cone: true });
  const sources = new Map(bench.asked.map(({ socket, source }) => [socket, formatIpv6(source)]));
  assert.deepEqual(
    [...sources],
    [
      [DIRECT_SOCKET, 'fe80::ffff:ffff:ffff'],
      [CONE_SOCKET, 'fe80::8000:ffff:ffff:ffff'],
    ],
  );
  bench.advance(seconds(4));
  const written = bench.asked.flatMap(({ socket, to }) => (socket === CONE_SOCKET ? [to] : []));
  assert.equal(written.length, 6);
  assert.deepEqual(new Set(written), new Set([SERVERS.primary, OTHERS.primary]));
});

for (const [who, from] of [
  ['secondary', SERVERS.secondary],
  ['primary', SERVERS.primary],
] as const) {
  test(`who answers it is told: the ${who} address`, () => {
    const bench = new ProbeBench({ cone: true });
    bench.answer(bench.asked[2], {}, { from: serverEndpoint(from) });
    assert.deepEqual(bench.told, [`0: cone ${who}`]);
  });
}

test('who answers it is told: nobody', () => {
  const bench = new ProbeBench({ cone: true });
  for (const asked of bench.takeAsked().slice(0, 2)) bench.answer(asked);
  bench.advance(seconds(3.75));
  assert.deepEqual(bench.told.slice(1), ['0: cone none', 'done']);
});

test('what is sent to from the same socket is no stranger: a server whose secondary address is another primary is not asked', () => {
  const chained = { primary: v4('203.0.113.119'), secondary: SERVERS.primary };
  const bench = new ProbeBench({ targets: [SERVERS, chained], cone: true });
  const cone = bench.asked.filter(({ socket }) => socket === CONE_SOCKET);
  assert.deepEqual(
    cone.map(({ to }) => to),
    [SERVERS.primary],
  );
  bench.advance(seconds(4));
  assert.deepEqual(
    bench.told.filter((text) => text.includes('cone')),
    ['0: cone none'],
  );
});

for (const [what, servers] of [
  ['a private', { primary: v4('192.168.1.1'), secondary: v4('192.168.1.2') }],
  ['a multicast', { primary: v4('224.0.0.253'), secondary: v4('224.0.0.254') }],
  ['a directed broadcast', { primary: v4('198.51.100.255'), secondary: v4('198.51.100.255') }],
] as const) {
  test(`ADDR-6 F-3: an address that is not global is never written to: ${what} one`, () => {
    const scope = { directedBroadcasts: [v4('198.51.100.255')] };
    const bench = new ProbeBench({ targets: [servers], cone: true, scope });
    assert.deepEqual(bench.asked, []);
    assert.deepEqual(bench.told, ['0: silent, silent', 'done']);
  });
}

test('of a server only the address that is global is asked', () => {
  const bench = new ProbeBench({ targets: [{ primary: SERVERS.primary, secondary: v4('10.0.0.1') }] });
  bench.answer(bench.asked[0]);
  assert.equal(bench.asked.length, 1);
  assert.deepEqual(bench.told, ['0: 198.51.100.1:4096 0, silent', 'done']);
});

const CONE_PHASE = v6('fe80::8000:ffff:ffff:ffff');

/** Each of these answers must be as if it never came; the reader of advertisements has its own in qualification.test.ts. */
const LIES: readonly (readonly [what: string, lies: AdvertisementLies, how?: Answering])[] = [
  ['C-SEC-4: another nonce', { nonce: new Uint8Array(8) }],
  ['C-SEC-1: no authentication', { nonce: undefined }],
  ['C-QUAL-11: no origin indication', { origin: undefined }],
  ['C-QUAL-11: another port', {}, { from: endpoint('203.0.113.120', 3545) }],
  ['C-QUAL-11: another address', {}, { from: serverEndpoint(v4('203.0.113.122')) }],
  ['C-QUAL-11: the secondary address for the primary', {}, { from: serverEndpoint(SERVERS.secondary) }],
  ['the other socket', {}, { socket: CONE_SOCKET }],
  ['ADDR-6: a private mapped address', { origin: endpoint('192.168.1.7', 4096) }],
  ['F-2: a mapped address of 240/4', { origin: endpoint('240.1.2.3', 4096) }],
  ['F-1: a directed broadcast as mapped address', { origin: endpoint('198.51.100.255', 4096) }],
  ['C-QUAL-16: mapped port 0', { origin: endpoint('198.51.100.1', 0) }],
  ['C-QUAL-12: another IPv6 destination', { destination: v6('fe80::1') }],
  ['C-QUAL-12: the address of the cone phase as destination', { destination: CONE_PHASE }],
  ['C-QUAL-15: a global IPv6 source', { source: v6('2001:db8::1') }],
  ['C-QUAL-14: another prefix', { prefix: 0x20020000 }],
  ['C-QUAL-14 C-QUAL-22: the prefix of another server', { server: v4('203.0.113.99') }],
  ['C-QUAL-14: the secondary address in the prefix', { server: SERVERS.secondary }],
  ['WIRE-15: an echo reply', { spoil: (packet) => packet.map((byte, at) => (at === 40 ? 129 : byte)) }],
  ['WIRE-15: half a packet', { spoil: (packet) => packet.slice(0, 60) }],
];

for (const [what, lies, how] of LIES) {
  test(`${what}: the answer is not believed, and the true one is`, () => {
    const bench = new ProbeBench({ cone: true, scope: { directedBroadcasts: [v4('198.51.100.255')] } });
    const [primary, secondary] = bench.asked;
    bench.answer(secondary);
    bench.answer(primary, lies, how);
    assert.deepEqual(bench.told, []);
    bench.answer(primary);
    assert.deepEqual(bench.told, ['0: 198.51.100.1:4096 0, 198.51.100.1:4096 0']);
  });
}

test('a second answer changes nothing', () => {
  const bench = new ProbeBench();
  const [primary, secondary] = bench.asked;
  bench.answer(primary);
  bench.answer(primary, { origin: endpoint('198.51.100.9', 9) });
  bench.answer(secondary);
  bench.answer(secondary);
  assert.deepEqual(bench.told, ['0: 198.51.100.1:4096 0, 198.51.100.1:4096 0', 'done']);
});

test('one server cannot answer for another', () => {
  const bench = new ProbeBench({ targets: [SERVERS, OTHERS] });
  const [first] = bench.asked;
  bench.answer(first, { server: OTHERS.primary }, { from: serverEndpoint(OTHERS.primary) });
  bench.answer(first, {}, { from: serverEndpoint(OTHERS.primary) });
  bench.advance(seconds(4));
  assert.deepEqual(bench.told, ['0: silent, silent', '1: silent, silent', 'done']);
});

test('whatever comes in, nobody is told of who has not answered; it comes to an end, and asks no more than it may', () => {
  const noise = fc.record({
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // A true advertisement with one byte changed, or none of its nonce.
      fc.tuple(fc.nat(120), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
        const bytes = advertisement({ nonce: new Uint8Array(8), origin: MAPPED });
        return bytes.map((byte, i) => (i === at % bytes.length ? byte ^ flip : byte));
      }),
    ),
    from: fc.constantFrom(SERVERS.primary, SERVERS.secondary, OTHERS.primary, v4('192.0.2.1')),
    port: fc.constantFrom(3544, 3544, 1, 0),
    socket: fc.constantFrom(DIRECT_SOCKET, CONE_SOCKET),
    wait: fc.nat(300),
  });
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 40 }), (noises) => {
      const bench = new ProbeBench({ targets: [SERVERS, OTHERS], cone: true });
      for (const { bytes, from, port, socket, wait } of noises) {
        bench.receive(bytes, endpoint(formatIpv4(from), port), socket);
        bench.advance(wait as Duration);
      }
      bench.advance(seconds(4));
      assert.deepEqual(bench.told.toSorted(), [
        '0: cone none',
        '0: silent, silent',
        '1: cone none',
        '1: silent, silent',
        'done',
      ]);
      assert.equal(bench.asked.length, 6 * 3);
    }),
  );
});
