import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SOLICITATION_TIMEOUT } from '../../daemon/protocol/constants.js';
import { type Duration, seconds } from '../../daemon/protocol/time.js';
import { parseDatagram } from '../../daemon/wire/encapsulation.js';
import { formatIpv4, type Ipv4Address } from '../../daemon/wire/ipv4.js';
import { formatIpv6, type Ipv6Address } from '../../daemon/wire/ipv6.js';
import { parseTeredoAddress } from '../../daemon/wire/teredo-address.js';
import {
  type AdvertisementLies,
  ClientBench,
  dataPacket,
  endpoint,
  HOST,
  MAPPED,
  NO_SCOPE,
  SERVERS,
  serverEndpoint,
  teredo,
  v4,
  v6,
} from './rig.js';

const started = (overrides = {}): ClientBench => {
  const bench = ClientBench.create(overrides);
  bench.core.start(bench.now, SERVERS);
  return bench;
};

const stateName = (bench: ClientBench): string | undefined => bench.lastState?.name;

const failureCode = (bench: ClientBench): string | undefined => {
  const state = bench.lastState;
  return state?.name === 'failed' ? state.reason.code : undefined;
};

test('C-QUAL-7 C-QUAL-8 U-2 U-8 WIRE-15: the first solicitation goes to the primary address, cone bit 0, to ff02::2', () => {
  const bench = started();
  const [sent] = bench.wire.sent;
  assert.ok(sent);
  assert.equal(sent.address, SERVERS.primary);
  assert.equal(sent.port, 3544);
  const datagram = parseDatagram(sent.bytes, 0, sent.bytes.length);
  assert.ok(typeof datagram !== 'string');
  const packet = sent.bytes.subarray(datagram.packetOffset);
  assert.equal(formatIpv6(packet.subarray(8, 24)), 'fe80::ffff:ffff:ffff');
  assert.equal(formatIpv6(packet.subarray(24, 40)), 'ff02::2');
  assert.equal(packet[7], 255);
  assert.equal(stateName(bench), 'qualifying');
});

test('C-SEC-3 C-SEC-5 C-SEC-6: each solicitation has a nonce of its own, nothing else, and confirmation 0', () => {
  const bench = started();
  const first = bench.solicitation().nonce.slice();
  bench.advance(SOLICITATION_TIMEOUT);
  const sent = bench.wire.sent.at(-1);
  assert.ok(sent);
  const datagram = parseDatagram(sent.bytes, 0, sent.bytes.length);
  assert.ok(typeof datagram !== 'string' && datagram.authentication !== undefined);
  assert.equal(datagram.authentication.clientId.length, 0);
  assert.equal(datagram.authentication.value.length, 0);
  assert.equal(datagram.authentication.confirmation, 0);
  assert.notDeepEqual(datagram.authentication.nonce, first);
});

test('C-QUAL-1 C-QUAL-18 C-QUAL-20 C-QUAL-21: two answers with one mapping qualify, with the address they say', () => {
  const bench = started();
  bench.advertise();
  assert.equal(bench.solicitation().to, SERVERS.secondary);
  bench.advertise();
  const state = bench.lastState;
  assert.ok(state?.name === 'qualified');
  const parts = parseTeredoAddress(state.address);
  assert.equal(parts?.server, SERVERS.primary);
  assert.equal(parts?.mappedPort, MAPPED.port);
  assert.equal(parts?.mappedAddress, MAPPED.address);
  assert.equal(state.mtu, 1280);
  assert.equal(state.nat.mapping, 'endpoint-independent');
});

