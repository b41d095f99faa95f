import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientNode } from './client-node.js';
import type { Flow } from './flow.js';
import { HOME_LINE } from './link.js';
import { NAT_PRESETS, type Nat, type NatBehaviour } from './nat.js';
import { type Simulation, withSeeds } from './simulation.js';

const CLIENTS = 1000;
const SERVERS = 4;
const RELAYS = 5;
const HOSTS = 20;
const BURST = 20;
/** Generous: the machine may be busy. It takes a few seconds. */
const SANE_WALL_SECONDS = 60;

interface Resident {
  readonly client: ClientNode;
  /** The NAT nearest to the Internet: two clients behind the same one reach each other only if it hairpins. */
  readonly outermost: Nat | undefined;
  readonly isSymmetric: boolean;
}

/** A NAT as one might find it: any filtering, any way to choose ports; one in ten is symmetric. */
function randomBehaviour(simulation: Simulation): NatBehaviour {
  const { random } = simulation;
  const preset = random.chance(0.1)
    ? NAT_PRESETS.symmetric
    : NAT_PRESETS[random.pick(['full-cone', 'address-restricted', 'port-restricted'] as const)];
  return {
    ...preset,
    portPreservation: random.chance(0.5),
    allocation: random.pick(['sequential', 'random'] as const),
    hairpin: random.chance(0.5),
    timeout: random.pick([35_000, 60_000, 120_000, 300_000]),
    refreshedByInbound: random.chance(0.5),
  };
}

/** Alone or with others behind a NAT that may itself stand behind another one; a few with no NAT at all. */
function populate(simulation: Simulation): Resident[] {
  const { random } = simulation;
  const servers = Array.from({ length: SERVERS }, () => simulation.addServer());
  const residents: Resident[] = [];
  while (residents.length < CLIENTS) {
    const line = { ...HOME_LINE, delay: random.integer(1, 60), jitter: random.integer(0, 20) };
    const outermost = random.chance(0.05) ? undefined : simulation.addNat(randomBehaviour(simulation), undefined, line);
    const isNested = outermost !== undefined && random.chance(0.1);
    const nat = isNested ? simulation.addNat(randomBehaviour(simulation), outermost) : outermost;
    const household = outermost === undefined ? 1 : random.pick([1, 1, 1, 2, 4]);
    const symmetric = [nat, outermost].some((one) => one?.behaviour.mapping === NAT_PRESETS.symmetric.mapping);
    for (let i = 0; i < household && residents.length < CLIENTS; i++) {
      const place = { server: random.pick(servers), line: HOME_LINE };
      const client = simulation.addClient(nat === undefined ? place : { ...place, nat });
      residents.push({ client, outermost, isSymmetric: symmetric });
    }
  }
  return residents;
}

function addHosts(simulation: Simulation) {
  const relays = Array.from({ length: RELAYS }, () => simulation.addRelay());
  return Array.from({ length: HOSTS }, () => {
    const host = simulation.addHost();
    host.line.nearestRelay = simulation.random.pick(relays).native;
    return host;
  });
}

/** Somebody elsewhere in the Internet. */
function pickPeer(simulation: Simulation, residents: readonly Resident[], self: Resident): Resident {
  for (;;) {
    const peer = simulation.random.pick(residents);
    if (peer !== self && (peer.outermost === undefined || peer.outermost !== self.outermost)) return peer;
  }
}

describe('simulated crowd', () => {
  it(
    `C-QUAL-20 C-SEND-8 D-7 R-10: ${CLIENTS} clients qualify and exchange bursts with each other and with hosts`,
    withSeeds([41], (simulation) => {
      const { clock, random } = simulation;
      const begin = performance.now();
      const beginVirtual = clock.now;
      const residents = populate(simulation);
      const hosts = addHosts(simulation);
      for (const { client } of residents) clock.after(random.fraction() * 5000, () => client.start());
      simulation.run(15);
      for (const { client, isSymmetric } of residents) {
        const expected = isSymmetric ? 'symmetric-nat' : 'qualified';
        assert.equal(client.qualified === undefined ? client.failures.at(-1) : 'qualified', expected, client.name);
      }
      const able = residents.filter(({ isSymmetric }) => !isSymmetric);
      assert.ok(able.length > CLIENTS / 2);
      const flows: Flow[] = [];
      for (const resident of able) {
        const { client } = resident;
        const peer = pickPeer(simulation, able, resident);
        const host = random.pick(hosts);
        flows.push(simulation.openFlow(client, peer.client), simulation.openFlow(client, host));
        flows.push(simulation.openFlow(peer.client, client), simulation.openFlow(host, client));
      }
      for (const flow of flows) {
        clock.after(random.fraction() * 20_000, () => flow.send(BURST));
        clock.after(60_000 + random.fraction() * 20_000, () => flow.send(BURST));
      }
      simulation.run(90);
      for (const flow of flows) {
        const ends = `${flow.from.name} to ${flow.to.name}`;
        assert.ok(flow.isComplete && flow.isInOrder, `${ends}: ${flow.arrived} of ${flow.sent}`);
      }
      const wall = (performance.now() - begin) / 1000;
      const virtual = (clock.now - beginVirtual) / 1000;
      console.log(
        `${CLIENTS} clients (${able.length} qualified), ${SERVERS} servers, ${RELAYS} relays, ${HOSTS} hosts: ` +
          `${flows.length} flows, ${2 * BURST * flows.length} packets, ${clock.executed} events, ` +
          `${virtual.toFixed(0)} s of virtual time in ${wall.toFixed(1)} s`,
      );
      assert.ok(wall < SANE_WALL_SECONDS, `${wall} s`);
    }),
  );

  it(
    'C-MAINT-11: nobody in a crowd that is left alone for an hour loses its address',
    withSeeds([42], (simulation) => {
      const server = simulation.addServer();
      const clients = Array.from({ length: 50 }, () => {
        const nat = simulation.addNat({ ...NAT_PRESETS['port-restricted'], timeout: 31_000 });
        const client = simulation.addClient({ server, nat });
        client.start();
        return client;
      });
      simulation.run(3600);
      for (const client of clients) assert.equal(client.addresses.length, 1);
    }),
  );
});
