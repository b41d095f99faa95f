/** The drivers with the real cores, over packet paths in memory. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { TunnelState } from '../../daemon/protocol/tunnel-state.js';
import { now, systemEnvironment } from '../../daemon/service/environment.js';
import { createEngine, type Engine } from '../../daemon/tunnel/engine.js';
import type { EngineStatistics, FromEngine, Role } from '../../daemon/tunnel/messages.js';
import type { FromProbe } from '../../daemon/tunnel/probe-messages.js';
import { emitBubble } from '../../daemon/wire/bubble.js';
import { type Endpoint, ipv4, port } from '../../daemon/wire/ipv4.js';
import {
  formatIpv6,
  IPV6_SOURCE,
  type Ipv6Address,
  parseIpv6,
  readIpv6,
  writeIpv6Header,
} from '../../daemon/wire/ipv6.js';
import { emitTeredoAddress, TEREDO_PORT, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import { type MemoryDatagram, MemoryPath } from '../support/memory-path.js';

// No timer of an engine may keep this process from ending.
mock.timers.enable({ apis: ['setTimeout'] });

const PRIMARY = ipv4(0xcb00710a);
const SECONDARY = ipv4(0xcb00710b);
const CLIENT: Endpoint = { address: ipv4(0xc6336407), port: port(40000) };
const PEER: Endpoint = { address: ipv4(0xc6336408), port: port(50000) };
/** As an ICMPv6 message has, so that no test depends on the kind of payload. */
const NEXT_HEADER_UDP = 17;

function ipv6(text: string): Ipv6Address {
  const address = parseIpv6(text);
  assert.ok(address !== undefined, text);
  return address;
}

const HOST = ipv6('2001:db8::1');

const teredoAddress = (mapped: Endpoint): Ipv6Address =>
  emitTeredoAddress({
    prefix: TEREDO_PREFIX,
    server: PRIMARY,
    flags: 0,
    mappedAddress: mapped.address,
    mappedPort: mapped.port,
  });

