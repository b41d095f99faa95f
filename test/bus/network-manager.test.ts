/**
 * A laptop's day with the real NetworkManager, its dispatcher and DHCP: the daemon as the package runs it, and a real
 * server behind a router.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { formatState } from '../../daemon/service/servers/saved-state.js';
import { STATE_FILE } from '../../daemon/service/servers/state-file.js';
import { PRIMARY, type Running, Stage } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
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
import { call, property, startBus, startPolkit, stopBus, stopPolkit } from './private-bus.js';

const OPTIONS = { skip: enterNetworkManagerStage(import.meta.url, ['networks']), timeout: 120_000 };
const RULES = '/etc/miredo/network.conf';
const WIRE = 'The Wire [1]';

describe('a laptop', OPTIONS, () => {
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
    await daemon.line(/on the message bus/);
    return daemon;
  }

  test('is plugged in, pulled out, and plugged in again', async (t) => {
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
});
