/** A VPN that the real NetworkManager brings up, with the real OpenVPN at both ends. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { NETWORK_CONF } from '../../daemon/config/network-conf.js';
import { DispatcherEvents } from './dispatcher-events.js';
import { Laptop } from './laptop.js';
import { ALWAYS, startManaged } from './managed.js';
import { enterNetworkManagerStage, nmcli } from './network-manager-stage.js';
import { CABLE } from './network-world.js';
import { call, property } from './private-bus.js';

const SKIP = { skip: enterNetworkManagerStage(import.meta.url, ['networks', 'vpn']) };
const OPTIONS = { timeout: 90_000 };
const VPN = 'Work VPN';

describe('a laptop with a VPN', SKIP, () => {
  const laptop = new Laptop();
  before(async () => {
    const wire = `type ethernet ifname ${CABLE} con-name wire ipv6.method disabled autoconnect no`;
    nmcli('connection', 'add', ...wire.split(' '));
    const { key, own, peer, gateway } = laptop.world.startVpn();
    const data = `connection-type=static-key,static-key=${key},remote=${gateway},local-ip=${own},remote-ip=${peer}`;
    const words = 'type vpn vpn-type openvpn autoconnect no ipv6.method disabled con-name'.split(' ');
    nmcli('connection', 'add', ...words, VPN, 'vpn.data', `${data},cipher=AES-256-CBC,dev-type=tun`);
    nmcli('connection', 'up', 'wire');
  });

  test('is the way to the server, and is not any more', OPTIONS, async (t) => {
    const daemon = await startManaged(t, ALWAYS);
    await daemon.line(/qualified: .* mapped 192\.0\.2\./);
    const events = new DispatcherEvents(t);
    await events.ready();
    nmcli('connection', 'up', VPN);
    await daemon.line(/qualified: .* mapped 203\.0\.113\.66:/);
    await events.told('vpn-up', 'tun0');
    nmcli('connection', 'down', VPN);
    await daemon.line(/qualified: .* mapped 192\.0\.2\./, 2);
    await events.told('vpn-down', 'tun0');
  });

  test('comes and goes beside the way to the server: nothing happens', OPTIONS, async (t) => {
    const daemon = await startManaged(t);
    await daemon.line(/qualified: /);
    const events = new DispatcherEvents(t);
    await events.ready();
    nmcli('connection', 'modify', VPN, 'ipv4.never-default', 'yes');
    t.after(() => nmcli('connection', 'modify', VPN, 'ipv4.never-default', 'no'));
    const asked = laptop.world.countDatagrams();
    for (const [what, action] of [
      ['up', 'vpn-up'],
      ['down', 'vpn-down'],
    ] as const) {
      nmcli('connection', what, VPN);
      await events.told(action);
      // Answered when it has been looked at.
      assert.equal((await call('root', 'NetworkEvent', 'ssa{sv}', action, 'tun0', '0')).code, 0);
    }
    assert.equal(daemon.lines.filter((line) => /qualified: |lost/.test(line)).length, 1, daemon.lines.join('\n'));
    assert.equal(asked(), 0);
  });

  test('is opted out, and goes before the connection below it', OPTIONS, async (t) => {
    const daemon = await startManaged(t, '[connection "wire"]\nPolicy = always\n');
    await daemon.line(/qualified: /);
    assert.equal(await property('NetworkPolicy'), 's "always"');
    writeFileSync(NETWORK_CONF, `[connection "wire"]\nPolicy = always\n[connection "${VPN}"]\nPolicy = never\n`);
    daemon.signal('SIGHUP');
    await daemon.line(/configuration loaded again/);
    nmcli('connection', 'up', VPN);
    await daemon.line(/waiting: "Policy = never" for the connection Work VPN/);
    nmcli('connection', 'down', VPN);
    await daemon.line(/qualified: .* mapped 192\.0\.2\./, 2);
  });
});
