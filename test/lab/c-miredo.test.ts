/**
 * Debian's C miredo in every part proves the lab: whatever fails elsewhere is then not the lab's fault.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HTTP_BODY, HTTP_PORT } from './agent-protocol.js';
import { labSkip } from './availability.js';
import { createLab, type Lab, type RunningClient } from './lab.js';
import { isLossless } from './ping.js';

describe('C client, server and relay', { skip: labSkip('c') }, () => {
  let lab: Lab;
  let clients: RunningClient[];

  before(async () => {
    lab = await createLab({ nats: ['port-restricted', 'full-cone'] });
    await Promise.all([lab.startServer('c'), lab.startRelay('c')]);
    clients = await Promise.all([lab.startClient(0, 'c'), lab.startClient(1, 'c')]);
    await lab.agent(lab.host).ask('serve', {});
    await lab.agent(lab.client(1)).ask('serve', {});
  });
  after(() => lab.dispose());

  test('qualify at the first attempt', () => {
    // A lost solicitation would cost four seconds.
    for (const { qualifiedAfter } of clients) assert.ok(qualifiedAfter < 3000, `${qualifiedAfter} ms`);
  });

  test('the client pings the native host', async () => {
    const result = await lab.ping(lab.client(0), lab.host.ipv6[0] ?? '', { count: 3 });
    assert.ok(isLossless(result), result.output + lab.logs());
  });

  test('the native host pings the other client', async () => {
    const result = await lab.ping(lab.host, clients[1]?.address ?? '', { count: 3 });
    assert.ok(isLossless(result), result.output + lab.logs());
  });

  test('clients behind two NATs ping each other', async () => {
    const result = await lab.ping(lab.client(0), clients[1]?.address ?? '', { count: 3 });
    assert.ok(isLossless(result), result.output + lab.logs());
  });

  test('UDP, TCP and HTTP cross the relay', async () => {
    const address = lab.host.ipv6[0] ?? '';
    const client = lab.agent(lab.client(0));
    const burst = await client.ask('burst', { address, count: 20, size: 100, quiet: 500, timeout: 1_000 });
    assert.deepEqual(burst.returned, await lab.agent(lab.host).ask('arrivals', { burst: burst.burst }));
    assert.equal(burst.returned.length, 20);
    const transfer = await client.ask('transfer', { address, bytes: 1_000_000, timeout: 5_000 });
    assert.deepEqual([transfer.bytes, transfer.intact], [1_000_000, true]);
    const page = await client.ask('fetch', { url: `http://[${address}]:${HTTP_PORT}/`, timeout: 2_000 });
    assert.deepEqual([page.status, page.body], [200, HTTP_BODY]);
  });
});
