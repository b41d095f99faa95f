/**
 * The server's rules, RFC 4380 §5.3.1 and §5.3.2: one test for each. guards-table.ts names the line of the server
 * that each of these tests exists for, and guards.test.ts shows that the test fails without it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatenate, emitOrigin } from '../../daemon/wire/encapsulation.js';
import { emitEchoReply, emitEchoRequest, emitIcmpv6 } from '../../daemon/wire/icmpv6.js';
import { ALL_ROUTERS } from '../../daemon/wire/ipv6.js';
import { serverLinkLocal } from '../../daemon/wire/teredo-address.js';
import { ACTORS } from '../fixtures/vector.js';
import { address, endpoint, fromHex, ipv6, toHex, vector } from '../fixtures/vectors.js';
import {
  ADDRESS_A,
  ADDRESS_B,
  dropped,
  packet,
  patched,
  SERVER_OF_A,
  SERVER_OF_B,
  ServerUnderTest,
  sent,
  teredo,
  withOrigin,
} from './server-harness.js';

const A = endpoint(ACTORS.a);
const B = endpoint(ACTORS.b);
const RELAY = endpoint(ACTORS.relay);
const NATIVE = ipv6(ACTORS.nativeHost);
const OWN_LINK_LOCAL = serverLinkLocal(SERVER_OF_A.primary);
const DATA = fromHex('a1b2c3d4e5f60718');
const TRAILER = fromHex('0104deadbeef');
const HOP_LIMIT_AT = 7;

const serverOfA = (): ServerUnderTest => new ServerUnderTest(SERVER_OF_A);
const serverOfB = (): ServerUnderTest => new ServerUnderTest(SERVER_OF_B);

/** A bubble between any two addresses. */
const bubble = (source: Parameters<typeof packet>[0], destination: Parameters<typeof packet>[1]): Uint8Array =>
  packet(source, destination, 59, new Uint8Array(0));

test('S-1 S-16 S-17 S-18 S-19: a plain solicitation brings the advertisement, from the same address', () => {
  const { payload, source } = vector('RS-1');
  assert.deepEqual(serverOfA().receive(payload, source), sent(0, A, vector('RA-1').payload));
});

test('S-1: the secondary address answers too, and with the prefix of the primary', () => {
  const { payload, source } = vector('RS-5');
  assert.deepEqual(serverOfA().receive(payload, source, 1), sent(1, A, vector('RA-3').payload));
});

test('S-2: what is not a well-formed Teredo packet is dropped', () => {
  const { payload, source } = vector('BUB-2');
  assert.deepEqual(serverOfB().receive(payload.subarray(0, 39), source), dropped('malformed'));
  assert.deepEqual(serverOfB().receive(patched(payload, 0, 0x45), source), dropped('malformed'));
  assert.deepEqual(serverOfB().receive(patched(payload, 4, 0, 1), source), dropped('malformed'));
  assert.deepEqual(serverOfB().receive(new Uint8Array(0), source), dropped('malformed'));
});

test('S-3: neither bubble nor ICMPv6 is dropped', () => {
  const udp = packet(ADDRESS_A, ADDRESS_B, 17, new Uint8Array(8));
  assert.deepEqual(serverOfB().receive(udp, A), dropped('via-server'));
  const notEmpty = packet(ADDRESS_A, ADDRESS_B, 59, new Uint8Array(8));
  assert.deepEqual(serverOfB().receive(notEmpty, A), dropped('via-server'));
});

test('S-3 F-6: neighbour discovery is not passed on', () => {
  for (const type of [133, 134, 135, 136, 137]) {
    const discovery = emitIcmpv6(ADDRESS_A, ADDRESS_B, 255, Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0));
    assert.deepEqual(serverOfB().receive(discovery, A), dropped('via-server'), `type ${type}`);
  }
});

