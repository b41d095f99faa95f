/** The loops between packet paths and cores, with the real cores. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CONTACT_TIMEOUT, REFRESH_INTERVAL, SOLICITATION_TIMEOUT } from '../../daemon/protocol/constants.js';
import type { Instant } from '../../daemon/protocol/time.js';
import { emitBubble, isBubble } from '../../daemon/wire/bubble.js';
import { concatenate, emitOrigin } from '../../daemon/wire/encapsulation.js';
import { hasValidIcmpv6Checksum, ICMPV6_TOO_BIG, icmpv6TypeAt } from '../../daemon/wire/icmpv6.js';
import { formatEndpoint, formatIpv4 } from '../../daemon/wire/ipv4.js';
import type { Ipv6Address } from '../../daemon/wire/ipv6.js';
import { parseTeredoAddress, TEREDO_PORT } from '../../daemon/wire/teredo-address.js';
import { B, B_MAPPED, B_SERVER, dataPacket, HOST, MAPPED, SERVERS, textOf } from '../protocol/rig.js';
import { SmallInternet } from './rig.js';

/** With timers that stand still until {@link pass} moves them. */
function create(context: TestContext): SmallInternet {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const internet = new SmallInternet();
  context.after(() => internet.close());
  return internet;
}

/** With a client that is qualified. */
function qualified(context: TestContext): { readonly internet: SmallInternet; readonly address: Ipv6Address } {
  const internet = create(context);
  internet.start();
  const state = internet.qualified;
  assert.ok(state);
  return { internet, address: state.address };
}

/** Time passes: for the clock of the cores and for the timers of the host alike. */
function pass(context: TestContext, internet: SmallInternet, milliseconds: number): void {
  for (let left = milliseconds; left > 0; left -= 10) {
    const step = Math.min(left, 10);
    internet.now = (internet.now + step) as Instant;
    context.mock.timers.tick(step);
    internet.settle();
  }
}

test('a client qualifies with a server, and gets the address that says where it is', (t) => {
  const { internet, address } = qualified(t);
  assert.deepEqual(
    internet.states.map((state) => (state.name === 'qualifying' ? formatIpv4(state.server) : state.name)),
    [formatIpv4(SERVERS.primary), formatIpv4(SERVERS.secondary), 'qualified'],
  );
  assert.deepEqual(internet.asked, [0, 1], 'both addresses of the server, each on its own socket');
  const parts = parseTeredoAddress(address);
  assert.equal(parts?.server, SERVERS.primary);
  assert.equal(parts?.mappedAddress, MAPPED.address);
  assert.equal(parts?.mappedPort, MAPPED.port);
  assert.deepEqual(internet.failures, []);
});

test('no answer: the timer of the host asks again, and goes on after the failure', (t) => {
  const internet = create(t);
  internet.isConnected = false;
  internet.start();
  assert.equal(internet.asked.length, 1);
  pass(t, internet, SOLICITATION_TIMEOUT - 10);
  assert.equal(internet.asked.length, 1);
  pass(t, internet, 20);
  assert.equal(internet.asked.length, 2);
  pass(t, internet, 2 * SOLICITATION_TIMEOUT);
  const failure = internet.states.at(-1);
  assert.ok(failure?.name === 'failed');
  assert.equal(failure.reason.code, 'server-silent');
  internet.isConnected = true;
  pass(t, internet, failure.retryIn + 20);
  assert.ok(internet.qualified, 'the next try comes by itself');
});

test('a qualified client refreshes its mapping by itself, within the interval', (t) => {
  const { internet } = qualified(t);
  const before = { asked: internet.asked.length, states: internet.states.length };
  pass(t, internet, REFRESH_INTERVAL);
  assert.ok(internet.asked.length > before.asked);
  assert.equal(internet.states.length, before.states, 'and nothing has changed by it');
});

test('nothing leaves before the client is qualified', (t) => {
  const internet = create(t);
  internet.clientPath.injectPackets([{ bytes: dataPacket(B, HOST, 'too early') }]);
  assert.deepEqual(internet.elsewhere, []);
  assert.equal(internet.client.counters.drops['not-qualified'], 1);
});

