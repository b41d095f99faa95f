import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HOME_LINE } from './link.js';
import { NAT_PRESETS } from './nat.js';
import { withSeeds } from './simulation.js';

const SEEDS = [11, 12, 13];

describe('simulated maintenance', () => {
  it(
    'C-MAINT-1: refreshing keeps a mapping alive in a NAT that forgets after 35 seconds',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const behaviour = { ...NAT_PRESETS['port-restricted'], timeout: 35_000 };
      const a = simulation.addQualifiedClient({ server, nat: simulation.addNat(behaviour) });
      const b = simulation.addQualifiedClient({ server, nat: simulation.addNat(behaviour) });
      simulation.run(1800);
      assert.equal(a.addresses.length, 1);
      assert.equal(b.addresses.length, 1);
      const flow = simulation.openFlow(a, b);
      flow.send(20);
      simulation.until(() => flow.isComplete, 2, 'all 20 after half an hour of silence');
    }),
  );

  it(
    'C-MAINT-8: a NAT that forgets faster than that is noticed at each refresh',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const behaviour = { ...NAT_PRESETS['port-restricted'], timeout: 15_000 };
      const client = simulation.addQualifiedClient({ server, nat: simulation.addNat(behaviour) });
      simulation.run(300);
      assert.ok(client.addresses.length >= 10, `${client.addresses.length} addresses`);
      assert.equal(new Set(client.addresses).size, client.addresses.length);
      assert.deepEqual(client.failures, []);
    }),
  );

  for (const change of ['forgets its mappings', 'gets another address'] as const) {
    it(
      `C-MAINT-9: a NAT that ${change} gives the client a new address, and traffic resumes`,
      withSeeds(SEEDS, (simulation) => {
        const server = simulation.addServer();
        simulation.addRelay();
        const nat = simulation.addNat('port-restricted');
        const client = simulation.addQualifiedClient({ server, nat });
        const peer = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted') });
        const host = simulation.addHost();
        const pairs = [peer, host].flatMap((other) => [
          simulation.openFlow(client, other),
          simulation.openFlow(other, client),
        ]);
        for (const flow of pairs) flow.send(5);
        simulation.until(() => pairs.every((flow) => flow.isComplete), 5, 'traffic before the change');
        nat.reboot(change === 'gets another address' ? simulation.freshAddress() : nat.address);
        simulation.until(() => client.addresses.length === 2, 31, 'the new address');
        assert.notEqual(client.addresses[0], client.addresses[1]);
        assert.deepEqual(client.failures, []);
        // One after the other: an entry that outlived the change would show, for its peer's NAT is closed now.
        for (const flow of pairs) {
          flow.send(20);
          simulation.until(() => flow.isComplete, 3, `traffic after the change, ${flow.from.name} to ${flow.to.name}`);
        }
      }),
    );
  }

  it(
    'C-MAINT-2: a server that dies is noticed, told, and found again when it returns',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const client = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted') });
      server.isOn = false;
      simulation.until(() => client.failures.length > 0, 30 + 12 + 1, 'the client says so');
      assert.deepEqual(client.failures, ['server-lost']);
      assert.equal(client.qualified, undefined);
      simulation.run(120);
      assert.ok(client.failures.slice(1).every((code) => code === 'server-silent'));
      server.isOn = true;
      simulation.until(() => client.qualified !== undefined, 300, 'qualified again');
      const peer = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted') });
      const flow = simulation.openFlow(client, peer);
      flow.send(20);
      simulation.until(() => flow.isComplete, 2, 'traffic afterwards');
    }),
  );

  it(
    'C-MAINT-11: a line that loses now and then costs neither address nor service',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const line = { ...HOME_LINE, loss: 0.05 };
      const client = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted'), line });
      simulation.run(1800);
      assert.equal(client.addresses.length, 1);
      assert.deepEqual(client.failures, []);
    }),
  );

  it(
    'C-QUAL-4: a client that was stopped sends nothing any more',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const client = simulation.addQualifiedClient({ server });
      const peer = simulation.addQualifiedClient({ server });
      const flow = simulation.openFlow(client, peer);
      peer.kill();
      flow.send();
      simulation.run(0.5);
      client.stop();
      let sent = 0;
      simulation.run(0.5);
      simulation.ipv4.observer = () => {
        sent++;
      };
      flow.send();
      simulation.run(600);
      assert.equal(sent, 0);
      assert.equal(client.state?.name, 'stopped');
      client.start();
      simulation.until(() => client.qualified !== undefined, 1, 'qualified anew');
    }),
  );
});
