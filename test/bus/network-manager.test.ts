/**
 * A laptop's day with the real NetworkManager, its dispatcher and DHCP: the daemon as the package runs it, and a real
 * server behind a router.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hasNativeIpv6 } from '../../daemon/io/native-ipv6.js';
import { formatState } from '../../daemon/service/servers/saved-state.js';
import { STATE_FILE } from '../../daemon/service/servers/state-file.js';
import { PRIMARY, type Running, Stage } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { ip } from '../support/tun.js';
import {
  enterNetworkManagerStage,
  installNetworkManagerPolicies,
  installOurFiles,
  nmcli,
  type RunningNetworkManager,
  startNetworkManager,
  stateOfDevice,
} from './network-manager-stage.js';
import { CABLE, NetworkWorld } from './network-world.js';
import { as, call, FRIEND, property, STRANGER, startBus, startPolkit, stopBus, stopPolkit } from './private-bus.js';

const SKIP = { skip: enterNetworkManagerStage(import.meta.url, ['networks']) };
const OPTIONS = { timeout: 60_000 };
const RULES = '/etc/miredo/network.conf';
const CTL = fileURLToPath(new URL('../../bin/miredoctl.js', import.meta.url));
const WIRE = 'The Wire [1]';

describe('a laptop', SKIP, () => {
  let world: NetworkWorld;
  let manager: RunningNetworkManager;

  before(async () => {
    world = new NetworkWorld();
    await world.startServer();
    await world.startDhcp('192.0.2');
    installNetworkManagerPolicies();
    installOurFiles();
    await startBus();
    await startPolkit();
    manager = await startNetworkManager('');
    const words = `type ethernet ifname ${CABLE} ipv6.method auto ipv6.addr-gen-mode eui64 autoconnect no`.split(' ');
    nmcli('connection', 'add', 'con-name', WIRE, ...words);
  });

  after(async () => {
    await manager.stop();
    await stopPolkit();
    await stopBus();
    await world.close();
  });

  const uuid = (): string => nmcli('-g', 'connection.uuid', 'connection', 'show', WIRE).trim();
  const up = (): string => nmcli('connection', 'up', WIRE);
  const down = (): string => nmcli('connection', 'down', WIRE);

  /** A daemon that was left started, with these rules; without its tunnel's connection when the test ends. */
  async function start(t: TestContext, rules = ''): Promise<Running> {
    writeFileSync(RULES, rules);
    t.after(() => rmSync(RULES, { force: true }));
    writeFileSync(STATE_FILE, formatState({ enabled: true, choice: undefined, servers: [] }));
    const daemon = new Stage(t).start('miredo', { config: `ServerAddress ${PRIMARY}\n`, words: ['--managed'] });
    t.signal.addEventListener('abort', () => console.error(daemon.lines.join('\n')));
    await daemon.line(/on the message bus/);
    return daemon;
  }

  test('is plugged in, pulled out, and plugged in again', OPTIONS, async (t) => {
    const daemon = await start(t);
    await daemon.line(/waiting: There is no IPv4 network yet/);
    up();
    t.after(down);
    await daemon.line(/qualified: /);
    assert.match(await stateOfDevice('teredo'), /unmanaged/);
    assert.equal(await property('NetworkPolicy'), 's "automatic"');
    down();
    await daemon.line(/waiting: There is no IPv4 network yet/, 2);
    up();
    await daemon.line(/qualified: /, 2);
  });

  test('gets another address, and is told of it', OPTIONS, async (t) => {
    const daemon = await start(t);
    up();
    t.after(down);
    await daemon.line(/qualified: .* mapped 192\.0\.2\./);
    await world.startDhcp('198.51.100');
    t.after(() => world.startDhcp('192.0.2'));
    const changed = eventSeen('dhcp4-change', CABLE);
    // Too short for NetworkManager to take it for the end; long enough that it asks whether its lease still holds.
    world.plug(false);
    await waitFor('no carrier', () => /NO-CARRIER/.test(ip('link', 'show', CABLE)) || undefined, { timeout: 5_000 });
    world.plug(true);
    await daemon.line(/qualified: .* mapped 198\.51\.100\./);
    await changed;
  });

  test('what changes nothing of the way to the server disturbs nobody', OPTIONS, async (t) => {
    const daemon = await start(t);
    up();
    t.after(down);
    await daemon.line(/qualified: /);
    const asked = world.countDatagrams();
    for (const action of ['dhcp4-change', 'connectivity-change', 'up']) {
      const { code, stderr } = await call('root', 'NetworkEvent', 'ssa{sv}', action, CABLE, '0');
      assert.equal(code, 0, stderr);
    }
    assert.equal(asked(), 0);
    assert.equal(await property('State'), 's "qualified"');
    assert.equal(daemon.lines.filter((line) => /qualifying|lost/.test(line)).length, 2, daemon.lines.join('\n'));
  });

  test('a word of the network makes a client that waits try at once', OPTIONS, async (t) => {
    const daemon = await start(t);
    world.pauseServer();
    t.after(() => world.resumeServer());
    up();
    t.after(down);
    await daemon.line(/failed: .* Next try in/);
    world.resumeServer();
    await call('root', 'NetworkEvent', 'ssa{sv}', 'connectivity-change', 'none', '0');
    assert.match(
      daemon.lines.slice(daemon.lines.findIndex((line) => /failed: /.test(line))).join(),
      /qualifying|resolving/,
    );
    await daemon.line(/qualified: /);
  });

  test('has native IPv6 for a while', OPTIONS, async (t) => {
    const daemon = await start(t);
    up();
    t.after(down);
    await daemon.line(/qualified: /);
    world.startIpv6();
    t.after(() => world.stopIpv6());
    await daemon.line(/waiting: The network has IPv6 of its own; .*"Policy = always"/);
    assert.match(ip('-6', 'route', 'show', 'default'), new RegExp(`dev ${CABLE} `));
    assert.match(await property('StateReason'), /"native-ipv6"/);
    const { code, stderr } = await as('root', CTL, 'start');
    assert.deepEqual([code, /IPv6 of its own/.test(stderr)], [4, true], stderr);
    await world.stopIpv6();
    await daemon.line(/qualified: /, 2);
  });

  test(
    'has native IPv6 from the start: no packet leaves for the server, unless it is always wanted',
    OPTIONS,
    async (t) => {
      world.startIpv6();
      t.after(() => world.stopIpv6());
      up();
      t.after(down);
      await waitFor('native IPv6', () => hasNativeIpv6('teredo') || undefined, { timeout: 20_000 });
      const asked = world.countDatagrams();
      const daemon = await start(t);
      await daemon.line(/waiting: The network has IPv6 of its own/);
      assert.equal(asked(), 0);
      writeFileSync(RULES, 'Policy = always\n');
      daemon.signal('SIGHUP');
      await daemon.line(/qualified: /);
      assert.equal(await property('NetworkPolicy'), 's "always"');
    },
  );

  /** How a connection is opted out, and what the tunnel says. */
  const OUT: Readonly<Record<string, { rules: () => string; says: RegExp }>> = {
    'by its id': {
      rules: () => `[connection "${WIRE}"]\nPolicy = never\n`,
      says: /connection The Wire \[1\] \(.*network\.conf:2\)/,
    },
    'by its uuid': {
      rules: () => `\n[connection ${uuid()}]\npolicy=never\n`,
      says: /connection The Wire \[1\] \(.*network\.conf:3\)/,
    },
    'with all others': { rules: () => 'Policy = never\n', says: /"Policy = never" in .*network\.conf keeps/ },
  };
  for (const [how, { rules, says }] of Object.entries(OUT)) {
    test(`is on a connection that is opted out ${how}: no packet leaves for the server`, OPTIONS, async (t) => {
      up();
      t.after(down);
      const asked = world.countDatagrams();
      const daemon = await start(t, rules());
      assert.match(await daemon.line(/waiting: /), says);
      assert.match(await property('StateReason'), /"network-policy"/);
      assert.equal(await property('NetworkPolicy'), 's "never"');
      assert.equal(asked(), 0);
      writeFileSync(RULES, 'Policy = nevr\n');
      daemon.signal('SIGHUP');
      await daemon.line(/network\.conf:1: Policy: "nevr" is none of automatic, always, never; did you mean never\?/);
      await daemon.line(/network\.conf has errors \(above\): the rules from before stay in force/);
      rmSync(RULES);
      daemon.signal('SIGHUP');
      await daemon.line(/qualified: /);
    });
  }

  test('comes to a connection that is opted out by its user data, and leaves it', OPTIONS, async (t) => {
    const file = '/etc/NetworkManager/system-connections/office.nmconnection';
    const keyfile = [
      `[connection]\nid=Office\ntype=ethernet\ninterface-name=${CABLE}\nautoconnect=false`,
      '[user]\norg.miredo=never',
      '[ipv6]\nmethod=disabled',
    ];
    writeFileSync(file, `${keyfile.join('\n')}\n`, { mode: 0o600 });
    nmcli('connection', 'load', file);
    t.after(() => nmcli('connection', 'delete', 'Office'));
    const daemon = await start(t);
    up();
    await daemon.line(/qualified: /);
    const asked = world.countDatagrams();
    nmcli('connection', 'up', 'Office');
    await daemon.line(/waiting: The user data of the connection Office \(org\.miredo=never\) keep the tunnel off/);
    assert.equal(asked(), 0);
    up();
    t.after(down);
    await daemon.line(/qualified: /, 2);
  });

  test('is told by root, and by whom polkit allows it', OPTIONS, async (t) => {
    await start(t);
    const tell = (user: string) => call(user, 'NetworkEvent', 'ssa{sv}', 'up', CABLE, '0');
    assert.equal((await tell('root')).code, 0);
    assert.equal((await tell(FRIEND)).code, 0);
    assert.match((await tell(STRANGER)).stderr, /polkit does not allow this|password is needed/);
  });
});

/** Resolves when the dispatcher's script has told of an event: the call is seen on the bus. */
function eventSeen(action: string, device: string): Promise<void> {
  const match = "type='method_call',interface='org.miredo.Client1',member='NetworkEvent'";
  const monitor = spawn('dbus-monitor', ['--system', match], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  return new Promise((resolve) => {
    monitor.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (!text.includes(`string "${action}"\n   string "${device}"`)) return;
      monitor.kill();
      resolve();
    });
  });
}