test('S-4 F-1 F-3: a datagram from an address that is not global unicast is dropped', () => {
  const texts = ['0.0.0.1', '127.0.0.1', '10.1.1.1', '172.16.0.1', '172.31.255.255', '192.168.1.2', '169.254.1.1'];
  for (const text of [...texts, '192.88.99.1', '224.0.0.253', '255.255.255.255']) {
    const from = { address: address(text), port: A.port };
    // Its IPv6 source tells the truth, so that nothing but the IPv4 address can be the reason.
    const honest = bubble(teredo(ACTORS.serverOfA, from), ADDRESS_B);
    assert.deepEqual(serverOfB().receive(honest, from), dropped('not-global-ipv4'), text);
  }
});

test('S-4 F-2: documentation addresses pass, the examples of the RFCs use them', () => {
  for (const text of ['192.0.2.1', '198.51.100.1', '203.0.113.1']) {
    const from = { address: address(text), port: A.port };
    assert.deepEqual(serverOfB().receive(bubble(teredo(ACTORS.serverOfA, from), ADDRESS_B), from).drops, []);
  }
});

test('S-4 F-1: the directed broadcast address of an attached subnet is no source', () => {
  const scope = { directedBroadcasts: [address('192.0.2.255')] };
  const from = { address: address('192.0.2.255'), port: A.port };
  const honest = bubble(teredo(ACTORS.serverOfA, from), ADDRESS_B);
  assert.deepEqual(new ServerUnderTest({ ...SERVER_OF_B, scope }).receive(honest, from), dropped('not-global-ipv4'));
  assert.deepEqual(serverOfB().receive(honest, from).drops, []);
});

test('S-4: a datagram from port 0 is dropped, nothing can be answered to it', () => {
  const { payload } = vector('RS-1');
  assert.deepEqual(
    serverOfA().receive(payload, { ...A, port: endpoint('0.0.0.0:0').port }),
    dropped('not-global-ipv4'),
  );
});

test('S-7: a bubble from a link-local address that a relay made up is sent on to a client of ours, and to no other', () => {
  const made = bubble(ipv6('fe80::507a:6cc7:e47c:95eb'), ADDRESS_A);
  assert.deepEqual(serverOfA().receive(made, RELAY), sent(0, A, concatenate(emitOrigin(RELAY), made)));
  assert.deepEqual(serverOfB().receive(made, RELAY), dropped('not-for-us'));
});

test('S-5: a link-local source may send nothing but bubbles and router solicitations', () => {
  const linkLocal = ipv6('fe80::ffff:ffff:ffff');
  const advertisement = emitIcmpv6(linkLocal, ALL_ROUTERS, 255, Uint8Array.of(134, 0, 0, 0, 0, 0, 0, 0));
  for (const bytes of [advertisement, emitEchoRequest(linkLocal, OWN_LINK_LOCAL, DATA)]) {
    assert.deepEqual(serverOfA().receive(bytes, A), dropped('bad-source'));
  }
});

test('S-5 S-8: a solicitation to anyone but all routers is dropped', () => {
  for (const destination of ['ff02::1', 'fe80::8000:f227:34ff:8e87', '2001:db8::1']) {
    const body = Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0);
    const solicitation = emitIcmpv6(ipv6('fe80::ffff:ffff:ffff'), ipv6(destination), 255, body);
    assert.deepEqual(serverOfA().receive(solicitation, A), dropped('bad-destination'), destination);
  }
});

test('S-5 WIRE-15: a solicitation that neighbour discovery calls invalid is dropped', () => {
  const { payload, source } = vector('RS-1');
  const emptyOption = emitIcmpv6(
    ipv6('fe80::1'),
    ALL_ROUTERS,
    255,
    concatenate(Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0), new Uint8Array(8)),
  );
  const cases = { hopLimit: patched(payload, HOP_LIMIT_AT, 254), checksum: patched(payload, 42, 0, 0), emptyOption };
  for (const [what, bytes] of Object.entries(cases)) {
    assert.deepEqual(serverOfA().receive(bytes, source), dropped('malformed'), what);
  }
});

test('S-5 S-9: a solicitation from a Teredo source is not answered: it would go round the authentication', () => {
  const solicitation = emitIcmpv6(ADDRESS_A, ALL_ROUTERS, 255, Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0));
  assert.deepEqual(serverOfA().receive(solicitation, A), dropped('not-for-us'));
});