test('U-1 U-3 ADDR-3 ADDR-4: flags are random in twelve bits only; cone, z, U and G are 0', () => {
  const seen = new Set<number>();
  for (let i = 0; i < 64; i++) {
    const bench = started();
    // Another entropy each time: burn some.
    for (let burn = 0; burn < i; burn++) bench.advance(SOLICITATION_TIMEOUT);
    if (stateName(bench) === 'qualifying') bench.advertise();
    if (stateName(bench) === 'qualifying') bench.advertise();
    const state = bench.lastState;
    if (state?.name !== 'qualified') continue;
    const flags = parseTeredoAddress(state.address)?.flags ?? 0xffff;
    assert.equal(flags & ~0x3cff, 0);
    seen.add(flags);
  }
  assert.ok(seen.size > 1, `flags never change: ${[...seen]}`);
});

test('C-QUAL-9 C-QUAL-10: three solicitations four seconds apart, then "server-silent"', () => {
  const bench = started();
  bench.advance(seconds(3.999));
  assert.equal(bench.wire.sent.length, 1);
  bench.advance(seconds(0.001));
  assert.equal(bench.wire.sent.length, 2);
  bench.advance(seconds(4));
  assert.equal(bench.wire.sent.length, 3);
  bench.advance(seconds(4));
  assert.equal(bench.wire.sent.length, 3);
  assert.equal(failureCode(bench), 'server-silent');
});

test('C-QUAL-19: a silent secondary address is told apart', () => {
  const bench = started();
  bench.advertise();
  bench.advance(seconds(12));
  assert.equal(failureCode(bench), 'secondary-silent');
});

test('C-QUAL-20 C-QUAL-6: another mapping at the secondary address means symmetric NAT', () => {
  const bench = started();
  bench.advertise();
  bench.advertise({ origin: endpoint('198.51.100.1', 4097) });
  assert.equal(failureCode(bench), 'symmetric-nat');
});

test('C-QUAL-20: another mapped address with the same port means symmetric NAT too', () => {
  const bench = started();
  bench.advertise();
  bench.advertise({ origin: endpoint('198.51.100.2', 4096) });
  assert.equal(failureCode(bench), 'symmetric-nat');
});

test('F-8: after a failure it tries again, later each time, and qualifies when the server is back', () => {
  const bench = started();
  const delays: number[] = [];
  for (let round = 0; round < 8; round++) {
    while (stateName(bench) !== 'failed') bench.advance(seconds(1));
    const state = bench.lastState;
    assert.ok(state?.name === 'failed');
    delays.push(state.retryIn);
    bench.advance(state.retryIn as Duration);
  }
  assert.deepEqual(
    delays,
    [5, 10, 20, 40, 80, 160, 300, 300].map((count) => count * 1000),
  );
  bench.advertise();
  bench.advertise();
  assert.equal(stateName(bench), 'qualified');
});

test('C-QUAL-4: nothing but solicitations is sent, and nothing delivered, before qualification', () => {
  const bench = started();
  const before = bench.wire.takeSent();
  bench.transmit(dataPacket(v6('fe80::1'), HOST, 'early'));
  bench.receive(dataPacket(HOST, teredo(SERVERS.primary, MAPPED), 'early'), endpoint('198.51.100.200', 3545));
  assert.equal(bench.wire.sent.length, 0);
  assert.equal(bench.wire.delivered.length, 0);
  assert.equal(before.length, 1);
  assert.equal(bench.core.counters.drops['not-qualified'], 2);
});

test('C-QUAL-2 C-MAINT-4: the state says which server and which attempt', () => {
  const bench = started();
  bench.advance(seconds(4));
  const attempts = bench.wire.states.map((state) => (state.name === 'qualifying' ? state.attempt : undefined));
  assert.deepEqual(attempts, [1, 2]);
});

/** The source of the solicitations that RFC 4380 §5.2.1 begins with, and RFC 5991 §3.2 leaves out. */
const CONE_PHASE = v6('fe80::8000:ffff:ffff:ffff');

