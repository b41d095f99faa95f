/**
 * A laptop's day with the real NetworkManager, its dispatcher and DHCP: the daemon as the package runs it, and a real
 * server behind a router.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NETWORK_CONF } from '../../daemon/config/network-conf.js';
import { hasNativeIpv6 } from '../../daemon/io/native-ipv6.js';
import { fileOf } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { ip } from '../support/tun.js';
import { DispatcherEvents } from './dispatcher-events.js';
import { Laptop } from './laptop.js';
import { ALWAYS, startManaged } from './managed.js';
import { checkConnectivity, enterNetworkManagerStage, nmcli, stateOfDevice } from './network-manager-stage.js';
import { CABLE } from './network-world.js';
import { as, call, FRIEND, installActivation, property, STRANGER } from './private-bus.js';

const SKIP = { skip: enterNetworkManagerStage(import.meta.url, ['networks']) };
const OPTIONS = { timeout: 60_000 };
const DAEMON = fileOf('miredo');
const CTL = fileURLToPath(new URL('../../bin/miredoctl.js', import.meta.url));
const WIRE = 'The Wire [1]';

describe('a laptop', SKIP, () => {
  const laptop = new Laptop();
  before(async () => {
    const words = `type ethernet ifname ${CABLE} ipv6.method auto ipv6.addr-gen-mode eui64 autoconnect no`.split(' ');
    nmcli('connection', 'add', 'con-name', WIRE, ...words);
  });

  const uuid = (): string => nmcli('-g', 'connection.uuid', 'connection', 'show', WIRE).trim();
  const up = (): string => nmcli('connection', 'up', WIRE);
  const down = (): string => nmcli('connection', 'down', WIRE);

  test('is plugged in, pulled out, and plugged in again', OPTIONS, async (t) => {
    const daemon = await startManaged(t);
    await daemon.line(/waiting: There is no IPv4 network yet/);
    const events = new DispatcherEvents(t);
    await events.ready();
    up();
    t.after(down);
    for (const action of ['up', 'dhcp4-change']) await events.told(action, CABLE);
    await daemon.line(/qualified: /);
    assert.match(await stateOfDevice('teredo'), /unmanaged/);
    assert.equal(await property('NetworkPolicy'), 's "automatic"');
    down();
    await events.told('down', CABLE);
    await daemon.line(/waiting: There is no IPv4 network yet/, 2);
    up();
    await daemon.line(/qualified: /, 2);
  });

  test('gets another address', OPTIONS, async (t) => {
    const daemon = await startManaged(t, ALWAYS);
    up();
    t.after(down);
    await daemon.line(/qualified: .* mapped 192\.0\.2\./);
    await laptop.world.startDhcp('198.51.100');
    t.after(() => laptop.world.startDhcp('192.0.2'));
    await daemon.line(/qualified: .* mapped 198\.51\.100\./);
  });

  test('hears of what changes nothing of the way to the server: nothing happens', OPTIONS, async (t) => {
    const daemon = await startManaged(t, ALWAYS);
    up();
    t.after(down);
    await daemon.line(/qualified: /);
    const asked = laptop.world.countDatagrams();
    for (const [action, device] of [
      ['dhcp4-change', CABLE],
      ['connectivity-change', ''],
      ['up', CABLE],
    ] as const) {
      const { code, stderr } = await call('root', 'NetworkEvent', 'ssa{sv}', action, device, '0');
      assert.equal(code, 0, stderr);
    }
    assert.equal(asked(), 0);
    assert.equal(await property('State'), 's "qualified"');
    assert.equal(daemon.lines.filter((line) => /qualifying|lost/.test(line)).length, 2, daemon.lines.join('\n'));
  });

  test('is let through by a portal, say: a client that waits for its next try begins anew', OPTIONS, async (t) => {
    const daemon = await startManaged(t, ALWAYS, '203.0.113.99');
    up();
    t.after(down);
    await daemon.line(/failed: .* Next try in 5 s/);
    await call('root', 'NetworkEvent', 'ssa{sv}', 'connectivity-change', '', '0');
    // By itself it would have waited, and would wait longer after that.
    assert.match(await daemon.line(/failed: /, 2), /Next try in 5 s/);
  });

  test('has native IPv6 for a while', OPTIONS, async (t) => {
    const daemon = await startManaged(t);
    up();
    t.after(down);
    await daemon.line(/qualified: /);
    laptop.world.startIpv6();
    t.after(() => laptop.world.stopIpv6());
    await daemon.line(/waiting: The network has IPv6 of its own; .*"Policy = always"/);
    assert.match(ip('-6', 'route', 'show', 'default'), new RegExp(`dev ${CABLE} `));
    assert.match(await property('StateReason'), /"native-ipv6"/);
    const { code, stderr } = await as('root', CTL, 'start');
    assert.deepEqual([code, /IPv6 of its own/.test(stderr)], [4, true], stderr);
    await laptop.world.stopIpv6();
    await daemon.line(/qualified: /, 2);
  });

  test(
    'has native IPv6 from the start: no packet leaves for the server, unless it is always wanted',
    OPTIONS,
    async (t) => {
      laptop.world.startIpv6();
      t.after(() => laptop.world.stopIpv6());
      up();
      t.after(down);
      await waitFor('native IPv6', () => hasNativeIpv6('teredo') || undefined, { timeout: 20_000 });
      const asked = laptop.world.countDatagrams();
      const daemon = await startManaged(t);
      await daemon.line(/waiting: The network has IPv6 of its own/);
      assert.equal(asked(), 0);
      writeFileSync(NETWORK_CONF, 'Policy = always\n');
      daemon.signal('SIGHUP');
      await daemon.line(/qualified: /);
      assert.equal(await property('NetworkPolicy'), 's "always"');
    },
  );

  test('comes to a network with both, where IPv4 works first: no packet leaves for the server', OPTIONS, async (t) => {
    laptop.world.startIpv6();
    t.after(() => laptop.world.stopIpv6());
    const daemon = await startManaged(t);
    await daemon.line(/waiting: There is no IPv4 network yet/);
    const asked = laptop.world.countDatagrams();
    up();
    t.after(down);
    await daemon.line(/waiting: The network has IPv6 of its own/);
    assert.equal(asked(), 0, daemon.lines.join('\n'));
  });

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
      const asked = laptop.world.countDatagrams();
      const daemon = await startManaged(t, rules());
      assert.match(await daemon.line(/waiting: /), says);
      assert.match(await property('StateReason'), /"network-policy"/);
      assert.equal(await property('NetworkPolicy'), 's "never"');
      assert.equal(asked(), 0);
      writeFileSync(NETWORK_CONF, 'Policy = nevr\n');
      daemon.signal('SIGHUP');
      await daemon.line(/network\.conf:1: Policy: "nevr" is none of automatic, always, never; did you mean never\?/);
      await daemon.line(/network\.conf has errors \(above\): the rules from before stay in force/);
      rmSync(NETWORK_CONF);
      daemon.signal('SIGHUP');
      await daemon.line(/qualified: /);
    });
  }

  test('is opted out while NetworkManager does not answer: nothing is sent until it does', OPTIONS, async (t) => {
    up();
    t.after(() => laptop.resumeManager());
    t.after(down);
    const asked = laptop.world.countDatagrams();
    laptop.pauseManager();
    const daemon = await startManaged(t, `[connection "${WIRE}"]\nPolicy = never\n`);
    await daemon.line(/NetworkManager runs and does not answer; nothing is sent to a server until/);
    assert.equal(await property('State'), 's "resolving"');
    laptop.resumeManager();
    await daemon.line(/waiting: "Policy = never" for the connection The Wire \[1\]/);
    assert.equal(asked(), 0, daemon.lines.join('\n'));
    laptop.pauseManager();
    assert.equal((await call('root', 'NetworkEvent', 'ssa{sv}', 'up', CABLE, '0')).code, 0);
    await daemon.line(/NetworkManager runs and does not answer; what it has said before stays in force/);
    assert.equal(asked(), 0, daemon.lines.join('\n'));
  });

  test('comes to a connection that is opted out by its user data, and leaves it', OPTIONS, async (t) => {
    const office = (word: string): void => {
      const file = '/etc/NetworkManager/system-connections/office.nmconnection';
      const keyfile = [
        `[connection]\nid=Office\ntype=ethernet\ninterface-name=${CABLE}\nautoconnect=false`,
        `[user]\norg.miredo=${word}`,
        '[ipv6]\nmethod=disabled',
      ];
      writeFileSync(file, `${keyfile.join('\n')}\n`, { mode: 0o600 });
      nmcli('connection', 'load', file);
    };
    office('never');
    t.after(() => nmcli('connection', 'delete', 'Office'));
    const daemon = await startManaged(t);
    up();
    await daemon.line(/qualified: /);
    nmcli('connection', 'up', 'Office');
    await daemon.line(/waiting: The user data of the connection Office \(org\.miredo=never\) keep the tunnel off/);
    // As the sentence advises: they are changed, and the daemon loads its configuration again.
    office('always');
    daemon.signal('SIGHUP');
    await daemon.line(/network policy: always, by the user data of the connection Office/);
    office('never');
    daemon.signal('SIGHUP');
    await daemon.line(/waiting: The user data of the connection Office/, 2);
    const qualified = daemon.lines.filter((line) => /qualified: /.test(line)).length;
    up();
    t.after(down);
    await daemon.line(/qualified: /, qualified + 1);
  });

  test('tells a user without privilege what the daemon asks, as which the package runs it', OPTIONS, async (t) => {
    up();
    t.after(down);
    const name = 'org.freedesktop.NetworkManager';
    const path = '/org/freedesktop/NetworkManager';
    const ask = async (...words: string[]): Promise<string> => {
      const { code, stdout, stderr } = await as(STRANGER, 'busctl', '--system', ...words);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await ask('call', name, path, name, 'GetDeviceByIpIface', 's', CABLE);
    await ask('get-property', name, path, name, 'ActiveConnections');
    const paths = nmcli('-g', 'GENERAL.DBUS-PATH,GENERAL.CON-PATH', 'connection', 'show', WIRE).trim().split('\n');
    const [active = '', settings = ''] = paths;
    const owner = `${name}.Connection.Active`;
    const all = await ask('call', name, active, 'org.freedesktop.DBus.Properties', 'GetAll', 's', owner);
    assert.match(all, /"The Wire \[1\]"/);
    await ask('call', name, settings, `${name}.Settings.Connection`, 'GetSettings');
  });

  test('has a script that tells what matters, and does not start a daemon for it', OPTIONS, async (t) => {
    installActivation(DAEMON);
    const tell = (device: string, action: string) =>
      as('root', '/usr/lib/NetworkManager/dispatcher.d/90-miredo', device, action);
    const events = new DispatcherEvents(t);
    await events.ready();
    assert.deepEqual(await tell(CABLE, 'up'), { code: 0, stdout: '', stderr: '' });
    const owner = await as('root', 'busctl', 'status', 'org.miredo');
    assert.notEqual(owner.code, 0, 'it has started one');
    await startManaged(t);
    for (const [device, action] of [
      [CABLE, 'pre-up'],
      [CABLE, 'hostname'],
      ['teredo', 'up'],
      [CABLE, 'vpn-up'],
    ] as const) {
      assert.deepEqual(await tell(device, action), { code: 0, stdout: '', stderr: '' });
    }
    await events.told('vpn-up', CABLE);
    assert.doesNotMatch(events.text, /pre-up|hostname|teredo"/);
  });

  test('has its settings reapplied, and gets into a portal: NetworkManager tells of both', OPTIONS, async (t) => {
    await startManaged(t, ALWAYS);
    const events = new DispatcherEvents(t);
    await events.ready();
    up();
    t.after(down);
    nmcli('device', 'reapply', CABLE);
    await events.told('reapply', CABLE);
    await laptop.world.startPortal();
    const told = events.count('connectivity-change', '');
    checkConnectivity(true);
    t.after(() => checkConnectivity(false));
    assert.equal(nmcli('networking', 'connectivity', 'check').trim(), 'portal');
    await events.told('connectivity-change', '', told + 1);
  });

  test('is told by root, and by whom polkit allows it', OPTIONS, async (t) => {
    await startManaged(t);
    const tell = (user: string) => call(user, 'NetworkEvent', 'ssa{sv}', 'up', CABLE, '0');
    assert.equal((await tell('root')).code, 0);
    assert.equal((await tell(FRIEND)).code, 0);
    assert.match((await tell(STRANGER)).stderr, /polkit does not allow this|password is needed/);
  });
});
