/** Without NetworkManager: what the kernel tells is enough, whoever sets the network up. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hasNativeIpv6 } from '../../daemon/io/native-ipv6.js';
import { waitFor } from '../lab/kernel-view.js';
import { missingSentence } from '../lab/needed-programs.js';
import { coverEtc, isForeignRoot } from '../support/private-etc.js';
import { ip } from '../support/tun.js';
import { ALWAYS, startManaged } from './managed.js';
import { CABLE, NetworkWorld } from './network-world.js';
import { enterBusStage, property, provideBus } from './private-bus.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NETWORKD = '/lib/systemd/systemd-networkd';
const NETWORKS = '/etc/systemd/network';
const UNMANAGED = '05-miredo.network';

/** What these programs write is not to be the machine's. */
function cover(): void {
  if (isForeignRoot()) return;
  coverEtc();
  execFileSync('mount', ['-t', 'sysfs', '-o', 'ro', 'sysfs', '/sys']);
  for (const place of [NETWORKS, '/etc/network', '/var/lib/dhcp']) {
    if (existsSync(place)) execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', place]);
  }
}

const missing = missingSentence(['networks']);
const reason = missing ?? enterBusStage(import.meta.url, [], cover);
const SKIP = { skip: reason || (isForeignRoot() && 'these programs want a real root') };
const OPTIONS = { timeout: 60_000 };

