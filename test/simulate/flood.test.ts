import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTACT_ATTEMPTS, STRANGER_BURST, STRANGER_RATE } from '../../daemon/protocol/constants.js';
import { emitBubble } from '../../daemon/wire/bubble.js';
import { emitEchoRequest } from '../../daemon/wire/icmpv6.js';
import { TEREDO_PORT } from '../../daemon/wire/teredo-address.js';
import { emitData } from './flow.js';
import { addressOf, assertWhole, besiege, FORGED_FLOW, mappedOf, parseAddress, repeat, stream } from './siege.js';
import { withSeeds } from './simulation.js';

/** Milliseconds: the way through four lines of 8 to 12 each; for a peer that was pushed out it takes longer. */
const NO_STALL = 50;
/** Milliseconds: a peer that was pushed out is contacted anew. */
const RECONTACT = 100;

const SEEDS = [51];

describe('simulated floods', () => {
  for (const answered of [false, true]) {
    it(
      `C-PEER-5: a flood of made-up peers costs established ones no packet${answered ? ', even if it is answered' : ''}`,
      withSeeds(SEEDS, (simulation) => {
        const { victim, server, flows, attacker } = besiege(simulation, 64);
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
      const { victim, flows, attacker } = besiege(simulation, 64);
      stream(simulation, flows, 0.5, 240);
      simulation.run(20);
      const before = flows.map((flow) => flow.arrived);
      for (const flow of flows) flow.slowest = 0;
      repeat(simulation, 2, 60, () => {
        const source = parseAddress('2001:db8:ffff::');
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
        attacker.send(relay.local, emitEchoRequest(source, parseAddress('2001:db8:ffff::1'), new Uint8Array(8)), from);
      });
      simulation.run(101);
      for (const flow of flows) assert.ok(flow.arrived >= flow.sent - 4, `${flow.arrived} of ${flow.sent}`);
    }),
  );

  it(
    'B-5 B-6: a stranger cannot make a client answer more bubbles than the rules allow',
    withSeeds(SEEDS, (simulation) => {
      const { victim, server, attacker } = besiege(simulation);
      const source = attacker.addressAt(attacker.endpoint, server.servers.primary);
      repeat(simulation, 20, 60, () => {
        attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, emitBubble(source, addressOf(victim)));
      });
      simulation.run(62);
      assert.ok(attacker.received.length > 0 && attacker.received.length <= 4, `${attacker.received.length} answers`);
    }),
  );

  it(
    'C-RECV-11: strangers cannot make a client run echo tests without limit',
    withSeeds(SEEDS, (simulation) => {
      const { victim, server, attacker } = besiege(simulation, 4096);
      const before = server.core.counters.datagramsIn;
      repeat(simulation, 1, 20, () => {
        const source = parseAddress('2001:db8:ffff::');
        source.set(attacker.random.bytes(8), 8);
        attacker.send(mappedOf(victim), emitData(source, addressOf(victim), FORGED_FLOW, 0), attacker.randomEndpoint());
      });
      simulation.run(30);
      const tests = server.core.counters.datagramsIn - before;
      const allowed = CONTACT_ATTEMPTS * (STRANGER_BURST + 20 * STRANGER_RATE);
      assert.ok(tests > STRANGER_BURST && tests <= allowed + 10, `${tests} tests, ${allowed} allowed`);
    }),
  );
});
