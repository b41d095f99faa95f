import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatIpv6 } from '../../daemon/wire/ipv6.js';
import type { Flow } from './flow.js';
import { DATA_CENTRE_LINE, HOME_LINE } from './link.js';
import { NAT_PRESETS } from './nat.js';
import { type Simulation, withSeeds } from './simulation.js';

const SEEDS = [31, 32, 33];
const PASSABLE = ['full-cone', 'address-restricted', 'port-restricted'] as const;
const BURST = 20;
/** Milliseconds: the way through two lines of 8 to 12 and two short ones; who waits for a test takes longer. */
const NO_STALL = 35;

function assertWhole(flow: Flow): void {
  assert.ok(flow.isComplete && flow.isInOrder, `${flow.arrived} of ${flow.sent}, in order: ${flow.isInOrder}`);
}

/** A client behind `type`, a host, and the relay between them. */
function scene(simulation: Simulation, type: (typeof PASSABLE)[number] = 'port-restricted') {
  const server = simulation.addServer();
  const relay = simulation.addRelay();
  const host = simulation.addHost();
  const client = simulation.addQualifiedClient({ server, nat: simulation.addNat(type) });
  return { server, relay, host, client };
}

describe('simulated traffic with native hosts', () => {
  for (const type of PASSABLE) {
    it(
      `D-7: the client opens, ${type}: a burst of ${BURST} arrives whole and in order, and so do the answers`,
      withSeeds(SEEDS, (simulation) => {
        const { client, host } = scene(simulation, type);
        const out = simulation.openFlow(client, host);
        const back = simulation.openFlow(host, client);
        out.send(BURST);
        simulation.run(1);
        assertWhole(out);
        back.send(BURST);
        simulation.run(1);
        assertWhole(back);
        assert.equal(client.stack.strayReplies, 0, 'D-8');
      }),
    );

    it(
      `R-10: the host opens, ${type}: a burst of ${BURST} arrives whole and in order, and so do the answers`,
      withSeeds(SEEDS, (simulation) => {
        const { client, host } = scene(simulation, type);
        const out = simulation.openFlow(host, client);
        const back = simulation.openFlow(client, host);
        out.send(BURST);
        simulation.run(1);
        assertWhole(out);
        back.send(BURST);
        simulation.run(1);
        assertWhole(back);
        assert.equal(client.stack.strayReplies, 0, 'D-8');
      }),
    );
  }

  it(
    'D-1: both open at the same moment',
    withSeeds([31, 32, 33, 34, 35], (simulation) => {
      const { client, host } = scene(simulation);
      const flows = [simulation.openFlow(client, host), simulation.openFlow(host, client)];
      for (const flow of flows) simulation.clock.after(simulation.random.fraction() * 60, () => flow.send(BURST));
      simulation.run(1.5);
      for (const flow of flows) assertWhole(flow);
    }),
  );

  it(
    'D-8: pings go out and come back, and no answer to a test is taken for one',
    withSeeds(SEEDS, (simulation) => {
      const { client, host } = scene(simulation);
      for (let i = 0; i < 100; i++) {
        simulation.clock.after(i * 1000, () => client.stack.ping(host.address));
        simulation.clock.after(i * 1000 + 300, () => client.address && host.stack.ping(client.address));
      }
      simulation.run(101);
      assert.equal(client.stack.echoReplies, 100);
      assert.equal(host.stack.echoReplies, 100);
      assert.equal(client.stack.strayReplies, 0);
    }),
  );

  for (const [how, hostLine, clientLine] of [
    ['late', { ...DATA_CENTRE_LINE, delay: 1200 }, HOME_LINE],
    ['doubled', DATA_CENTRE_LINE, { ...HOME_LINE, duplication: 1 }],
  ] as const) {
    it(
      `D-8: a second answer to a test that comes ${how} is not handed up either`,
      withSeeds(SEEDS, (simulation) => {
        const server = simulation.addServer();
        simulation.addRelay();
        const host = simulation.addHost(hostLine);
        const nat = simulation.addNat('port-restricted');
        const client = simulation.addQualifiedClient({ server, nat, line: clientLine });
        const flow = simulation.openFlow(client, host);
        flow.send(BURST);
        simulation.run(20);
        assert.ok(flow.isComplete);
        assert.ok(host.stack.requestsAnswered > 1);
        assert.equal(client.stack.strayReplies, 0);
      }),
    );
  }

  it(
    'D-7: each host has its own nearest relay, and the server forwards the tests of all',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const clients = PASSABLE.map((type) => simulation.addQualifiedClient({ server, nat: simulation.addNat(type) }));
      const relays = [simulation.addRelay(), simulation.addRelay(), simulation.addRelay()];
      const hosts = relays.map((relay) => {
        const host = simulation.addHost();
        host.line.nearestRelay = relay.native;
        return host;
      });
      const flows = clients.flatMap((client) =>
        hosts.flatMap((host) => [simulation.openFlow(client, host), simulation.openFlow(host, client)]),
      );
      for (const flow of flows) flow.send(BURST);
      simulation.run(2);
      for (const flow of flows) assertWhole(flow);
      for (const relay of relays) assert.ok(relay.core.counters.packetsOut >= clients.length * BURST);
    }),
  );

  it(
    'R-7: a host whose route moves to another relay is heard through that one',
    withSeeds(SEEDS, (simulation) => {
      const { client, host } = scene(simulation);
      const other = simulation.addRelay();
      const flows = [simulation.openFlow(client, host), simulation.openFlow(host, client)];
      for (const flow of flows) flow.send(BURST);
      simulation.run(1);
      host.line.nearestRelay = other.native;
      for (const flow of flows) flow.send(BURST);
      simulation.run(2);
      for (const flow of flows) assertWhole(flow);
    }),
  );

  it(
    'R-6: a relay that restarts and forgets all its peers costs no packet',
    withSeeds(SEEDS, (simulation) => {
      const { client, host, relay } = scene(simulation);
      const flows = [simulation.openFlow(client, host), simulation.openFlow(host, client)];
      for (const flow of flows) simulation.stream(flow, 0.25, 400);
      for (const second of [10, 25, 40, 41, 42, 55, 70, 85])
        simulation.clock.after(second * 1000, () => relay.restart());
      simulation.run(101);
      for (const flow of flows) assert.equal(flow.arrived, flow.sent);
      assert.equal(host.stack.refusals.length + client.stack.refusals.length, 0);
    }),
  );

  for (const direction of ['client to host', 'host to client'] as const) {
    it(
      `R-4: one-way traffic for ten minutes never stalls, ${direction}`,
      withSeeds(SEEDS, (simulation) => {
        const server = simulation.addServer();
        simulation.addRelay();
        const host = simulation.addHost();
        const nat = simulation.addNat({ ...NAT_PRESETS['port-restricted'], timeout: 35_000 });
        const client = simulation.addQualifiedClient({ server, nat });
        const flow =
          direction === 'client to host' ? simulation.openFlow(client, host) : simulation.openFlow(host, client);
        flow.send();
        simulation.run(1);
        flow.slowest = 0;
        simulation.stream(flow, 0.2, 3000);
        simulation.run(601);
        assertWhole(flow);
        assert.ok(flow.slowest < NO_STALL, `one packet took ${flow.slowest} ms`);
        assert.equal(host.stack.refusals.length + client.stack.refusals.length, 0);
        assert.equal(client.stack.strayReplies, 0, 'D-8');
      }),
    );
  }

  it(
    'R-4: traffic that pauses for any time goes on without loss',
    withSeeds(SEEDS, (simulation) => {
      const { client, host } = scene(simulation);
      const flows = [simulation.openFlow(client, host), simulation.openFlow(host, client)];
      for (const pause of [1, 5, 19, 21, 29, 31, 45, 90, 250, 310, 900, 31, 31, 31, 31, 31, 31]) {
        for (const flow of flows) flow.send(3);
        simulation.run(pause);
      }
      for (const flow of flows) assertWhole(flow);
    }),
  );

  it(
    'R-8: a client that dies is reported to the host as unreachable',
    withSeeds(SEEDS, (simulation) => {
      const { client, host } = scene(simulation);
      const flow = simulation.openFlow(host, client);
      simulation.stream(flow, 0.5, 160);
      simulation.run(10.25);
      const { address } = client;
      assert.ok(address !== undefined && flow.isComplete);
      client.kill();
      simulation.until(() => host.stack.refusals.length > 0, 30 + 8 + 1, 'the error');
      assert.equal(host.stack.refusals[0]?.destination, formatIpv6(address));
    }),
  );

  it(
    'D-6: a host that dies is reported to the client as unreachable, and reached again when it is back',
    withSeeds(SEEDS, (simulation) => {
      const { client, host } = scene(simulation);
      const flow = simulation.openFlow(client, host);
      simulation.stream(flow, 0.5, 200);
      simulation.run(10.25);
      host.isOn = false;
      simulation.until(() => client.stack.refusals.length > 0, 30 + 8 + 1, 'the error');
      assert.equal(client.stack.refusals[0]?.destination, formatIpv6(host.address));
      host.isOn = true;
      const before = flow.arrived;
      simulation.until(() => flow.arrived > before, 10, 'traffic again');
    }),
  );

  it(
    'R-11: a relay behind a restricted NAT sends direct bubbles, and is reached',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const relay = simulation.addRelay({ directBubbles: true }, simulation.addNat('port-restricted'));
      const host = simulation.addHost();
      host.line.nearestRelay = relay.native;
      const client = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted') });
      const flows = [simulation.openFlow(host, client), simulation.openFlow(client, host)];
      for (const flow of flows) {
        flow.send(BURST);
        simulation.run(1);
        assertWhole(flow);
      }
    }),
  );
});