test('rows inward: each is judged by itself, and holds the IPv6 packet and nothing else', (t) => {
  const { internet, address } = qualified(t);
  const good = dataPacket(B, address, 'from B');
  const trailer = Uint8Array.of(0x01, 0x02, 0xaa, 0xbb);
  const path = internet.clientPath;
  path.injectDatagrams([
    { bytes: good, ...B_MAPPED },
    { bytes: Uint8Array.of(1, 2, 3), ...B_MAPPED },
    { bytes: concatenate(dataPacket(B, address, 'with a trailer'), trailer), ...B_MAPPED },
    { bytes: dataPacket(B, HOST, 'not for us'), ...B_MAPPED },
    { bytes: dataPacket(B, address, 'not from B'), address: MAPPED.address, port: MAPPED.port },
    { bytes: concatenate(emitOrigin(MAPPED), dataPacket(B, address, 'with an origin')), ...B_MAPPED },
    { bytes: good, ...B_MAPPED },
  ]);
  const texts = internet.delivered.map(textOf);
  assert.deepEqual(
    texts.filter((text) => text !== 'with an origin'),
    ['from B', 'with a trailer', 'from B'],
  );
  assert.ok(
    internet.delivered.every((packet) => packet[0] === 0x60),
    'each begins with its IPv6 header',
  );
});

test('a run inward keeps its order, also where a datagram in it has a trailer', (t) => {
  const { internet, address } = qualified(t);
  const whole = (text: string): Uint8Array => dataPacket(B, address, text);
  const trailed = concatenate(whole('two'), Uint8Array.of(0x01, 0x02, 0xaa, 0xbb));
  const run = concatenate(whole('one....'), trailed, whole('three..'), whole('four'));
  internet.clientPath.injectDatagrams([{ bytes: run, ...B_MAPPED, segment: trailed.length }]);
  assert.deepEqual(internet.delivered.map(textOf), ['one....', 'two', 'three..', 'four']);
});

test('rows outward: to the mapping of the peer, from the service port', (t) => {
  const { internet, address } = qualified(t);
  internet.receive(dataPacket(B, address, 'hello'), B_MAPPED);
  internet.elsewhere.length = 0;
  internet.clientPath.injectPackets([
    { bytes: dataPacket(address, B, 'one') },
    { bytes: dataPacket(HOST, B, 'whose is this?') },
    { bytes: Uint8Array.of(0x45, 0, 0, 20) },
    { bytes: dataPacket(address, B, 'a run'), segment: 41, offload: 7 },
  ]);
  const seen = internet.elsewhere.map(({ bytes, socket, segment, offload, ...to }) => {
    return { to: formatEndpoint(to), text: textOf(bytes), socket, segment, offload };
  });
  const to = formatEndpoint(B_MAPPED);
  assert.deepEqual(seen, [
    { to, text: 'one', socket: 0, segment: 0, offload: 0 },
    { to, text: 'a run', socket: 0, segment: 41, offload: 7 },
  ]);
});

test('what waited for a peer leaves as it came, in order, before what came after it', (t) => {
  const { internet, address } = qualified(t);
  internet.clientPath.injectPackets([
    { bytes: dataPacket(address, B, 'first'), segment: 41, offload: 7 },
    { bytes: dataPacket(address, B, 'second') },
  ]);
  const bubbles = internet.elsewhere.splice(0);
  assert.deepEqual(
    bubbles.map((bubble) => formatEndpoint(bubble)),
    [formatEndpoint(B_MAPPED), `${formatIpv4(B_SERVER)}:${TEREDO_PORT}`],
    'a bubble straight, one by the server of the peer',
  );
  assert.ok(bubbles.every(({ bytes }) => isBubble(new DataView(bytes.buffer), 0)));
  internet.receive(emitBubble(B, address), B_MAPPED);
  internet.clientPath.injectPacket(dataPacket(address, B, 'third'));
  assert.deepEqual(
    internet.elsewhere.map(({ bytes, segment, offload }) => [textOf(bytes), segment, offload]),
    [
      ['first', 41, 7],
      ['second', 0, 0],
      ['third', 0, 0],
    ],
  );
});

