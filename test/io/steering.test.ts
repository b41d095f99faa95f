/** All packets of one remote endpoint go to one engine: from it over UDP, and to it through the TUN device. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { closeDescriptor, openTunQueues, openUdp, openUdpGroup } from '../../daemon/io/descriptors.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import { configureLink } from '../../daemon/io/link.js';
import { newSteeringKey, steerDevice, steerSockets, trySteeringDevices } from '../../daemon/io/steering.js';
import { type Crew, type EndpointPlace, engineOf } from '../../daemon/io/steering-programs.js';
import { formatIpv4, ipv4, port } from '../../daemon/wire/ipv4.js';
import { formatIpv6, IPV6_DESTINATION, type Ipv6Address } from '../../daemon/wire/ipv6.js';
import { LOOPBACK } from '../support/loopback.js';
import { enterNamespace } from '../support/namespace.js';
import { PathCollector } from '../support/path-collector.js';
import { address } from '../support/tun.js';

const skip = enterNamespace(import.meta.url);
const OPTIONS = { skip, timeout: 20_000 };

const ENGINES = 3;
const ENDPOINTS = 48;
const KEY = newSteeringKey(Uint32Array.of(0x9e3779b1, 0x85ebca6b));
const PLACE: EndpointPlace = { port: IPV6_DESTINATION + 10, address: IPV6_DESTINATION + 12 };
const UDP_PAYLOAD = 48;
/** A device that is up has things of its own to send. */
const MARK = 0x5a;

interface Remote {
  readonly address: number;
  readonly port: number;
  readonly socket: Socket;
}

async function openRemotes(context: TestContext): Promise<readonly Remote[]> {
  const remotes: Remote[] = [];
  for (let i = 0; i < ENDPOINTS; i++) {
    const socket = createSocket('udp4').bind(0, formatIpv4(ipv4(LOOPBACK + 1 + (i % 7))));
    context.after(() => socket.close());
    await once(socket, 'listening');
    remotes.push({ address: LOOPBACK + 1 + (i % 7), port: socket.address().port, socket });
  }
  return remotes;
}

/** An address in 2001::/32 that holds the endpoint as a Teredo address does. */
function teredoOf(remote: Remote): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20010000);
  view.setUint16(10, remote.port ^ 0xffff);
  view.setUint32(12, ~remote.address);
  return formatIpv6(bytes as Ipv6Address);
}

interface Team {
  readonly collectors: readonly PathCollector[];
  readonly port: number;
  steer(crew: Crew): void;
}

async function openTeam(context: TestContext): Promise<Team> {
  const queues = openTunQueues('msteer%d', ENGINES);
  assert.ok(!('ok' in queues));
  const sockets = openUdpGroup({ address: LOOPBACK, port: port(0) }, ENGINES);
  assert.ok(!('ok' in sockets));
  const [queue, socket] = [queues[0], sockets[0]];
  assert.ok(queue !== undefined && socket !== undefined);
  assert.deepEqual(new Set(queues.map(({ name }) => name)), new Set([queue.name]), 'queues of one device');
  assert.deepEqual(new Set(sockets.map(({ local }) => local.port)), new Set([socket.local.port]));
  const link = {
    mtu: 1280,
    addresses: [{ address: address('2001:db8::1'), prefixLength: 64 }],
    routes: [{ destination: address('2001::'), prefixLength: 32, metric: 1 }],
  };
  assert.ok((await configureLink(queue.name, link)).ok);
  const collectors = queues.map(({ fd }, index) => {
    const path = openPacketPath({ tun: fd, sockets: [sockets[index]?.fd ?? -1] });
    context.after(() => path.close());
    const collector = new PathCollector(path);
    path.start(collector);
    return collector;
  });
  const steer = (crew: Crew): void => {
    assert.equal(steerSockets(socket.fd, KEY, crew), undefined);
    assert.equal(steerDevice(queue.fd, KEY, crew, PLACE), undefined);
  };
  return { collectors, port: socket.local.port, steer };
}