test('S-6: a Teredo source that tells its true mapping is accepted', () => {
  const { payload, source } = vector('BUB-2');
  assert.deepEqual(serverOfB().receive(payload, source).drops, []);
  // Flag bits are nobody's mapping (RFC 5991 §3.1).
  const flagged = bubble(teredo(ACTORS.serverOfA, A, 0xffff), ADDRESS_B);
  assert.deepEqual(serverOfB().receive(flagged, A).drops, []);
});

test('S-6 S-8: a Teredo source with another address or port than the datagram is dropped', () => {
  const { payload } = vector('BUB-2');
  assert.deepEqual(serverOfB().receive(payload, endpoint('192.0.2.2:4096')), dropped('spoofed'));
  assert.deepEqual(serverOfB().receive(payload, endpoint('192.0.2.1:4097')), dropped('spoofed'));
});

test('S-7: a native source reaches a client of this server', () => {
  const { payload, source } = vector('BUB-5');
  assert.deepEqual(serverOfB().receive(payload, source), sent(0, B, vector('BUB-6').payload));
});

test('S-7 S-8: a native source does not reach the client of another server, nor the IPv6 Internet', () => {
  const { payload, source } = vector('BUB-5');
  assert.deepEqual(serverOfA().receive(payload, source), dropped('not-for-us'));
  // The second has the server's address where a Teredo address would have it.
  for (const text of ['2001:db8::43', '2001:db8:cb00:7178::1']) {
    const toNative = emitEchoRequest(NATIVE, ipv6(text), DATA);
    assert.deepEqual(serverOfA().receive(toNative, RELAY), dropped('not-for-us'), text);
  }
});

test('S-8 F-6: a source of no global scope is dropped', () => {
  for (const text of ['::', '::1', '::ffff:192.0.2.1', 'fc00::1', 'fd00::1', 'fec0::1', 'ff02::1', 'ff0e::1']) {
    assert.deepEqual(serverOfB().receive(bubble(ipv6(text), ADDRESS_B), RELAY), dropped('bad-source'), text);
  }
});

test('S-9: an echo request to the own link-local address is answered to its sender', () => {
  const request = patched(emitEchoRequest(ADDRESS_A, OWN_LINK_LOCAL, DATA), HOP_LIMIT_AT, 64);
  const reply = emitEchoReply(OWN_LINK_LOCAL, ADDRESS_A, new Uint8Array(4), DATA);
  assert.deepEqual(serverOfA().receive(request, A, 1), sent(1, A, reply));
  assert.deepEqual(serverOfA().receive(concatenate(request, TRAILER), A), sent(0, A, reply));
});

test('S-9: an echo request to all routers is answered from the link-local address', () => {
  const request = emitEchoRequest(ADDRESS_A, ALL_ROUTERS, DATA);
  const reply = emitEchoReply(OWN_LINK_LOCAL, ADDRESS_A, new Uint8Array(4), DATA);
  assert.deepEqual(serverOfA().receive(request, A), sent(0, A, reply));
});

test('S-9: an echo request with a wrong checksum, or too short, is not answered', () => {
  const request = emitEchoRequest(ADDRESS_A, OWN_LINK_LOCAL, DATA);
  assert.deepEqual(serverOfA().receive(patched(request, 47, 9), A), dropped('malformed'));
  const short = emitIcmpv6(ADDRESS_A, OWN_LINK_LOCAL, 64, Uint8Array.of(128, 0, 0, 0, 0, 0));
  assert.deepEqual(serverOfA().receive(short, A), dropped('malformed'));
});

test('S-9: anything else to the server itself is dropped, an echo reply above all', () => {
  const reply = emitEchoReply(ADDRESS_A, OWN_LINK_LOCAL, new Uint8Array(4), DATA);
  for (const bytes of [reply, bubble(ADDRESS_A, OWN_LINK_LOCAL), bubble(ADDRESS_A, ALL_ROUTERS)]) {
    assert.deepEqual(serverOfA().receive(bytes, A), dropped('not-for-us'));
  }
});

