/** A server and a relay of ours as two programs on one host, with one address and two ports (RFC 4380 §5.4.3). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { labSkip } from '../lab/availability.js';
import { createLab, type Lab } from '../lab/lab.js';
import { BURST_COUNT, exchange, type Party } from './exchange.js';

const EVERY = Array.from({ length: BURST_COUNT }, (_, i) => i + 1);

async function mustWork(lab: Lab, opener: Party, acceptor: Party): Promise<void> {
  const result = await exchange(lab, opener, acceptor);
  assert.deepEqual(result.first, { arrived: EVERY, returned: EVERY }, lab.logs());
  assert.deepEqual(result.udp, { arrived: BURST_COUNT, returned: BURST_COUNT });
  assert.deepEqual(result.tcp, { there: true, back: true });
}

/** The IPv6 internet sends 2001::/32 to the server's host, which forwards. */
async function moveRelay(lab: Lab): Promise<void> {
  const { core, server } = lab.topology;
  const route = `-6 route replace 2001::/32 via ${server.ipv6[0]} dev ${server.name}`;
  assert.equal((await lab.run(core, ['ip', ...route.split(' ')])).code, 0);
  assert.equal((await lab.run(server, ['sysctl', '-q', '-w', 'net.ipv6.conf.all.forwarding=1'])).code, 0);
  await Promise.all([lab.startServer('ours'), lab.startRelay('ours', { at: server })]);
}

describe('server and relay on one host', { skip: labSkip('ours') }, () => {
  let lab: Lab;
  let host: Party;
  let clients: readonly Party[];

  before(async () => {
    lab = await createLab({ nats: ['port-restricted', 'port-restricted'] });
    await moveRelay(lab);
    const running = await Promise.all([0, 1].map((index) => lab.startClient(index, 'ours')));
    clients = running.map(({ address }, index) => ({ place: lab.client(index), address }));
    host = { place: lab.host, address: lab.host.ipv6[0] ?? '' };
    await Promise.all([host, ...clients].map(({ place }) => lab.agent(place).ask('serve', {})));
  });
  after(() => lab?.dispose());

  test('S-24: the client opens to a host of the IPv6 Internet', () => mustWork(lab, clients[0] as Party, host));
  test('S-24: a host of the IPv6 Internet opens to the client', () => mustWork(lab, host, clients[1] as Party));
});
