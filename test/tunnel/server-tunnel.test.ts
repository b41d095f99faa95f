/** The loop of a server: two sockets, and a way into native IPv6. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emitBubble } from '../../daemon/wire/bubble.js';
import { concatenate, emitAuthentication } from '../../daemon/wire/encapsulation.js';
import { emitEchoRequest } from '../../daemon/wire/icmpv6.js';
import { formatEndpoint } from '../../daemon/wire/ipv4.js';
import { formatIpv6, IPV6_DESTINATION } from '../../daemon/wire/ipv6.js';
import { B_MAPPED, dataPacket, endpoint, HOST, MAPPED, SERVERS, teredo } from '../protocol/rig.js';
import { SmallInternet } from './rig.js';

/** Clients of the server: the one of the rig's NAT, and one elsewhere. */
const CLIENT = teredo(SERVERS.primary, MAPPED);
const OTHER = teredo(SERVERS.primary, B_MAPPED);

const NONE = new Uint8Array(0);
const AUTHENTICATION = emitAuthentication({ clientId: NONE, value: NONE, nonce: new Uint8Array(8), confirmation: 0 });

const echo = (data: string): Uint8Array => emitEchoRequest(CLIENT, HOST, new TextEncoder().encode(data));
const dataOf = (packet: Uint8Array): string => new TextDecoder().decode(packet.subarray(48));

test('rows: a packet for native IPv6 leaves without what stands before and behind it, the others do not leave', () => {
  const internet = new SmallInternet();
  const stranger = endpoint('198.51.100.99', 1234);
  internet.serverPath.injectDatagrams([
    { bytes: echo('plain'), ...MAPPED },
    { bytes: Uint8Array.of(0, 1, 2), ...MAPPED },
    { bytes: concatenate(AUTHENTICATION, echo('behind a header')), ...MAPPED, socket: 1 },
    { bytes: echo('from another'), ...stranger },
    { bytes: dataPacket(CLIENT, HOST, 'data'), ...MAPPED },
    { bytes: concatenate(echo('with a trailer'), Uint8Array.of(1, 2, 3, 4)), ...MAPPED },
  ]);
  assert.deepEqual(internet.native.map(dataOf), ['plain', 'behind a header', 'with a trailer']);
  for (const packet of internet.native) {
    assert.equal(formatIpv6(packet.subarray(IPV6_DESTINATION, IPV6_DESTINATION + 16)), formatIpv6(HOST));
  }
  const { drops } = internet.server.counters;
  assert.deepEqual([drops.malformed, drops.spoofed, drops['via-server']], [1, 1, 1]);
});

test('F-11: a mark for congestion is carried to what is routed natively (RFC 6040), alone and in runs', () => {
  const internet = new SmallInternet();
  const capable = echo('capable');
  capable[1] = 0x20; // ECT(0)
  const unaware = echo('unaware');
  internet.serverPath.injectDatagrams([
    { bytes: capable, ...MAPPED, ecn: 3 },
    { bytes: unaware, ...MAPPED, ecn: 3 },
    { bytes: concatenate(AUTHENTICATION, capable), ...MAPPED, ecn: 3 },
    { bytes: concatenate(capable, unaware), ...MAPPED, segment: capable.length, ecn: 3 },
    { bytes: concatenate(unaware, capable), ...MAPPED, segment: capable.length, ecn: 2 },
  ]);
  const seen = internet.native.map((packet) => `${dataOf(packet)} ${packet[1]}`);
  // Runs are handed on during the call, rows after it.
  const [runs, rows] = [seen.slice(0, 3), seen.slice(3)];
  assert.deepEqual(runs, ['capable 48', 'unaware 0', 'capable 32']);
  assert.deepEqual(rows, ['capable 48', 'capable 48']);
  assert.equal(internet.server.counters.drops.congestion, 2);
});

test('a bubble for a client is sent on from the primary address, wherever it came in', () => {
  const internet = new SmallInternet();
  const seen: string[] = [];
  const path = internet.serverPath;
  path.sendDatagram = (socket, bytes, address, port) => {
    seen.push(`${socket} ${formatEndpoint({ address, port })} ${bytes.length}`);
  };
  path.injectDatagram(emitBubble(CLIENT, OTHER), MAPPED.address, MAPPED.port, 1);
  // With the origin in front: eight bytes.
  assert.deepEqual(seen, [`0 ${formatEndpoint(B_MAPPED)} 48`]);
});

test('what comes from the IPv6 side is nothing to a server', () => {
  const internet = new SmallInternet();
  internet.serverPath.injectPacket(echo('where from?'));
  assert.deepEqual([internet.native.length, internet.delivered.length], [0, 0]);
});

test('a path that fails is told', () => {
  const internet = new SmallInternet();
  internet.serverPath.fail({ code: 'udp-failed', errno: 'ENOTSOCK', sentence: 'The UDP socket is unusable.' });
  assert.deepEqual(internet.failures, ['The UDP socket is unusable.']);
});

test('closed: nothing is sent any more', () => {
  const internet = new SmallInternet();
  internet.serverTunnel.close();
  internet.serverPath.injectDatagram(echo('too late'), MAPPED.address, MAPPED.port);
  assert.equal(internet.native.length, 0);
});