test('S-10: nothing is forwarded to a destination of no global scope', () => {
  for (const text of ['::', '::1', '::ffff:192.0.2.1', 'fd00::1', 'fe80::1', 'fec0::1', 'ff02::1', 'ff0e::1']) {
    const request = emitEchoRequest(ADDRESS_A, ipv6(text), DATA);
    assert.deepEqual(serverOfA().receive(request, A), dropped('bad-destination'), text);
  }
});

test('S-11: an echo request to a native host goes to the IPv6 Internet, one hop nearer', () => {
  const { payload, source } = vector('ECHO-1');
  const native = toHex(patched(payload, HOP_LIMIT_AT, 63));
  assert.deepEqual(serverOfA().receive(payload, source), { sent: [], native, drops: [] });
});

test('S-11: a packet whose hops are used up is not routed', () => {
  const { payload, source } = vector('ECHO-1');
  for (const hops of [0, 1]) {
    assert.deepEqual(serverOfA().receive(patched(payload, HOP_LIMIT_AT, hops), source), dropped('bad-destination'));
  }
  assert.notEqual(serverOfA().receive(patched(payload, HOP_LIMIT_AT, 2), source).native, undefined);
});

test('S-11: what stood before the packet does not go to the IPv6 Internet', () => {
  const shimmed = withOrigin('192.0.2.99:99', vector('ECHO-1').payload);
  assert.equal(serverOfA().receive(shimmed, A).native, toHex(patched(vector('ECHO-1').payload, HOP_LIMIT_AT, 63)));
});

test('S-12 F-1 F-3 ADDR-6: a destination whose IPv4 address is not global unicast is dropped', () => {
  const texts = ['0.0.0.0', '127.0.0.1', '10.1.1.1', '172.16.0.1', '192.168.0.1', '169.254.1.1', '192.88.99.1'];
  for (const text of [...texts, '224.0.0.253', '255.255.255.255']) {
    const destination = teredo(ACTORS.serverOfB, `${text}:8192`);
    assert.deepEqual(serverOfB().receive(bubble(ADDRESS_A, destination), A), dropped('not-global-ipv4'), text);
  }
});

test('S-12: a destination of port 0 is dropped', () => {
  const destination = teredo(ACTORS.serverOfB, '192.0.2.10:0');
  assert.deepEqual(serverOfB().receive(bubble(ADDRESS_A, destination), A), dropped('not-global-ipv4'));
});

test('S-12 F-1: the directed broadcast address of an attached subnet is no destination', () => {
  const scope = { directedBroadcasts: [B.address] };
  const { payload, source } = vector('BUB-2');
  const server = new ServerUnderTest({ ...SERVER_OF_B, scope });
  assert.deepEqual(server.receive(payload, source), dropped('not-global-ipv4'));
});

test('S-13: forwarding goes to the mapping in the destination, from the primary address', () => {
  const { payload, source } = vector('BUB-2');
  assert.deepEqual(serverOfB().receive(payload, source, 1), sent(0, B, vector('BUB-3').payload));
});

test('S-14 ADDR-9: a client of this server is told the origin', () => {
  const { payload, source } = vector('BUB-2');
  assert.deepEqual(serverOfB().receive(payload, source), sent(0, B, vector('BUB-3').payload));
});

test('S-14: a client of another server gets the packet plain', () => {
  const { payload, source } = vector('BUB-2');
  assert.deepEqual(serverOfA().receive(payload, source), sent(0, B, payload));
});

test('S-14: an origin indication that the sender put there is replaced by the true one', () => {
  const forged = withOrigin('198.51.100.66:66', vector('BUB-2').payload);
  assert.deepEqual(serverOfB().receive(forged, A), sent(0, B, vector('BUB-3').payload));
});

