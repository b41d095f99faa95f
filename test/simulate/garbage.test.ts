import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Endpoint } from '../../daemon/wire/ipv4.js';
import { TEREDO_PORT } from '../../daemon/wire/teredo-address.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { addressOf, assertWhole, besiege, mappedOf, repeat, stream } from './siege.js';
import { withSeeds } from './simulation.js';

/** A copy with `turns` random bits turned, and sometimes cut short. */
function mutate(random: SeededRandom, bytes: Uint8Array, turns: number): Uint8Array {
  const mutated = bytes.slice();
  for (let i = 0; i < turns; i++) {
    const at = random.integer(0, mutated.length - 1);
    mutated[at] = (mutated[at] ?? 0) ^ (1 << random.integer(0, 7));
  }
  return random.chance(0.2) ? mutated.subarray(0, random.integer(0, mutated.length)) : mutated;
}

const SEEDS = [51, 52, 53];

describe('simulated garbage', () => {
  it(
    'C-RECV-1 R-13 S-2: garbage from anywhere breaks nothing',
    withSeeds(SEEDS, (simulation) => {
      const { victim, peer, relay, server, nat, flows, attacker } = besiege(simulation);
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
      const { victim, server, flows, attacker } = besiege(simulation);
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
});