/** Each remote's number is sent in both directions; returns who got them. */
async function exchange(context: TestContext, team: Team, remotes: readonly Remote[]) {
  for (const collector of team.collectors) {
    collector.datagrams.length = 0;
    collector.packets.length = 0;
  }
  const host = createSocket('udp6');
  context.after(() => host.close());
  remotes.forEach((remote, index) => {
    remote.socket.send(Uint8Array.of(MARK, index), team.port, formatIpv4(LOOPBACK));
    host.send(Uint8Array.of(MARK, index), 9, teredoOf(remote));
  });
  const marked = (bytes: Uint8Array, at: number): number[] => (bytes[at] === MARK ? [bytes[at + 1] ?? -1] : []);
  const seen = () =>
    team.collectors.map(({ datagrams, packets }) => ({
      overUdp: datagrams.flatMap(({ bytes }) => marked(bytes, 0)),
      throughDevice: packets.flatMap(({ bytes }) => marked(bytes, UDP_PAYLOAD)),
    }));
  const total = (): number =>
    seen().reduce((sum, { overUdp, throughDevice }) => sum + overUdp.length + throughDevice.length, 0);
  await Promise.race(team.collectors.map((collector) => collector.until(() => total() === 2 * remotes.length)));
  return seen();
}

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

test('both directions of an endpoint meet in one engine, also while engines are absent', OPTIONS, async (context) => {
  const team = await openTeam(context);
  const remotes = await openRemotes(context);
  for (const present of [[0, 1, 2], [0, 2], [1], [0, 1, 2]]) {
    const crew: Crew = { count: ENGINES, present };
    team.steer(crew);
    const seen = await exchange(context, team, remotes);
    seen.forEach(({ overUdp, throughDevice }, engine) => {
      const expected = remotes.flatMap((remote, index) =>
        engineOf(KEY, crew, remote.address, remote.port) === engine ? [index] : [],
      );
      assert.deepEqual(sorted(overUdp), expected, `over UDP, engine ${engine} of ${present}`);
      assert.deepEqual(sorted(throughDevice), expected, `through the device, engine ${engine} of ${present}`);
      if (present.includes(engine))
        assert.ok(expected.length > 0, `engine ${engine} of ${present} has something to do`);
    });
  }
});

test('who is there keeps what it had when another is absent', () => {
  const all: Crew = { count: 4, present: [0, 1, 2, 3] };
  const three: Crew = { count: 4, present: [0, 1, 3] };
  const loads = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) {
    const before = engineOf(KEY, all, 0xcb007100 + (i % 50), 1024 + i);
    const after = engineOf(KEY, three, 0xcb007100 + (i % 50), 1024 + i) ?? -1;
    if (before !== 2) assert.equal(after, before);
    loads[after] = (loads[after] ?? 0) + 1;
  }
  assert.equal(loads[2], 0);
  for (const engine of three.present) assert.ok((loads[engine] ?? 0) > 1000, `the share is spread: ${loads}`);
});

test('a group is joined by its own sockets only', OPTIONS, () => {
  const alone = openUdp({ address: LOOPBACK, port: port(0) });
  assert.ok(alone.ok);
  const refused = openUdpGroup(alone.local, 2);
  assert.ok('ok' in refused);
  assert.equal(refused.errno, 'EADDRINUSE');
  closeDescriptor(alone.fd);
  const group = openUdpGroup(alone.local, 2);
  assert.ok(!('ok' in group));
  for (const again of [openUdp(alone.local), openUdpGroup(alone.local, 2)]) {
    assert.ok('errno' in again);
    assert.equal(again.errno, 'EADDRINUSE', 'another server is told that the port is taken');
  }
  for (const { fd } of group) closeDescriptor(fd);
});

test('whether devices can be steered is known before one is opened', OPTIONS, () => {
  assert.equal(trySteeringDevices(PLACE), undefined);
});
