/** The tunnel's own firewall, with packets: a host of the IPv6 Internet speaks to the client through the relay. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ECHO_TCP_PORT, ECHO_UDP_PORT, HTTP_PORT } from '../lab/agent-protocol.js';
import { labSkip } from '../lab/availability.js';
import { waitFor } from '../lab/kernel-view.js';
import { createLab, INTERFACE, type Lab, type RunningClient } from '../lab/lab.js';
import type { Place } from '../lab/topology.js';

/** Milliseconds after which what has not come is taken to be lost. */
const PATIENCE = 1_500;
const BURST = { count: 5, size: 100, quiet: PATIENCE, timeout: 2 * PATIENCE };

/**
 * An error, of no packet that anybody has sent, from the host to the client: too big (type 2), 1280 bytes. Its checksum
 * is the kernel's work.
 */
const TOO_BIG = `
import socket, struct, sys
client, host = (socket.inet_pton(socket.AF_INET6, address) for address in sys.argv[1:3])
header = struct.pack('!IHBB', 0x60000000, 20, 6, 64) + client + host
raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
raw.sendto(struct.pack('!BBHI', 2, 0, 0, 1280) + header + struct.pack('!HHIIHHHH', 9, 9, 1, 0, 0x5010, 0, 0, 0), (sys.argv[1], 0))
`;

describe('the firewall of a client', { skip: labSkip('ours') }, () => {
  let lab: Lab;
  let client: RunningClient;
  let configFile: string;

  before(async () => {
    lab = await createLab({ nats: ['port-restricted'] });
    await lab.startServer('ours');
    await lab.startRelay('ours');
    client = await lab.startClient(0, 'ours', { config: { Firewall: 'yes' } });
    configFile = client.program.argv[client.program.argv.indexOf('-c') + 1] ?? '';
    for (const place of [lab.host, lab.client(0)]) await lab.agent(place).ask('serve', {});
  });
  after(() => lab?.dispose());

  const host = (): string => lab.host.ipv6[0] ?? '';

  /** Whether the echo of a TCP connection comes back whole. */
  const connects = async (from: Place, address: string, bytes = 1000): Promise<boolean> => {
    const asked = lab.agent(from).ask('transfer', { address, bytes, timeout: PATIENCE });
    return asked.then(({ intact }) => intact).catch(() => false);
  };

  const arrive = async (): Promise<number> => {
    const { burst } = await lab.agent(lab.host).ask('burst', { address: client.address, ...BURST });
    return (await lab.agent(lab.client(0)).ask('arrivals', { burst })).length;
  };

  const rules = async (): Promise<string> => (await lab.run(lab.client(0), ['nft', 'list', 'ruleset'])).stdout;

  async function configure(change: (text: string) => string): Promise<void> {
    const text = readFileSync(configFile, 'utf8');
    const loads = (): number => client.program.log().split('configuration loaded again').length;
    const count = loads();
    writeFileSync(configFile, change(text));
    client.program.signal('SIGHUP');
    await waitFor('the reload', () => loads() > count || undefined, { timeout: 10_000 });
  }

  test('lets in the answers to what the client sends, and pings, and nothing else', async () => {
    assert.equal((await lab.ping(lab.host, client.address, { count: 3 })).received, 3);
    assert.ok(await connects(lab.client(0), host(), 300_000), 'TCP');
    const sent = await lab.agent(lab.client(0)).ask('burst', { address: host(), ...BURST });
    assert.equal(sent.returned.length, BURST.count, 'UDP');
    assert.equal(await connects(lab.host, client.address), false);
    assert.equal(await arrive(), 0);
    assert.match(await rules(), /counter refused \{\s+packets [1-9]/);
  });

  test('lets in that a packet is too big, whatever it is about', async () => {
    const count = (): number =>
      Number(/Icmp6InPktTooBigs\s+(\d+)/.exec(readFileSync(`/proc/${client.program.pid}/net/snmp6`, 'utf8'))?.[1]);
    const earlier = count();
    await lab.run(lab.host, ['python3', '-c', TOO_BIG, client.address, host()]);
    await waitFor('the error to arrive', () => count() > earlier || undefined, { timeout: PATIENCE });
  });

  test('opens ports, and ranges of them, and closes them', async () => {
    const open = `${ECHO_TCP_PORT}/tcp,${ECHO_UDP_PORT - 5}-${ECHO_UDP_PORT + 5}/udp`;
    await configure((text) => `${text}FirewallOpen ${open}\n`);
    await waitForRules((text) => text.includes('udp dport 7002-7012 accept'));
    assert.ok(await connects(lab.host, client.address), 'TCP');
    assert.equal(await arrive(), BURST.count, 'UDP');
    const closed = lab
      .agent(lab.host)
      .ask('fetch', { url: `http://[${client.address}]:${HTTP_PORT}/`, timeout: PATIENCE });
    await assert.rejects(closed, /no answer/);
    await configure((text) => text.replace(/^FirewallOpen .*\n/m, ''));
    await waitForRules((text) => !text.includes('dport'));
    assert.equal(await connects(lab.host, client.address), false);
    assert.equal(client.program.log().split('qualified: ').length, 2, 'the tunnel stays');
  });

  test('connections stay when the ports are others', async () => {
    let isUnderWay = true;
    const transfer = connects(lab.client(0), host(), 150_000_000).finally(() => {
      isUnderWay = false;
    });
    await configure((text) => `${text}FirewallOpen 22/tcp\n`);
    await waitForRules((text) => text.includes('tcp dport 22 accept'));
    assert.ok(isUnderWay, 'it is longer than that');
    assert.ok(await transfer);
  });

  test('whatever the interface is called', async () => {
    const rename = async (from: string, to: string): Promise<void> => {
      const { code, stderr } = await lab.run(lab.client(0), ['ip', 'link', 'set', from, 'name', to]);
      assert.equal(code, 0, stderr);
    };
    await rename(INTERFACE, 'other');
    assert.equal((await lab.ping(lab.host, client.address)).received, 1, 'packets come in');
    assert.equal(await connects(lab.host, client.address), false);
    await rename('other', INTERFACE);
  });

  async function waitForRules(isAsWanted: (text: string) => boolean): Promise<void> {
    let isThere = false;
    const end = performance.now() + 10_000;
    while (!isThere && performance.now() < end) isThere = isAsWanted(await rules());
    assert.ok(isThere, await rules());
  }
});