test('a peer that does not answer is asked again by the timer', (t) => {
  const { internet, address } = qualified(t);
  internet.clientPath.injectPacket(dataPacket(address, B, 'anybody?'));
  const asked = internet.elsewhere.length;
  pass(t, internet, CONTACT_TIMEOUT + 100);
  assert.ok(internet.elsewhere.length > asked);
  pass(t, internet, 10_000);
  assert.equal(internet.delivered.length, 1, 'in the end the sender is told that there is no way');
});

test('a path that fails is told once, and no timer runs any more', (t) => {
  const { internet } = qualified(t);
  internet.clientPath.fail({ code: 'tun-failed', errno: 'EBADFD', sentence: 'The interface is gone.' });
  assert.deepEqual(internet.failures, ['The interface is gone.']);
  const before = internet.asked.length;
  pass(t, internet, 2 * REFRESH_INTERVAL);
  assert.equal(internet.asked.length, before);
});

test('closed: the path too, and no timer runs any more', (t) => {
  const { internet } = qualified(t);
  internet.close();
  assert.ok(internet.clientPath.closed && internet.serverPath.closed);
  const before = internet.asked.length;
  pass(t, internet, 2 * REFRESH_INTERVAL);
  assert.equal(internet.asked.length, before);
});

test('F-11: a mark for congestion on the outer header is carried inward (RFC 6040), alone and in runs', (t) => {
  const { internet, address } = qualified(t);
  const capable = dataPacket(B, address, 'capable');
  capable[1] = 0x20; // ECT(0)
  const incapable = dataPacket(B, address, 'unaware');
  const path = internet.clientPath;
  path.injectDatagrams([
    { bytes: capable, ...B_MAPPED, ecn: 3 },
    { bytes: incapable, ...B_MAPPED, ecn: 3 },
    { bytes: concatenate(capable, incapable, capable), ...B_MAPPED, segment: capable.length, ecn: 3 },
    { bytes: concatenate(incapable, capable), ...B_MAPPED, segment: capable.length, ecn: 2 },
  ]);
  assert.deepEqual(
    internet.delivered.map((packet) => [textOf(packet), packet[1]]),
    [
      ['capable', 0x30],
      ['capable', 0x30],
      ['capable', 0x30],
      ['unaware', 0],
      ['capable', 0x20],
    ],
  );
  assert.equal(internet.client.counters.drops.congestion, 2);
});

/** ROW_OFFLOAD of a run whose headers are 48 bytes long. */
const HEADERS = 40 | (48 << 12) | (1 << 24);

test('a packet above the MTU goes back with "packet too big", and a run of such; a run of smaller ones goes on', (t) => {
  const { internet, address } = qualified(t);
  internet.receive(dataPacket(B, address, 'hello'), B_MAPPED);
  internet.elsewhere.length = 0;
  internet.delivered.length = 0;
  const big = dataPacket(address, B, 'x'.repeat(1241));
  internet.clientPath.injectPackets([
    { bytes: big },
    { bytes: dataPacket(address, B, 'x'.repeat(1240)) },
    { bytes: big, segment: 1232, offload: HEADERS },
    { bytes: big, segment: 1233, offload: HEADERS },
  ]);
  assert.deepEqual(
    internet.elsewhere.map(({ bytes, segment }) => [bytes.length, segment]),
    [
      [1280, 0],
      [1281, 1232],
    ],
  );
  assert.equal(internet.client.counters.drops['too-big'], 2);
  const [error, second] = internet.delivered;
  assert.ok(error !== undefined && internet.delivered.length === 2);
  assert.deepEqual(second, error, 'of a run as of a packet');
  const view = new DataView(error.buffer, error.byteOffset);
  assert.equal(icmpv6TypeAt(view, 0), ICMPV6_TOO_BIG);
  assert.equal(view.getUint32(44), 1280);
  assert.ok(hasValidIcmpv6Checksum(view, 0));
  assert.equal(error.length, 1280, 'and quotes as much as fits');
});
