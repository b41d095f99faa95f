import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTACT_ATTEMPTS, STRANGER_BURST, STRANGER_RATE } from '../../daemon/protocol/constants.js';
import { emitBubble } from '../../daemon/wire/bubble.js';
import { concatenate, emitAuthentication, emitOrigin } from '../../daemon/wire/encapsulation.js';
import { emitEchoReply, emitEchoRequest } from '../../daemon/wire/icmpv6.js';
import type { Endpoint } from '../../daemon/wire/ipv4.js';
import { ALL_NODES, type Ipv6Address, parseIpv6 } from '../../daemon/wire/ipv6.js';
import { emitRouterAdvertisement, emitRouterSolicitation } from '../../daemon/wire/router-discovery.js';
import { emitLinkLocal, serverLinkLocal, TEREDO_PORT, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { Attacker } from './attacker.js';
import type { ClientNode } from './client-node.js';
import { emitData, type Flow } from './flow.js';
import { HOME_LINE } from './link.js';
import type { ServerNode } from './server-node.js';
import { type Simulation, withSeeds } from './simulation.js';

const SEEDS = [51, 52, 53];
/** No flow has this number: who hands up data that bears it was deceived, and the simulation says so. */
const FORGED_FLOW = 0xffffffff;
/** Milliseconds: the way through four lines of 8 to 12 each; for a peer that was pushed out it takes longer. */
const NO_STALL = 50;
/** Milliseconds: a peer that was pushed out is contacted anew. */
const RECONTACT = 100;

function address(text: string): Ipv6Address {
  const parsed = parseIpv6(text);
  assert.ok(parsed);
  return parsed;
}

/** Two clients and a host that talk to each other all the time; the NATs let everybody in, the worst case. */
function scene(simulation: Simulation, peerCapacity = 512) {
  const server = simulation.addServer();
  const relay = simulation.addRelay();
  const host = simulation.addHost();
  const nat = simulation.addNat('full-cone');
  const place = { server, configuration: { peerCapacity }, watchBubbles: peerCapacity >= 512 };
  const victim = simulation.addQualifiedClient({ ...place, nat });
  const peer = simulation.addQualifiedClient({ ...place, nat: simulation.addNat('full-cone') });
  const flows = [
    simulation.openFlow(victim, peer),
    simulation.openFlow(peer, victim),
    simulation.openFlow(victim, host),
    simulation.openFlow(host, victim),
  ];
  return { server, relay, host, nat, victim, peer, flows, attacker: simulation.addAttacker() };
}

function stream(simulation: Simulation, flows: readonly Flow[], interval: number, count: number): void {
  for (const flow of flows) simulation.stream(flow, interval, count);
}

function assertWhole(flows: readonly Flow[]): void {
  for (const flow of flows) assert.ok(flow.isComplete && flow.isInOrder, `${flow.arrived} of ${flow.sent}`);
}

function mappedOf(client: ClientNode): Endpoint {
  assert.ok(client.qualified);
  return client.qualified.mapped;
}

function addressOf(client: ClientNode): Ipv6Address {
  assert.ok(client.address);
  return client.address;
}

/** Repeats `act` every `interval` milliseconds for `seconds`. */
function repeat(simulation: Simulation, interval: number, seconds: number, act: (turn: number) => void): void {
  const count = (seconds * 1000) / interval;
  for (let turn = 0; turn < count; turn++) simulation.clock.after(turn * interval, () => act(turn));
}

/** An advertisement that is right in everything but what only the server and the client know: the nonce. */
function forgeAdvertisement(attacker: Attacker, server: ServerNode, claimed: Endpoint): Uint8Array {
  const { random } = attacker;
  const packet = emitRouterAdvertisement({
    source: serverLinkLocal(server.servers.primary),
    destination: emitLinkLocal(0, 0 as Endpoint['address'], 0 as Endpoint['port']),
    prefix: TEREDO_PREFIX,
    server: server.servers.primary,
    mtu: 9000,
  });
  const nothing = new Uint8Array(0);
  const nonce = random.bytes(8);
  const authentication = emitAuthentication({ clientId: nothing, value: nothing, nonce, confirmation: 0 });
  const origin = emitOrigin(claimed);
  return random.chance(0.2) ? concatenate(origin, packet) : concatenate(authentication, origin, packet);
}

/** A copy with `turns` random bits turned, and sometimes cut short. */
function mutate(random: SeededRandom, bytes: Uint8Array, turns: number): Uint8Array {
  const mutated = bytes.slice();
  for (let i = 0; i < turns; i++) {
    const at = random.integer(0, mutated.length - 1);
    mutated[at] = (mutated[at] ?? 0) ^ (1 << random.integer(0, 7));
  }
  return random.chance(0.2) ? mutated.subarray(0, random.integer(0, mutated.length)) : mutated;
}

describe('simulated attacks', () => {
  it(
    'C-SEC-4: forged advertisements, from the server by their source, neither qualify nor move a client',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const nat = simulation.addNat('full-cone');
      const attacker = simulation.addAttacker();
      const victim = simulation.addClient({ server, nat });
      const { primary, secondary } = server.servers;
      const target = (): Endpoint | undefined => nat.externalOf(victim.local, { address: primary, port: TEREDO_PORT });
      repeat(simulation, 5, 100, () => {
        const to = target();
        if (to === undefined) return;
        for (const forgedSource of [primary, secondary, attacker.endpoint.address]) {
          const forged = forgeAdvertisement(attacker, server, attacker.randomEndpoint());
          attacker.send(to, forged, { address: forgedSource, port: TEREDO_PORT });
        }
      });
      server.isOn = false;
      victim.start();
      simulation.run(20);
      assert.deepEqual(victim.addresses, []);
      server.isOn = true;
      simulation.run(80);
      assert.equal(victim.addresses.length, 1);
      assert.deepEqual(victim.qualified?.mapped, target());
      assert.equal(victim.qualified?.mtu, 1280);
    }),
  );

  it(
    'C-RECV-6 D-9 R-14: forged data from every source but the right one is never handed up',
    withSeeds(SEEDS, (simulation) => {
      const { victim, peer, host, relay, server, flows, attacker } = scene(simulation);
      stream(simulation, flows, 1, 60);
      const own = addressOf(victim);
      const spoofable = [
        addressOf(peer),
        host.address,
        own,
        address('2001:db8:3::dead'),
        address('fe80::1'),
        address('ff02::1'),
        address('::1'),
        address('::'),
        address('fc00::1'),
        serverLinkLocal(server.servers.primary),
      ];
      const outer = (): Endpoint[] => [
        attacker.endpoint,
        attacker.randomEndpoint(),
        { address: server.servers.primary, port: TEREDO_PORT },
        { address: server.servers.secondary, port: TEREDO_PORT },
        { ...mappedOf(peer), port: (mappedOf(peer).port ^ 1) as Endpoint['port'] },
      ];
      repeat(simulation, 50, 60, () => {
        for (const source of spoofable) {
          for (const from of outer()) {
            const packet = emitData(source, own, FORGED_FLOW, 0);
            attacker.send(mappedOf(victim), packet, from);
            attacker.send(mappedOf(victim), concatenate(emitOrigin(attacker.endpoint), packet), from);
          }
          // Through the relay, as if from the client; and to the relay for another client.
          attacker.send(relay.local, emitData(source, host.address, FORGED_FLOW, 0));
          attacker.send(relay.local, emitData(own, host.address, FORGED_FLOW, 0), attacker.randomEndpoint());
        }
      });
      simulation.run(62);
      assertWhole(flows);
      assert.equal(victim.addresses.length, 1);
      assert.ok(victim.core.counters.drops.spoofed > 1000);
      assert.ok(relay.core.counters.drops.spoofed > 1000);
    }),
  );

  it(
    'D-9: echo replies without the nonce move no peer to another relay',
    withSeeds(SEEDS, (simulation) => {
      const { victim, host, flows, attacker } = scene(simulation);
      stream(simulation, flows, 0.5, 200);
      const identity = new Uint8Array(4);
      repeat(simulation, 20, 100, () => {
        const reply = emitEchoReply(host.address, addressOf(victim), identity, attacker.random.bytes(8));
        attacker.send(mappedOf(victim), reply);
      });
      simulation.run(102);
      assertWhole(flows);
      assert.equal(attacker.received.length, 0, 'nothing that was meant for the host');
    }),
  );

  for (const answered of [false, true]) {
    it(
      `C-PEER-5: a flood of made-up peers costs established ones no packet${answered ? ', even if it is answered' : ''}`,
      withSeeds(SEEDS, (simulation) => {
        const { victim, server, flows, attacker } = scene(simulation, 64);
        stream(simulation, flows, 0.5, 240);
        simulation.run(20);
        const before = flows.map((flow) => flow.arrived);
        for (const flow of flows) flow.slowest = 0;
        repeat(simulation, 2, 60, () => {
          const from = attacker.randomEndpoint();
          const source = attacker.addressAt(from, server.servers.primary);
          const packet = answered
            ? emitEchoRequest(source, addressOf(victim), attacker.random.bytes(8))
            : emitBubble(source, addressOf(victim));
          attacker.send(mappedOf(victim), packet, from);
        });
        simulation.run(60);
        for (const [i, flow] of flows.entries()) {
          const arrived = flow.arrived - (before[i] ?? 0);
          assert.ok(arrived >= 118, `${arrived} of 120 during the flood`);
          const limit = answered ? NO_STALL + RECONTACT : NO_STALL;
          assert.ok(flow.slowest < limit, `one packet took ${flow.slowest} ms`);
        }
        assert.equal(victim.stack.requestsAnswered > 20_000, answered);
        simulation.run(42);
        assertWhole(flows);
        assert.equal(victim.addresses.length, 1);
      }),
    );
  }

  it(
    'C-PEER-5: a flood of strangers from outside Teredo does not keep established peers from being tested',
    withSeeds(SEEDS, (simulation) => {
      const { victim, flows, attacker } = scene(simulation, 64);
      stream(simulation, flows, 0.5, 240);
      simulation.run(20);
      const before = flows.map((flow) => flow.arrived);
      for (const flow of flows) flow.slowest = 0;
      repeat(simulation, 2, 60, () => {
        const source = address('2001:db8:ffff::');
        source.set(attacker.random.bytes(8), 8);
        attacker.send(mappedOf(victim), emitData(source, addressOf(victim), FORGED_FLOW, 0), attacker.randomEndpoint());
      });
      simulation.run(60);
      for (const [i, flow] of flows.entries()) {
        const arrived = flow.arrived - (before[i] ?? 0);
        assert.ok(arrived >= 118, `${arrived} of 120 during the flood`);
        assert.ok(flow.slowest < NO_STALL, `one packet took ${flow.slowest} ms`);
      }
    }),
  );

  it(
    'R-19: a flood of made-up clients does not stop a relay with a small table',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const relay = simulation.addRelay({ peerCapacity: 64 });
      const host = simulation.addHost();
      const client = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted') });
      const flows = [simulation.openFlow(client, host), simulation.openFlow(host, client)];
      const attacker = simulation.addAttacker();
      stream(simulation, flows, 0.5, 240);
      simulation.run(20);
      repeat(simulation, 2, 60, () => {
        const from = attacker.randomEndpoint();
        const source = attacker.addressAt(from, server.servers.primary);
        attacker.send(relay.local, emitBubble(source, relay.bubbleSource), from);
        attacker.send(relay.local, emitEchoRequest(source, address('2001:db8:ffff::1'), new Uint8Array(8)), from);
      });
      simulation.run(101);
      for (const flow of flows) assert.ok(flow.arrived >= flow.sent - 4, `${flow.arrived} of ${flow.sent}`);
    }),
  );

  it(
    'F-1: a client cannot be made to send to addresses that are not global, whatever names them',
    withSeeds(SEEDS, (simulation) => {
      const { victim, relay, host, server, flows, attacker } = scene(simulation);
      const mine = simulation.addQualifiedClient({ server });
      const texts = ['2001:0:a00:1::f227:80ff:fffe', '2001:0:7f00:1::f227:80ff:fffe', '2001:0:901:101:0:0:f5ff:fffe'];
      const honest = attacker.addressAt(attacker.endpoint, server.servers.primary);
      const solicitation = emitRouterSolicitation(address('fe80::1'));
      const bad = [0x0a000001, 0x7f000001, 0xc0a80001, 0xe00000fd, 0xffffffff, 0xf0000001, 0xa9fe0001, 0xc0586301];
      const targets = [
        ...texts.map(address),
        ...bad.map((mapped) =>
          attacker.addressAt({ address: mapped as never, port: 99 as never }, 0x09000101 as never),
        ),
        ...bad.map((mapped) =>
          attacker.addressAt({ address: mapped as never, port: 99 as never }, server.servers.primary),
        ),
        ...bad.map((named) => attacker.addressAt(attacker.randomEndpoint(), named as never)),
      ];
      repeat(simulation, 100, 10, () => {
        for (const target of targets) {
          victim.stack.ping(target);
          host.stack.ping(target);
          // Bubbles that want an answer, through the victim's server and as if through it.
          attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, emitBubble(target, addressOf(victim)));
          const bubble = concatenate(emitOrigin(attacker.endpoint), emitBubble(target, addressOf(victim)));
          attacker.send(mappedOf(victim), bubble, { address: server.servers.primary, port: TEREDO_PORT });
          attacker.send(relay.local, emitBubble(target, relay.bubbleSource));
          attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, emitBubble(honest, target));
        }
        for (const named of bad) {
          const origin = emitOrigin({ address: named as never, port: 5 as never });
          const bubble = concatenate(origin, emitBubble(address('fe80::1'), addressOf(victim)));
          attacker.send(mappedOf(victim), bubble, { address: server.servers.primary, port: TEREDO_PORT });
          attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, solicitation, {
            address: named as never,
            port: 5 as never,
          });
        }
      });
      stream(simulation, flows, 1, 10);
      simulation.run(12);
      assertWhole(flows);
      assert.equal(mine.addresses.length, 1);
    }),
  );

  it(
    'C-RECV-1 R-13 S-2: garbage from anywhere breaks nothing',
    withSeeds(SEEDS, (simulation) => {
      const { victim, peer, relay, server, nat, flows, attacker } = scene(simulation);
      stream(simulation, flows, 0.5, 80);
      const { primary, secondary } = server.servers;
      const targets: Endpoint[] = [
        mappedOf(victim),
        relay.local,
        { address: primary, port: TEREDO_PORT },
        { address: secondary, port: TEREDO_PORT },
      ];
      repeat(simulation, 4, 40, () => {
        const { random } = attacker;
        const sources = [attacker.endpoint, mappedOf(peer), relay.local, targets[2], attacker.randomEndpoint()];
        const garbage = random.bytes(random.chance(0.1) ? random.integer(0, 2000) : random.integer(0, 120));
        // Half of it begins like something.
        if (random.chance(0.5) && garbage.length > 0) garbage[0] = random.pick([0x60, 0x00]);
        if (random.chance(0.5) && garbage.length > 5) garbage.set([0x00, 0x01, random.integer(0, 40), 0], 0);
        if (random.chance(0.3) && garbage.length > 40) garbage.set(addressOf(victim), 24);
        attacker.send(random.pick(targets), garbage, random.pick(sources) ?? attacker.endpoint);
      });
      simulation.run(42);
      assertWhole(flows);
      assert.equal(victim.addresses.length, 1);
      assert.equal(nat.externalOf(victim.local, { address: primary, port: TEREDO_PORT })?.port, mappedOf(victim).port);
    }),
  );

  it(
    'C-RECV-1: real datagrams with bits turned, sent again by somebody else or as if by the sender, break nothing',
    withSeeds(SEEDS, (simulation) => {
      const { victim, server, flows, attacker } = scene(simulation);
      const { primary, secondary } = server.servers;
      const { random } = attacker;
      stream(simulation, flows, 0.5, 200);
      simulation.ipv4.observer = ({ source, destination, bytes }, sender) => {
        if (sender === attacker.line) return;
        // Who can alter what the server says can move a client that has no key: see C-SEC-9.
        const isServers = source.address === primary || source.address === secondary;
        const from = isServers || random.chance(0.5) ? attacker.endpoint : source;
        const turns = from === source ? 1 : random.integer(0, 8);
        attacker.send(destination, mutate(random, bytes, turns), from);
      };
      simulation.run(102);
      for (const flow of flows) assert.ok(flow.isComplete, `${flow.arrived} of ${flow.sent}`);
      assert.equal(victim.addresses.length, 1);
    }),
  );

  it(
    'C-SEC-8 C-SEC-9: on a line that damages packets, a secured client never takes a wrong address',
    withSeeds(SEEDS, (simulation) => {
      const clientId = Uint8Array.of(1, 2, 3);
      const secret = new Uint8Array(20).fill(7);
      const key = { secret, algorithm: 'sha1', valid: true } as const;
      const server = simulation.addServer({ authentication: { required: true, find: () => key } });
      const line = { ...HOME_LINE, corruption: 0.3 };
      const credentials = { clientId, secret, algorithm: 'sha1' } as const;
      const client = simulation.addClient({
        server,
        nat: simulation.addNat('port-restricted'),
        line,
        configuration: { credentials },
      });
      const peer = simulation.addQualifiedClient({ server, configuration: { credentials } });
      const flow = simulation.openFlow(peer, client);
      client.start();
      simulation.until(() => client.qualified !== undefined, 900, 'qualified');
      simulation.stream(flow, 1, 600);
      simulation.run(602);
      const mapped = new Set<string>();
      for (const { state } of client.states) if (state.name === 'qualified') mapped.add(JSON.stringify(state.mapped));
      assert.equal(mapped.size, 1);
      assert.ok(client.stack.damaged > 0 && flow.arrived > 0);
    }),
  );

  it(
    'B-5 B-6: a stranger cannot make a client answer more bubbles than the rules allow',
    withSeeds(SEEDS, (simulation) => {
      const { victim, server, attacker } = scene(simulation);
      const source = attacker.addressAt(attacker.endpoint, server.servers.primary);
      repeat(simulation, 20, 60, () => {
        attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, emitBubble(source, addressOf(victim)));
      });
      simulation.run(62);
      assert.ok(attacker.received.length > 0 && attacker.received.length <= 4, `${attacker.received.length} answers`);
    }),
  );

  it(
    'S-6: nobody makes a client send bubbles to a peer that did not ask for them',
    withSeeds(SEEDS, (simulation) => {
      const { victim, peer, server, attacker } = scene(simulation);
      const heard = peer.core.counters.datagramsIn;
      repeat(simulation, 1000, 20, () => {
        const bubble = emitBubble(addressOf(peer), addressOf(victim));
        attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, bubble);
      });
      simulation.run(21);
      assert.equal(peer.core.counters.datagramsIn, heard);
      assert.equal(server.core.counters.drops.spoofed, 20);
    }),
  );

  it(
    'R-16: a client whose address is right cannot send through a relay to where it does not lead',
    withSeeds(SEEDS, (simulation) => {
      const { victim, relay, server, attacker } = scene(simulation);
      const honest = attacker.addressAt(attacker.endpoint, server.servers.primary);
      const unserved = ['ff02::1', 'ff0e::1', 'fe80::1', '::1', '::', 'fc00::1', '2001:0:1::1'].map(address);
      for (const destination of [...unserved, addressOf(victim)]) {
        attacker.send(relay.local, emitEchoRequest(honest, destination, new Uint8Array(8)));
      }
      simulation.run(5);
      assert.equal(relay.core.counters.drops['not-for-us'], unserved.length + 1);
    }),
  );

  it(
    'C-RECV-11: strangers cannot make a client run echo tests without limit',
    withSeeds([51], (simulation) => {
      const { victim, server, attacker } = scene(simulation, 4096);
      const before = server.core.counters.datagramsIn;
      repeat(simulation, 1, 20, () => {
        const source = address('2001:db8:ffff::');
        source.set(attacker.random.bytes(8), 8);
        attacker.send(mappedOf(victim), emitData(source, addressOf(victim), FORGED_FLOW, 0), attacker.randomEndpoint());
      });
      simulation.run(30);
      const tests = server.core.counters.datagramsIn - before;
      const allowed = CONTACT_ATTEMPTS * (STRANGER_BURST + 20 * STRANGER_RATE);
      assert.ok(tests > STRANGER_BURST && tests <= allowed + 10, `${tests} tests, ${allowed} allowed`);
    }),
  );

  it(
    'C-SEND-17: nothing for groups or links leaves through the tunnel',
    withSeeds(SEEDS, (simulation) => {
      const { victim, peer, host } = scene(simulation);
      const before = victim.core.counters.packetsOut;
      const heard = peer.core.counters.datagramsIn;
      for (const text of ['ff02::2', 'ff0e::1', 'fe80::1', '::1', 'fc00::1', '::']) victim.stack.ping(address(text));
      victim.stack.ping(ALL_NODES);
      victim.stack.ping(addressOf(victim));
      const foreign = emitEchoRequest(host.address, addressOf(peer), new Uint8Array(8));
      victim.stack.transmit(foreign);
      simulation.run(20);
      assert.equal(victim.core.counters.packetsOut, before);
      assert.equal(victim.core.counters.drops['bad-destination'], 8);
      assert.equal(victim.core.counters.drops['bad-source'], 1);
      assert.equal(peer.core.counters.datagramsIn - heard, 0, 'not even a bubble for it');
    }),
  );
});