/** Each of these answers must be as if it never came. */
const LIES: readonly (readonly [string, AdvertisementLies])[] = [
  ['C-SEC-4: another nonce', { nonce: new Uint8Array(8) }],
  ['C-SEC-1: no authentication', { nonce: undefined }],
  ['C-QUAL-11: no origin indication', { origin: undefined }],
  ['ADDR-6: a private mapped address', { origin: endpoint('192.168.1.7', 4096) }],
  ['F-2: a mapped address of 240/4', { origin: endpoint('240.1.2.3', 4096) }],
  ['ADDR-6: a multicast mapped address', { origin: endpoint('224.0.0.253', 3544) }],
  ['ADDR-6: a loopback mapped address', { origin: endpoint('127.0.0.1', 4096) }],
  ['F-1: a directed broadcast as mapped address', { origin: endpoint('198.51.100.255', 4096) }],
  ['C-QUAL-16: mapped port 0', { origin: endpoint('198.51.100.1', 0) }],
  ['C-QUAL-12: another IPv6 destination', { destination: v6('fe80::1') }],
  ['C-QUAL-12 C-QUAL-17: the address of the cone phase as destination', { destination: CONE_PHASE }],
  ['C-QUAL-15: a global IPv6 source', { source: v6('2001:db8::1') }],
  ['C-QUAL-14: another prefix', { prefix: 0x20020000 }],
  ['C-QUAL-14 C-QUAL-22: the prefix of another server', { server: v4('203.0.113.99') }],
  ['C-QUAL-13: no prefix option', { spoil: (packet) => resum(shorten(packet, 16)) }],
  ['C-QUAL-13: two prefix options', { spoil: (packet) => resum(append(packet, packet.slice(56, 88))) }],
  ['WIRE-15: hop limit 254', { spoil: (packet) => patched(packet, 7, 254) }],
  ['WIRE-15: code 1', { spoil: (packet) => resum(patched(packet, 41, 1)) }],
  ['WIRE-15: a wrong checksum', { spoil: (packet) => patched(packet, 43, (packet[43] ?? 0) ^ 1) }],
  ['WIRE-15: an option of length zero', { spoil: (packet) => resum(patched(packet, 57, 0)) }],
  ['WIRE-15: an option that runs over the end', { spoil: (packet) => resum(patched(patched(packet, 88, 200), 89, 9)) }],
  ['C-QUAL-13: a prefix that is not 64 bits long', { spoil: (packet) => resum(patched(packet, 58, 32)) }],
];

for (const [what, lies] of LIES) {
  test(`${what}: the advertisement is not believed, in qualification nor in refresh`, () => {
    const scope = { directedBroadcasts: [v4('198.51.100.255')] };
    const bench = started({ scope });
    bench.advertise(lies);
    assert.equal(stateName(bench), 'qualifying');
    assert.equal(bench.solicitation().to, SERVERS.primary, 'still waits for the primary server');
    bench.advertise();
    bench.advertise();
    assert.equal(stateName(bench), 'qualified', 'a true answer is believed after the lie');
    const address = bench.address;
    bench.advance(seconds(30));
    bench.advertise({ origin: endpoint('198.51.100.1', 5000), ...lies });
    assert.deepEqual(bench.address, address);
  });
}

test('C-QUAL-11: an advertisement from another address or port is not believed', () => {
  for (const from of [
    serverEndpoint(v4('203.0.113.99')),
    serverEndpoint(SERVERS.secondary),
    endpoint('203.0.113.120', 3545),
  ]) {
    const bench = started();
    bench.advertise({}, from);
    assert.equal(bench.solicitation().to, SERVERS.primary);
    assert.equal(stateName(bench), 'qualifying');
  }
});

test('C-QUAL-11: an advertisement nobody asked for changes nothing', () => {
  const bench = ClientBench.qualified();
  const address = bench.address;
  const bystander = started();
  bench.wire.sent = [...bystander.wire.sent];
  bench.advertise({ origin: endpoint('198.51.100.1', 5000) });
  assert.deepEqual(bench.address, address);
  assert.equal(bench.core.counters.drops['bad-advertisement'], 1);
});