function packet(source: Ipv6Address, destination: Ipv6Address, mark: number, payloadLength = 8): Uint8Array {
  const bytes = new Uint8Array(40 + payloadLength).fill(mark, 40);
  writeIpv6Header(bytes, 0, { source, destination, nextHeader: NEXT_HEADER_UDP, hopLimit: 64, payloadLength });
  return bytes;
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

interface Rig {
  readonly path: MemoryPath;
  readonly engine: Engine;
  readonly messages: FromEngine[];
}

function newEngine(role: Role): Rig {
  const path = new MemoryPath();
  const messages: FromEngine[] = [];
  const send = (message: FromEngine | FromProbe): void => void messages.push(message as FromEngine);
  const confinement = { root: '/', uid: 0, gid: 0, keepUser: true, parent: 0 };
  const engine = createEngine(
    { type: 'configure', role, confinement, sockets: [], device: 0, directedBroadcasts: [] },
    { path, environment: systemEnvironment(), clock: now, send },
  );
  return { path, engine, messages };
}

const newServer = (): Rig =>
  newEngine({ name: 'server', prefix: TEREDO_PREFIX, primary: PRIMARY, secondary: SECONDARY, mtu: 1280 });

const newClient = (): Rig =>
  newEngine({ name: 'client', prefix: TEREDO_PREFIX, localPort: CLIENT.port, testAddresses: [] });

const statesOf = (messages: readonly FromEngine[]): TunnelState[] =>
  messages.flatMap((message) => (message.type === 'state' ? [message.state] : []));

function statisticsOf({ engine, messages }: Rig): EngineStatistics {
  engine.heed({ type: 'ask', number: 7 });
  const last = messages.at(-1);
  assert.ok(last?.type === 'answer' && last.number === 7);
  return last.statistics;
}

/** A client at CLIENT and its server, qualified. */
function qualifiedClient() {
  const server = newServer();
  const client = newClient();
  client.engine.heed({ type: 'start', primary: PRIMARY, secondary: SECONDARY });
  exchange(client.path, server.path);
  const states = statesOf(client.messages);
  return { ...client, client, server, states };
}

/** Carries datagrams between a client and a server until both are silent. */
function exchange(client: MemoryPath, server: MemoryPath): void {
  for (;;) {
    const out = client.takeDatagrams();
    for (const { bytes, address } of out) {
      server.injectDatagram(bytes, CLIENT.address, CLIENT.port, address === PRIMARY ? 0 : 1);
    }
    const back = server.takeDatagrams();
    for (const { bytes, socket } of back) {
      client.injectDatagram(bytes, socket === 0 ? PRIMARY : SECONDARY, TEREDO_PORT);
    }
    if (out.length + back.length === 0) return;
  }
}

function addressOf(states: readonly TunnelState[]): Ipv6Address {
  const last = states.at(-1);
  assert.ok(last?.name === 'qualified');
  return last.address;
}

test('a client qualifies with a server', () => {
  const { server, states } = qualifiedClient();
  assert.deepEqual(
    states.map((state) => state.name),
    ['qualifying', 'qualifying', 'qualified'],
  );
  assert.equal(statisticsOf(server).datagramsIn, 2);
});

test('packets of a batch are judged one by one, in order', () => {
  const { path, client, states } = qualifiedClient();
  const own = addressOf(states);
  const peer = teredoAddress(PEER);
  const from = { address: PEER.address, port: PEER.port };
  path.injectDatagrams([
    { bytes: packet(peer, own, 1), ...from },
    { bytes: packet(peer, peer, 2), ...from },
    { bytes: packet(peer, own, 3), ...from, port: port(50001) },
    { bytes: packet(peer, own, 4), ...from },
  ]);
  assert.deepEqual(path.takePackets(), [packet(peer, own, 1), packet(peer, own, 4)]);
  const { drops } = statisticsOf(client);
  assert.equal(drops['not-for-us'], 1);
  assert.equal(drops.spoofed, 1);
  path.injectPackets([{ bytes: packet(own, peer, 5) }, { bytes: packet(peer, own, 6) }]);
  const sent = path.takeDatagrams();
  assert.deepEqual(
    sent.map(({ bytes, address, port, socket }) => ({ bytes, address, port, socket })),
    [{ bytes: packet(own, peer, 5), ...PEER, socket: 0 }],
  );
});

test('a run from a trusted peer goes through as one row', () => {
  const { path, states } = qualifiedClient();
  const own = addressOf(states);
  const peer = teredoAddress(PEER);
  const datagrams = [packet(peer, own, 1, 80), packet(peer, own, 2, 80), packet(peer, own, 3, 10)];
  path.injectDatagrams([{ bytes: join(...datagrams), segment: 120, address: PEER.address, port: PEER.port }]);
  assert.deepEqual(path.takePackets(), [join(...datagrams)]);
});

/** A run of four with one that is not forwarded, and what comes out. */
for (const bad of [0, 1, 2, 3]) {
  test(`a run with a gap at ${bad} keeps its order and loses nothing else`, () => {
    const { path, states } = qualifiedClient();
    const own = addressOf(states);
    const peer = teredoAddress(PEER);
    const datagrams = [1, 2, 3, 4].map((mark, i) => packet(peer, i === bad ? peer : own, mark));
    path.injectDatagrams([{ bytes: join(...datagrams), segment: 48, address: PEER.address, port: PEER.port }]);
    const expected = datagrams.filter((_, i) => i !== bad);
    assert.deepEqual(join(...path.takePackets()), join(...expected));
  });
}

test('a run whose datagrams have trailers is delivered without them', () => {
  const { path, states } = qualifiedClient();
  const own = addressOf(states);
  const peer = teredoAddress(PEER);
  const trailer = Uint8Array.of(1, 0);
  const packets = [1, 2].map((mark) => packet(peer, own, mark));
  const bytes = join(...packets.flatMap((one) => [one, trailer]));
  path.injectDatagrams([{ bytes, segment: 50, address: PEER.address, port: PEER.port }]);
  assert.deepEqual(path.takePackets(), packets);
});

test('an outward run leaves as a run', () => {
  const { path, states } = qualifiedClient();
  const own = addressOf(states);
  const peer = teredoAddress(PEER);
  path.injectDatagram(packet(peer, own, 1), PEER.address, PEER.port);
  path.take();
  path.injectPackets([{ bytes: packet(own, peer, 7, 1000), segment: 200, offload: 3 }]);
  const [sent] = path.takeDatagrams();
  assert.equal(sent?.segment, 200);
  assert.equal(sent?.offload, 3);
});

test('a stopped client moves nothing', () => {
  const { path, engine, states, messages } = qualifiedClient();
  const own = addressOf(states);
  engine.heed({ type: 'stop' });
  assert.equal(statesOf(messages).at(-1)?.name, 'stopped');
  path.injectDatagram(packet(teredoAddress(PEER), own, 1), PEER.address, PEER.port);
  assert.deepEqual(path.take(), []);
});

test('subnets that appear later count', () => {
  const { path, engine, client, states } = qualifiedClient();
  const own = addressOf(states);
  engine.heed({ type: 'scope', directedBroadcasts: [PEER.address] });
  path.injectDatagram(packet(teredoAddress(PEER), own, 1), PEER.address, PEER.port);
  assert.deepEqual(path.take(), []);
  assert.equal(statisticsOf(client).drops['not-global-ipv4'], 1);
});

test('a silent server is asked again, by the clock', (context) => {
  let time = 1000;
  context.mock.method(performance, 'now', () => time);
  const { path, engine, messages } = newClient();
  engine.heed({ type: 'start', primary: PRIMARY, secondary: SECONDARY });
  for (let second = 1; second <= 12; second++) {
    time += 1000;
    mock.timers.tick(1000);
  }
  assert.equal(path.takeDatagrams().length, 3);
  assert.equal(statesOf(messages).at(-1)?.name, 'failed');
});

test('the path fails: the engine says so', () => {
  const { path, messages } = qualifiedClient();
  path.fail({ code: 'tun-failed', errno: 'EBADFD', sentence: 'It is gone.' });
  assert.deepEqual(messages.at(-1), { type: 'broken', sentence: 'It is gone.' });
});

test('a relay asks through the server, and delivers what waited', () => {
  const { path } = newEngine({
    name: 'relay',
    prefix: TEREDO_PREFIX,
    directBubbles: false,
    errorSource: '2001:db8::2',
  });
  const client = teredoAddress(CLIENT);
  path.injectPacket(packet(HOST, client, 1));
  const [bubble] = path.takeDatagrams();
  assert.equal(bubble?.address, PRIMARY);
  assert.equal(bubble?.port, TEREDO_PORT);
  // The bubble came from an address that only its receiver knows.
  const asker = readIpv6(bubble?.bytes ?? assert.fail(), IPV6_SOURCE);
  assert.match(formatIpv6(asker), /^fe80::/);
  path.injectDatagram(emitBubble(client, asker), CLIENT.address, CLIENT.port);
  const sent: MemoryDatagram[] = path.takeDatagrams();
  assert.deepEqual(
    sent.map(({ bytes, address, port }) => ({ bytes, address, port })),
    [{ bytes: packet(HOST, client, 1), ...CLIENT }],
  );
});

test('a server routes an echo test natively, alone or in a run', () => {
  const server = newServer();
  const { path } = server;
  const echo = packet(teredoAddress(CLIENT), HOST, 0);
  echo[6] = 58;
  echo[40] = 128;
  const routed = echo.slice();
  routed[7] = 63;
  path.injectDatagram(echo, CLIENT.address, CLIENT.port);
  path.injectDatagrams([{ bytes: join(echo, echo), segment: 48, ...CLIENT }]);
  assert.deepEqual(path.takePackets(), [routed, routed, routed]);
  assert.equal(statisticsOf(server).datagramsIn, 3);
});
