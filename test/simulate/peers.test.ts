import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QUEUE_PACKETS } from '../../daemon/protocol/constants.js';
import { formatIpv6 } from '../../daemon/wire/ipv6.js';
import { HOME_LINE } from './link.js';
import { NAT_PRESETS, type NatName } from './nat.js';
import { type Simulation, withSeeds } from './simulation.js';

const SEEDS = [21, 22, 23];
/** RFC 4380 carries every combination of these; symmetric NATs do not even qualify. */
const PASSABLE: readonly (NatName | 'none')[] = ['none', 'full-cone', 'address-restricted', 'port-restricted'];
const BURST = 20;
/** Milliseconds: the way through four lines of 8 to 12 each; who waits for bubbles takes longer. */
const NO_STALL = 50;

function addClientBehind(simulation: Simulation, type: NatName | 'none', server = simulation.addServer()) {
  const place = type === 'none' ? { server } : { server, nat: simulation.addNat(type) };
  return simulation.addQualifiedClient(place);
}

describe('simulated traffic between clients', () => {
  for (const from of PASSABLE) {
    for (const to of PASSABLE) {
      it(
        `C-SEND-8: a burst of ${BURST} to a new peer arrives whole and in order, ${from} to ${to}`,
        withSeeds(SEEDS, (simulation) => {
          const a = addClientBehind(simulation, from);
          const b = addClientBehind(simulation, to);
          const there = simulation.openFlow(a, b);
          there.send(BURST);
          simulation.until(() => there.isComplete, 1, 'the burst');
          assert.ok(there.isInOrder);
          const back = simulation.openFlow(b, a);
          back.send(BURST);
          simulation.until(() => back.isComplete, 1, 'the burst back');
          assert.ok(back.isInOrder);
          assert.equal(a.stack.refusals.length + b.stack.refusals.length, 0);
        }),
      );
    }
  }

  it(
    'B-9: both sides open at the same moment',
    withSeeds([21, 22, 23, 24, 25, 26], (simulation) => {
      const server = simulation.addServer();
      const a = addClientBehind(simulation, 'port-restricted', server);
      const b = addClientBehind(simulation, 'port-restricted', server);
      const flows = [simulation.openFlow(a, b), simulation.openFlow(b, a)];
      simulation.clock.after(simulation.random.fraction() * 100, () => flows[0]?.send(BURST));
      simulation.clock.after(simulation.random.fraction() * 100, () => flows[1]?.send(BURST));
      simulation.run(1.5);
      for (const flow of flows) assert.ok(flow.isComplete && flow.isInOrder, `${flow.arrived} of ${flow.sent}`);
    }),
  );

  for (const hairpin of [true, false]) {
    it(
      `C-SEND-15: two clients behind one NAT ${hairpin ? 'that hairpins reach each other' : 'that does not are told so'}`,
      withSeeds(SEEDS, (simulation) => {
        const server = simulation.addServer();
        const nat = simulation.addNat({ ...NAT_PRESETS['port-restricted'], hairpin });
        const a = simulation.addQualifiedClient({ server, nat });
        const b = simulation.addQualifiedClient({ server, nat });
        const flow = simulation.openFlow(a, b);
        flow.send(BURST);
        simulation.run(12);
        assert.equal(flow.arrived, hairpin ? BURST : 0);
        assert.equal(a.stack.refusals.length, hairpin ? 0 : BURST);
      }),
    );
  }

  it(
    'C-SEND-16: the queue for a peer holds what it may, and what it holds arrives',
    withSeeds(SEEDS, (simulation) => {
      const a = addClientBehind(simulation, 'port-restricted');
      const b = addClientBehind(simulation, 'port-restricted');
      const flow = simulation.openFlow(a, b, { size: 1100 });
      flow.send(3 * QUEUE_PACKETS);
      simulation.run(5);
      assert.equal(flow.arrived, QUEUE_PACKETS);
      assert.ok(flow.isInOrder);
      assert.equal(a.core.counters.drops['queue-full'], 2 * QUEUE_PACKETS);
    }),
  );

  it(
    'C-SEND-10: a bubble that is lost is repeated, and nothing of the burst is lost',
    withSeeds(SEEDS, (simulation) => {
      const a = addClientBehind(simulation, 'port-restricted');
      const b = addClientBehind(simulation, 'port-restricted');
      const flow = simulation.openFlow(a, b);
      b.line.setProfile({ ...HOME_LINE, loss: 1 });
      simulation.clock.after(3000, () => b.line.setProfile(HOME_LINE));
      flow.send(BURST);
      simulation.run(6);
      assert.ok(flow.isComplete && flow.isInOrder, `${flow.arrived} of ${flow.sent}`);
    }),
  );

  it(
    'C-SEND-10: the second request is answered, even if jitter brings it a little early',
    withSeeds([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], (simulation) => {
      const server = simulation.addServer();
      const a = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted') });
      const b = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted') });
      const flow = simulation.openFlow(a, b);
      // The first answer is lost.
      a.line.down.profile = { ...HOME_LINE, loss: 1 };
      simulation.clock.after(1000, () => a.line.setProfile(HOME_LINE));
      flow.send(BURST);
      simulation.run(8);
      assert.ok(flow.isComplete && flow.isInOrder, `${flow.arrived} of ${flow.sent}`);
      assert.ok(flow.slowest < 3000, `the third request was needed: ${flow.slowest} ms`);
    }),
  );

  it(
    'C-SEND-2: one-way traffic for ten minutes never stalls',
    withSeeds(SEEDS, (simulation) => {
      const nat = { ...NAT_PRESETS['port-restricted'], timeout: 35_000 };
      const server = simulation.addServer();
      const a = simulation.addQualifiedClient({ server, nat: simulation.addNat(nat) });
      const b = simulation.addQualifiedClient({ server, nat: simulation.addNat(nat) });
      const flow = simulation.openFlow(a, b);
      flow.send();
      simulation.run(1);
      flow.slowest = 0;
      simulation.stream(flow, 0.2, 3000);
      simulation.run(601);
      assert.ok(flow.isComplete && flow.isInOrder, `${flow.arrived} of ${flow.sent}`);
      assert.ok(flow.slowest < NO_STALL, `one packet took ${flow.slowest} ms`);
      assert.equal(a.stack.refusals.length, 0);
    }),
  );

  it(
    'C-SEND-2: traffic that pauses for any time goes on without loss',
    withSeeds(SEEDS, (simulation) => {
      const a = addClientBehind(simulation, 'port-restricted');
      const b = addClientBehind(simulation, 'address-restricted');
      const flows = [simulation.openFlow(a, b), simulation.openFlow(b, a)];
      for (const pause of [1, 5, 19, 21, 29, 31, 45, 90, 250, 310, 900, 31, 31, 31, 31, 31, 31]) {
        for (const flow of flows) flow.send(3);
        simulation.run(pause);
      }
      for (const flow of flows) assert.ok(flow.isComplete && flow.isInOrder, `${flow.arrived} of ${flow.sent}`);
    }),
  );

  it(
    'C-SEND-15: a peer that dies is reported to the sender as unreachable',
    withSeeds(SEEDS, (simulation) => {
      const a = addClientBehind(simulation, 'port-restricted');
      const b = addClientBehind(simulation, 'port-restricted');
      const flow = simulation.openFlow(a, b);
      simulation.stream(flow, 0.5, 160);
      simulation.run(10.25);
      const { address } = b;
      assert.ok(address !== undefined && flow.isComplete && a.stack.refusals.length === 0);
      b.kill();
      simulation.until(() => a.stack.refusals.length > 0, 30 + 8 + 1, 'the error');
      const [refusal] = a.stack.refusals;
      assert.equal(refusal?.destination, formatIpv6(address));
      assert.equal(refusal?.code, 3);
      const before = a.stack.refusals.length;
      simulation.run(10);
      assert.ok(a.stack.refusals.length >= before + 15, 'later packets are refused as well');
    }),
  );

  it(
    'C-SEND-15: a peer that never was is reported within ten seconds, every packet of the burst',
    withSeeds(SEEDS, (simulation) => {
      const a = addClientBehind(simulation, 'port-restricted');
      const b = addClientBehind(simulation, 'port-restricted');
      b.kill();
      const flow = simulation.openFlow(a, b);
      flow.send(BURST);
      simulation.run(10);
      assert.equal(a.stack.refusals.length, BURST);
    }),
  );

  it(
    'B-6: a peer that was away is reached again when it comes back and speaks',
    withSeeds(SEEDS, (simulation) => {
      const a = addClientBehind(simulation, 'port-restricted');
      const b = addClientBehind(simulation, 'port-restricted');
      const there = simulation.openFlow(a, b);
      const back = simulation.openFlow(b, a);
      b.line.setProfile({ ...HOME_LINE, loss: 1 });
      there.send(1);
      simulation.run(12);
      assert.ok(a.stack.refusals.length > 0);
      b.line.setProfile(HOME_LINE);
      simulation.until(() => b.qualified !== undefined, 60, 'the peer has an address');
      back.send(BURST);
      simulation.until(() => back.isComplete, 1, 'what the peer sends');
      const before = there.arrived;
      there.send(BURST);
      simulation.until(() => there.arrived === before + BURST, 1, 'the answers');
    }),
  );

  it(
    'C-RECV-8: duplication and reordering disturb nothing but their own packets',
    withSeeds(SEEDS, (simulation) => {
      const line = { ...HOME_LINE, jitter: 30, duplication: 0.3, reordering: 0.3 };
      const server = simulation.addServer();
      const a = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted'), line });
      const b = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted'), line });
      const flows = [simulation.openFlow(a, b), simulation.openFlow(b, a)];
      for (const flow of flows) simulation.stream(flow, 0.05, 2000);
      simulation.run(102);
      for (const flow of flows) assert.ok(flow.isComplete, `${flow.arrived} of ${flow.sent}`);
    }),
  );

  it(
    'C-SEND-2: one-way traffic on a line that loses 10 % loses 10 % and no more',
    withSeeds([2, 8, 14, ...SEEDS], (simulation) => {
      const line = { ...HOME_LINE, loss: 0.1 };
      const server = simulation.addServer();
      const a = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted') });
      const b = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted'), line });
      const flow = simulation.openFlow(a, b);
      simulation.stream(flow, 0.1, 5000);
      simulation.run(501);
      const share = flow.arrived / flow.sent;
      assert.ok(share > 0.87 && share < 0.93, `${flow.arrived} of ${flow.sent}`);
    }),
  );
});