test('C-QUAL-23: the advertised MTU is used within bounds, 1280 otherwise', () => {
  for (const [advertised, used] of [
    [1280, 1280],
    [1400, 1400],
    [1279, 1280],
    [0, 1280],
    [65507, 65507],
    [65508, 1280],
    [4294967295, 1280],
  ]) {
    const bench = started();
    bench.advertise({ mtu: advertised ?? 0 });
    bench.advertise({ mtu: advertised ?? 0 });
    const state = bench.lastState;
    assert.ok(state?.name === 'qualified');
    assert.equal(state.mtu, used);
  }
});

test('ADDR-6 F-3: a server address that is not global unicast is refused, and nothing is ever sent to it', () => {
  for (const server of ['192.168.1.1', '224.0.0.253', '240.0.0.1', '0.0.0.0', '127.0.0.1']) {
    const bench = ClientBench.create();
    bench.core.start(bench.now, { primary: v4(server), secondary: v4('203.0.113.121') });
    assert.equal(failureCode(bench), 'server-not-global');
    bench.advance(seconds(3600));
    assert.equal(failureCode(bench), 'server-not-global', 'nor is it when the time has come to try again');
    assert.equal(bench.wire.sent.length, 0);
  }
});

test('ADDR-6: a server that was a broadcast address of a subnet left behind is asked after all', () => {
  const bench = started({ scope: { directedBroadcasts: [SERVERS.primary] } });
  assert.equal(failureCode(bench), 'server-not-global');
  bench.core.setScope(NO_SCOPE);
  bench.advance(seconds(6));
  assert.equal(stateName(bench), 'qualifying');
  assert.equal(bench.wire.sent.at(0)?.address, SERVERS.primary);
});

test('C-MAINT-1 C-MAINT-2 C-MAINT-3: after 22.5 to 30 seconds without the server it is solicited again', () => {
  const bench = ClientBench.qualified();
  bench.advance(seconds(22.4));
  assert.equal(bench.wire.sent.length, 0);
  const wait = bench.core.nextTimeout() - bench.now;
  assert.ok(wait >= 100 && wait <= 7_600, `${wait}`);
  bench.advance(wait as Duration);
  assert.equal(bench.wire.sent.length, 1);
  assert.equal(bench.solicitation().to, SERVERS.primary);
  assert.equal(stateName(bench), 'qualified', 'the tunnel stays up while it asks');
});

test('C-MAINT-7 C-MAINT-8 C-MAINT-11: an unchanged mapping keeps the very same address, without a word', () => {
  const bench = ClientBench.qualified();
  const { address } = bench;
  const states = bench.wire.states.length;
  for (let round = 0; round < 10; round++) {
    bench.advance(seconds(30));
    bench.advertise();
    bench.wire.takeSent();
    bench.advance(seconds(0.1));
  }
  assert.deepEqual(bench.address, address);
  assert.equal(bench.wire.states.length, states);
});

test('C-MAINT-9: a changed mapping gives a new address at once, and forgets the peers', () => {
  const bench = ClientBench.qualified();
  const old = bench.address;
  bench.advance(seconds(30));
  bench.advertise({ origin: endpoint('198.51.100.1', 5000) });
  const state = bench.lastState;
  assert.ok(state?.name === 'qualified');
  assert.equal(state.mapped.port, 5000);
  assert.notDeepEqual(state.address, old);
  bench.transmit(dataPacket(old, HOST, 'from the old address'));
  assert.equal(bench.core.counters.drops['bad-source'], 1);
});

test('C-MAINT-10 C-MAINT-6: any packet from the server is noted, but the NAT wants one of ours all the same', () => {
  const bench = ClientBench.qualified();
  let solicitations = 0;
  for (let second = 0; second < 120; second++) {
    bench.advance(seconds(1));
    bench.receive(dataPacket(v6('fe80::1'), bench.address, 'anything'), serverEndpoint(SERVERS.primary));
    assert.equal(bench.core.qualification.lastServerContact, bench.now);
    if (bench.wire.sent.length === 0) continue;
    bench.advertise();
    solicitations += bench.wire.takeSent().length;
  }
  assert.ok(solicitations >= 4 && solicitations <= 5, `${solicitations}`);
});

