/** A relay and a server whose work several engines share, with clients of both implementations. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { labSkip } from '../lab/availability.js';
import type { Implementation } from '../lab/implementation.js';
import { hasTeredoRoute, waitFor } from '../lab/kernel-view.js';
import { createLab, INTERFACE, type Lab, type RunningClient } from '../lab/lab.js';
import { isLossless } from '../lab/ping.js';
import type { Program } from '../lab/program.js';
import { childrenOf } from './stage.js';

const WAIT = { timeout: 10_000 };
const ENGINES = 2;
const CLIENTS: readonly Implementation[] = ['ours', 'c', 'ours', 'c', 'ours', 'ours'];

describe('a relay with several engines', { skip: labSkip('ours', 'c') }, () => {
  let lab: Lab;
  let relay: Program;
  let clients: readonly RunningClient[];

  before(async () => {
    lab = await createLab({ nats: CLIENTS.map(() => 'port-restricted' as const) });
    const options = { config: { Engines: String(ENGINES) } };
    [, relay] = await Promise.all([lab.startServer('ours', options), lab.startRelay('ours', options)]);
    await waitFor('its engines', () => relay.log().includes(`with ${ENGINES} engines`) || undefined, WAIT);
    clients = await Promise.all(CLIENTS.map((who, index) => lab.startClient(index, who)));
  });
  after(() => lab.dispose());

  /** Both ways, since either end may be the one that makes the other known. */
  async function allTalk(): Promise<void> {
    const host = lab.host.ipv6[0] ?? '';
    for (const [index, { address }] of clients.entries()) {
      const inward = await lab.ping(lab.host, address, { count: 2, interval: 0.05 });
      assert.ok(isLossless(inward), `to client ${index}: ${inward.output}${lab.logs()}`);
      const outward = await lab.ping(lab.client(index), host, { count: 2, interval: 0.05 });
      assert.ok(isLossless(outward), `from client ${index}: ${outward.output}${lab.logs()}`);
    }
  }

  test('clients qualify, reach the IPv6 Internet and are reached from there', async () => {
    assert.equal(childrenOf(relay.pid).length, ENGINES);
    await allTalk();
  });

  test('an engine is killed: the route stays, and the other takes its clients, until it is back', async () => {
    for (let number = 1; number <= ENGINES; number++) {
      await waitFor('all engines', () => childrenOf(relay.pid).length === ENGINES || undefined, WAIT);
      process.kill(childrenOf(relay.pid)[0] ?? 0, 'SIGKILL');
      await waitFor(
        'its end',
        () => relay.log().includes(`engine ${number} of ${ENGINES}: The engine`) || undefined,
        WAIT,
      );
      assert.ok(hasTeredoRoute(relay.pid, INTERFACE));
      await allTalk();
    }
    await waitFor('all engines', () => childrenOf(relay.pid).length === ENGINES || undefined, WAIT);
    await allTalk();
  });
});