test('S-13: a large echo goes through whole, one too large for UDP with its origin is dropped', () => {
  const echo = (size: number): Uint8Array => emitEchoRequest(ADDRESS_A, ADDRESS_B, new Uint8Array(size).fill(7));
  const largest = echo(65507 - 8 - 48);
  assert.deepEqual(serverOfB().receive(largest, A), sent(0, B, withOrigin(ACTORS.a, largest)));
  assert.deepEqual(serverOfB().receive(echo(65507 - 7 - 48), A), dropped('bad-destination'));
});

test('S-15: trailers are kept towards a Teredo destination', () => {
  for (const id of ['TRL-1', 'TRL-5', 'TRL-10', 'TRL-13']) {
    const { payload, source } = vector(id);
    assert.deepEqual(serverOfB().receive(payload, source), sent(0, B, withOrigin(ACTORS.a, payload)), id);
  }
});

test('S-15 WIRE-13: trailers are cut off towards the IPv6 Internet', () => {
  const { payload, source } = vector('ECHO-1');
  const outcome = serverOfA().receive(concatenate(payload, TRAILER), source);
  assert.equal(outcome.native, toHex(patched(payload, HOP_LIMIT_AT, 63)));
});

test('S-20 S-25 U-5: the cone bit in a solicitation is answered from the other address', () => {
  const { payload, source } = vector('RS-3');
  const answer = vector('RA-7').payload;
  assert.deepEqual(serverOfA().receive(payload, source, 0), sent(1, A, answer));
  assert.deepEqual(serverOfA().receive(payload, source, 1), sent(0, A, answer));
});

test('S-20 U-8: without the cone bit it is answered from the same address, whatever the other flags', () => {
  const source = ipv6('fe80::7fff:ffff:ffff:ffff');
  const solicitation = emitIcmpv6(source, ALL_ROUTERS, 255, Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0));
  for (const socket of [0, 1]) assert.equal(serverOfA().receive(solicitation, A, socket).sent[0]?.socket, socket);
});

test('S-21 F-3: no advertisement goes to an address that is not global unicast', () => {
  const { payload } = vector('RS-2');
  for (const text of ['192.168.1.2:4096', '224.0.0.253:3544', '255.255.255.255:3544']) {
    assert.deepEqual(serverOfA().receive(payload, endpoint(text)), dropped('not-global-ipv4'), text);
  }
});

test('S-23 C-SEC-3 C-SEC-5: a nonce comes back though no keys are known, in either address', () => {
  const { payload, source } = vector('RS-2');
  assert.deepEqual(serverOfA().receive(payload, source), sent(0, A, vector('RA-2').payload));
  const later = serverOfA();
  later.receive(payload, source);
  assert.deepEqual(later.receive(vector('RS-5').payload, A, 1), sent(1, A, vector('RA-3').payload));
});

test('S-23: a signed solicitation to a server without keys gets its nonce back, and nothing it could not compute', () => {
  const { payload, source } = vector('RS-6');
  assert.deepEqual(serverOfA().receive(payload, source), sent(0, A, vector('RA-2').payload));
});

test('S-26: what comes from the own address and port is never processed', () => {
  for (const text of [`${ACTORS.serverOfB}:3544`, `${ACTORS.secondaryOfB}:3544`]) {
    assert.deepEqual(serverOfB().receive(vector('BUB-5').payload, endpoint(text)), dropped('bad-source'), text);
    assert.deepEqual(serverOfB().receive(vector('RS-1').payload, endpoint(text)), dropped('bad-source'), text);
  }
});

test('S-26: nothing is sent to the own address and port', () => {
  for (const mapped of [`${ACTORS.serverOfB}:3544`, `${ACTORS.secondaryOfB}:3544`]) {
    const looping = bubble(NATIVE, teredo(ACTORS.serverOfB, mapped));
    assert.deepEqual(serverOfB().receive(looping, RELAY), dropped('bad-destination'), mapped);
  }
  const neighbour = `${ACTORS.serverOfB}:3545`;
  assert.deepEqual(serverOfB().receive(bubble(NATIVE, teredo(ACTORS.serverOfB, neighbour)), RELAY).drops, []);
});