test('C-MAINT-2: a server that stays silent for three solicitations is lost, and the address with it', () => {
  const bench = ClientBench.qualified();
  while (stateName(bench) === 'qualified') bench.advance(seconds(0.1));
  assert.equal(bench.wire.sent.length, 3);
  assert.equal(failureCode(bench), 'server-lost');
  assert.equal(bench.core.qualification.current, undefined);
});

test('C-MAINT-11: the address comes back when the server does and the mapping is the same', () => {
  const bench = ClientBench.qualified();
  const { address } = bench;
  while (stateName(bench) === 'qualified') bench.advance(seconds(1));
  while (stateName(bench) !== 'qualifying') bench.advance(seconds(1));
  bench.advertise();
  bench.advertise();
  assert.deepEqual(bench.address, address);
});

test('C-MAINT-4: the refresh interval can be configured', () => {
  const bench = ClientBench.qualified({ refreshInterval: seconds(10) });
  bench.advance(seconds(7.4));
  assert.equal(bench.wire.sent.length, 0);
  bench.advance(seconds(2.6));
  assert.equal(bench.wire.sent.length, 1);
});

test('C-QUAL-5: stop forgets everything and says so', () => {
  const bench = ClientBench.qualified();
  bench.core.stop(bench.now);
  assert.equal(stateName(bench), 'stopped');
  assert.equal(bench.core.nextTimeout(), Number.POSITIVE_INFINITY);
  assert.equal(bench.core.qualification.current, undefined);
});

function patched(packet: Uint8Array, at: number, value: number): Uint8Array {
  const copy = packet.slice();
  copy[at] = value;
  return copy;
}

function shorten(packet: Uint8Array, payload: number): Uint8Array {
  const copy = packet.slice(0, 40 + payload);
  copy[4] = payload >>> 8;
  copy[5] = payload & 255;
  return copy;
}

function append(packet: Uint8Array, more: Uint8Array): Uint8Array {
  const copy = new Uint8Array(packet.length + more.length);
  copy.set(packet);
  copy.set(more, packet.length);
  const payload = copy.length - 40;
  copy[4] = payload >>> 8;
  copy[5] = payload & 255;
  return copy;
}

/** Puts the right ICMPv6 checksum in, so that nothing but the lie is wrong. */
function resum(packet: Uint8Array): Uint8Array {
  const copy = packet.slice();
  copy[42] = 0;
  copy[43] = 0;
  let sum = copy.length - 40 + 58;
  for (let i = 8; i < copy.length; i += 2) sum += ((copy[i] ?? 0) << 8) | (copy[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  copy[42] = (~sum >>> 8) & 255;
  copy[43] = ~sum & 255;
  return copy;
}

test('C-SEC-2: with credentials every solicitation is signed, and an unsigned answer is not believed', () => {
  const credentials = {
    clientId: new Uint8Array([65]),
    secret: new Uint8Array(20).fill(7),
    algorithm: 'sha1' as const,
  };
  const bench = started({ credentials });
  const sent = bench.wire.sent.at(-1);
  assert.ok(sent);
  assert.equal(sent.bytes[2], 1, 'client identifier of one byte');
  assert.equal(sent.bytes[3], 20, 'HMAC-SHA1 value');
  bench.advertise();
  assert.equal(stateName(bench), 'qualifying');
  assert.equal(bench.core.counters.drops['bad-authentication'], 1);
});

test('the state names addresses a person can read', () => {
  const bench = ClientBench.qualified({ scope: NO_SCOPE });
  const state = bench.lastState;
  assert.ok(state?.name === 'qualified');
  assert.equal(formatIpv4(state.server as Ipv4Address), '203.0.113.120');
  assert.match(formatIpv6(state.address as Ipv6Address), /^2001:0?:cb00:7178:/);
});