describe('a host without NetworkManager', SKIP, () => {
  let world: NetworkWorld;

  before(async () => {
    world = new NetworkWorld();
    await world.startServer();
    await world.startDhcp('192.0.2');
  });
  provideBus();

  after(async () => {
    await world.close();
  });

  test('whose network is set up by hand', OPTIONS, async (t) => {
    const daemon = await startManaged(t);
    await daemon.line(/waiting: There is no IPv4 network yet/);
    t.after(() => ip('address', 'flush', 'dev', CABLE));
    t.after(() => ip('link', 'set', CABLE, 'down'));
    ip('link', 'set', CABLE, 'up');
    ip('address', 'add', '192.0.2.9/24', 'dev', CABLE);
    ip('route', 'add', 'default', 'via', '192.0.2.1');
    await daemon.line(/qualified: .* mapped 192\.0\.2\.9:/);
    ip('address', 'add', '2001:db8:9::9/64', 'dev', CABLE, 'nodad');
    ip('-6', 'route', 'add', 'default', 'via', '2001:db8:9::1');
    await daemon.line(/waiting: The network has IPv6 of its own/);
    assert.match(await property('StateReason'), /"native-ipv6"/);
    ip('-6', 'route', 'del', 'default', 'via', '2001:db8:9::1');
    await daemon.line(/qualified: /, 2);
    ip('address', 'del', '192.0.2.9/24', 'dev', CABLE);
    await daemon.line(/waiting: There is no IPv4 network yet/, 2);
  });

  test('whose kernel heeds router advertisements; one that is gone for a moment is not', OPTIONS, async (t) => {
    t.after(() => ip('address', 'flush', 'dev', CABLE));
    t.after(() => ip('link', 'set', CABLE, 'down'));
    ip('link', 'set', CABLE, 'up');
    ip('address', 'add', '192.0.2.9/24', 'dev', CABLE);
    ip('route', 'add', 'default', 'via', '192.0.2.1');
    const daemon = await startManaged(t);
    await daemon.line(/qualified: /);
    world.startIpv6();
    t.after(() => world.stopIpv6());
    await daemon.line(/waiting: The network has IPv6 of its own/);
    const isNative = (is: boolean): Promise<boolean> =>
      waitFor(`native IPv6: ${is}`, () => hasNativeIpv6('teredo') === is || undefined, { timeout: 20_000 });
    await world.stopIpv6();
    await isNative(false);
    world.startIpv6();
    await isNative(true);
    // It is heard in the order in which it has happened.
    await world.stopIpv6();
    await daemon.line(/qualified: /, 2);
    assert.equal(daemon.lines.filter((line) => /lost: /.test(line)).length, 1, daemon.lines.join('\n'));
  });

  /** What is there first. */
  for (const first of ['the daemon', 'the network, on a machine that has just been switched on'] as const) {
    test(`whose IPv4 is there before the first advertisement, after ${first}: no packet leaves`, OPTIONS, async (t) => {
      const isBooting = first !== 'the daemon';
      world.startIpv6();
      t.after(() => world.stopIpv6());
      const asked = world.countDatagrams();
      let daemon = isBooting ? undefined : await startManaged(t);
      await daemon?.line(/waiting: There is no IPv4 network yet/);
      t.after(() => ip('address', 'flush', 'dev', CABLE));
      t.after(() => ip('link', 'set', CABLE, 'down'));
      ip('link', 'set', CABLE, 'up');
      ip('address', 'add', '192.0.2.9/24', 'dev', CABLE);
      ip('route', 'add', 'default', 'via', '192.0.2.1');
      if (isBooting) bootNow(t);
      daemon ??= await startManaged(t);
      await daemon.line(/waiting: The network has IPv6 of its own/);
      assert.equal(asked(), 0, daemon.lines.join('\n'));
    });
  }

  test('with ifupdown and dhclient', OPTIONS, async (t) => {
    const folders = ['if-pre-up', 'if-up', 'if-down', 'if-post-down'].map((name) => `/etc/network/${name}.d`);
    for (const place of [...folders, '/run/network']) mkdirSync(place, { recursive: true });
    writeFileSync('/etc/network/interfaces', `iface ${CABLE} inet dhcp\n`);
    const daemon = await startManaged(t, ALWAYS);
    await daemon.line(/waiting: There is no IPv4 network yet/);
    execFileSync('ifup', [CABLE], { stdio: 'ignore' });
    t.after(() => spawnSync('ifdown', ['--force', CABLE], { stdio: 'ignore' }));
    await daemon.line(/qualified: /);
    execFileSync('ifdown', [CABLE], { stdio: 'ignore' });
    await daemon.line(/waiting: There is no IPv4 network yet/, 2);
  });

  describe('with systemd-networkd', {
    skip: existsSync(NETWORKD) ? false : 'systemd-networkd is not installed',
  }, () => {
    test(
      'DHCP, native IPv6 and its end; the tunnel is left alone where it has a network for all',
      OPTIONS,
      async (t) => {
        writeFileSync(`${NETWORKS}/10-all.network`, '[Match]\nName=*\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=yes\n');
        copyFileSync(`${ROOT}packaging/systemd/${UNMANAGED}`, `${NETWORKS}/${UNMANAGED}`);
        await startNetworkd(t);
        const daemon = await startManaged(t);
        await daemon.line(/qualified: /);
        const index = ip('-o', 'link', 'show', 'teredo').split(':')[0];
        await waitFor('the link', () => linkState(index) === 'unmanaged' || undefined, { timeout: 10_000 });
        world.startIpv6();
        t.after(() => world.stopIpv6());
        await daemon.line(/waiting: The network has IPv6 of its own/);
        await world.stopIpv6();
        await daemon.line(/qualified: /, 2);
        assert.equal(linkState(index), 'unmanaged');
      },
    );
  });
});

/** For programs that are started from now on: the kernel's clock cannot be set. */
function bootNow(t: TestContext): void {
  const code = "import os from 'node:os'; os.uptime = () => 20 + performance.now() / 1000;";
  process.env['NODE_OPTIONS'] = `--import=data:text/javascript,${encodeURIComponent(code)}`;
  t.after(() => delete process.env['NODE_OPTIONS']);
}

async function startNetworkd(t: TestContext): Promise<void> {
  for (const place of ['links', 'leases', 'lldp']) mkdirSync(`/run/systemd/netif/${place}`, { recursive: true });
  execFileSync('chown', ['-R', 'systemd-network:systemd-network', '/run/systemd/netif']);
  const child: ChildProcess = spawn(NETWORKD, [], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  t.after(async () => {
    child.kill();
    await ended;
  });
}

/** As networkctl would show it, were there a bus name to ask. */
function linkState(index = ''): string | undefined {
  const file = `/run/systemd/netif/links/${index}`;
  return existsSync(file) ? /^ADMIN_STATE=(.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
}
