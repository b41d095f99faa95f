import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RETRY_DELAY, RETRY_DELAY_LIMIT } from '../../daemon/protocol/constants.js';
import { sameEndpoint } from '../../daemon/wire/ipv4.js';
import type { ClientNode } from './client-node.js';
import { HOME_LINE, PERFECT } from './link.js';
import { NAT_PRESETS, type Nat } from './nat.js';
import type { ServerNode } from './server-node.js';
import { withSeeds } from './simulation.js';

const SEEDS = [1, 2, 3, 4, 5];
const PASSABLE = ['full-cone', 'address-restricted', 'port-restricted'] as const;

/** What the client believes of its mapping is what its NAT did. */
function assertMapping(client: ClientNode, server: ServerNode, nat: Nat): void {
  const remote = { address: server.servers.primary, port: 3544 as never };
  const external = nat.externalOf(client.local, remote);
  assert.ok(external !== undefined && client.qualified !== undefined);
  assert.ok(sameEndpoint(client.qualified.mapped, external));
}

describe('simulated qualification', () => {
  it(
    'C-QUAL-20: qualifies behind each NAT whose mapping does not depend on the destination',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      for (const type of PASSABLE) {
        const nat = simulation.addNat(type);
        const client = simulation.addQualifiedClient({ server, nat });
        assert.deepEqual(client.failures, []);
        assert.equal(client.qualified?.nat.mapping, 'endpoint-independent');
        assertMapping(client, server, nat);
      }
    }),
  );

  it(
    'C-QUAL-20: fails behind a NAT whose mapping does, and says that it is symmetric',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      for (const mapping of ['address-dependent', 'address-and-port-dependent'] as const) {
        const nat = simulation.addNat({ ...NAT_PRESETS.symmetric, mapping });
        const client = simulation.addClient({ server, nat });
        client.start();
        simulation.until(() => client.failures.length > 0, 1, 'the first failure');
        simulation.run(600);
        assert.ok(client.failures.length > 2, 'it tries again');
        assert.ok(client.failures.every((code) => code === 'symmetric-nat'));
        assert.deepEqual(client.addresses, []);
      }
    }),
  );

  it(
    'C-QUAL-21: qualifies with a public address, and behind two NATs in a row',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const open = simulation.addQualifiedClient({ server });
      assert.ok(open.qualified !== undefined && sameEndpoint(open.qualified.mapped, open.local));
      assert.equal(open.qualified.nat.portPreserving, true);
      for (const inner of PASSABLE) {
        const outer = simulation.addNat('port-restricted');
        const client = simulation.addQualifiedClient({ server, nat: simulation.addNat(inner, outer) });
        assert.equal(client.qualified?.mapped.address, outer.address);
      }
    }),
  );

  it(
    'C-QUAL-7: an answer at once means qualified after two round trips',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer({ line: PERFECT });
      const line = { ...PERFECT, delay: 10 };
      const client = simulation.addClient({ server, line });
      const begin = simulation.clock.now;
      client.start();
      simulation.until(() => client.qualified !== undefined, 1, 'qualified');
      const took = simulation.clock.now - begin;
      assert.ok(took > 39.9 && took < 40.1, `took ${took} ms, two round trips are 40 ms`);
    }),
  );

  it(
    'C-QUAL-23: takes the MTU that the server advertises if a Teredo link can have it',
    withSeeds([1], (simulation) => {
      const cases = [
        [1279, 1280],
        [1280, 1280],
        [1472, 1472],
        [65507, 65507],
        [65508, 1280],
        [0xffffffff, 1280],
      ] as const;
      for (const [mtu, expected] of cases) {
        const client = simulation.addQualifiedClient({ server: simulation.addServer({ mtu }) });
        assert.equal(client.qualified?.mtu, expected);
      }
    }),
  );

  it(
    'C-QUAL-9: qualifies at last on a line that loses 30 % each way',
    withSeeds([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], (simulation) => {
      const server = simulation.addServer();
      const line = { ...HOME_LINE, loss: 0.3 };
      const client = simulation.addClient({ server, nat: simulation.addNat('port-restricted'), line });
      client.start();
      simulation.until(() => client.qualified !== undefined, 900, 'qualified in spite of the loss');
      assert.ok(client.failures.every((code) => code === 'server-silent' || code === 'secondary-silent'));
    }),
  );

  it(
    'C-QUAL-11: duplicated and reordered advertisements qualify once, with one address',
    withSeeds(SEEDS, (simulation) => {
      const line = { ...HOME_LINE, jitter: 40, duplication: 0.5, reordering: 0.5 };
      const server = simulation.addServer();
      const client = simulation.addQualifiedClient({ server, nat: simulation.addNat('port-restricted'), line });
      simulation.run(600);
      assert.deepEqual(client.failures, []);
      assert.equal(client.addresses.length, 1);
    }),
  );

  it(
    'C-QUAL-9: a silent server is asked three times, then less and less often',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      server.isOn = false;
      const client = simulation.addClient({ server });
      let asked = 0;
      simulation.ipv4.observer = () => {
        asked++;
      };
      const begin = simulation.clock.now;
      client.start();
      simulation.until(() => client.failures.length === 1, 20, 'the first failure');
      const took = simulation.clock.now - begin;
      assert.ok(took >= 12_000 && took < 12_100, `gave up after ${took} ms`);
      assert.equal(asked, 3);
      simulation.run(3600);
      const delays = client.states.flatMap(({ state }) => (state.name === 'failed' ? [state.retryIn] : []));
      const expected = delays.map((_, i) => Math.min(RETRY_DELAY * 2 ** i, RETRY_DELAY_LIMIT));
      assert.deepEqual(delays, expected);
      assert.ok(delays.includes(RETRY_DELAY_LIMIT));
      assert.equal(asked, 3 * client.states.filter(({ state }) => isFirstAttempt(state)).length);
      assert.ok(client.failures.every((code) => code === 'server-silent'));
    }),
  );

  it(
    'C-QUAL-19: a silent secondary address fails qualification by its name',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      server.listening[1] = false;
      const client = simulation.addClient({ server, nat: simulation.addNat('full-cone') });
      client.start();
      simulation.until(() => client.failures.length > 0, 20, 'the failure');
      assert.deepEqual(client.failures, ['secondary-silent']);
      assert.deepEqual(client.addresses, []);
      server.listening[1] = true;
      simulation.until(() => client.qualified !== undefined, 60, 'qualified when it answers');
    }),
  );
});

function isFirstAttempt(state: ClientNode['state']): boolean {
  return state?.name === 'qualifying' && state.attempt === 1;
}
