/** What the IPv4 internet sees of our client, relay and server: ports, and the DF bit. Counted by nftables on the way. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { labSkip } from '../lab/availability.js';
import { mustRun } from '../lab/command.js';
import { createLab, type Lab, RELAY_PORT } from '../lab/lab.js';
import { inNamespace } from '../lab/namespaces.js';
import { isLossless } from '../lab/ping.js';
import type { Place } from '../lab/topology.js';

const SERVICE_PORT = 40_001;

/** In the client's namespace: all that leaves it. In core's: all that passes there, so of client, relay and server. */
const COUNTERS = (hook: string): string => `
table ip watch {
  counter datagrams {}
  counter unfragmentable {}
  counter solicitations {}
  counter strangers {}
  chain seen {
    type filter hook ${hook} priority -400;
    ip protocol udp counter name datagrams
    ip protocol udp ip frag-off & 0x4000 != 0 counter name unfragmentable
    udp dport 3544 counter name solicitations
    udp sport != ${SERVICE_PORT} counter name strangers
  }
}`;

async function packetsOf(lab: Lab, place: Place): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await lab.run(place, ['nft', '-j', 'list', 'counters', 'table', 'ip', 'watch']);
  const { nftables } = JSON.parse(stdout) as {
    readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[];
  };
  return Object.fromEntries(nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])));
}

describe('the outer header', { skip: labSkip('ours') }, () => {
  let lab: Lab;

  before(async () => {
    lab = await createLab({ nats: ['port-restricted'] });
    for (const [place, hook] of [
      [lab.client(0), 'output'],
      [lab.topology.core, 'prerouting'],
    ] as const) {
      await mustRun(inNamespace(place.namespace, ['nft', '-f', '-']), { input: COUNTERS(hook) });
    }
    await Promise.all([lab.startServer('ours'), lab.startRelay('ours')]);
    await lab.startClient(0, 'ours', { config: { BindPort: String(SERVICE_PORT) } });
    const result = await lab.ping(lab.client(0), lab.host.ipv6[0] ?? '', { count: 3 });
    assert.ok(isLossless(result), result.output);
  });
  after(() => lab?.dispose());

  test('C-QUAL-3 WIRE-14: BindPort is the one port the client sends from, and the server has port 3544', async () => {
    const { datagrams = 0, solicitations = 0, strangers } = await packetsOf(lab, lab.client(0));
    assert.ok(solicitations >= 2 && datagrams > solicitations, `${solicitations} of ${datagrams}`);
    assert.equal(strangers, 0);
  });

  test('R-3: a relay has one port too', async () => {
    const sockets = await lab.run(lab.relay, ['cat', '/proc/net/udp']);
    const ports = [...sockets.stdout.matchAll(/^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) /gm)].map(([, hex]) =>
      Number.parseInt(hex ?? '', 16),
    );
    assert.deepEqual(ports, [RELAY_PORT]);
  });

  test('WIRE-9: neither client, relay nor server sets the DF bit', async () => {
    const { datagrams = 0, unfragmentable } = await packetsOf(lab, lab.topology.core);
    assert.ok(datagrams >= 8, `${datagrams}`);
    assert.equal(unfragmentable, 0);
  });
});
