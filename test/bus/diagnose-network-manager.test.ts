/** The step `network-manager` against the real NetworkManager, which finds the tunnel's interface as on a desktop. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, describe, type TestContext, test } from 'node:test';
import { waitFor } from '../lab/kernel-view.js';
import { diagnosisOf, type RawFinding } from './asking.js';
import {
  enterNetworkManagerStage,
  installNetworkManagerPolicies,
  startNetworkManager,
  stateOfDevice,
} from './network-manager-stage.js';
import { provideBus } from './private-bus.js';
import { NO_IPV6_TEST, startTunnel } from './tunnel.js';

const OPTIONS = { skip: enterNetworkManagerStage(import.meta.url), timeout: 120_000 };

async function manage(t: TestContext, unmanaged: string): Promise<void> {
  const manager = await startNetworkManager(`[keyfile]\nunmanaged-devices=${unmanaged}`);
  t.after(() => manager.stop());
}

const ask = async (): Promise<RawFinding> => (await diagnosisOf('network-manager')).finding;

describe('NetworkManager', OPTIONS, () => {
  before(installNetworkManagerPolicies);
  provideBus();

  test('is not there', async (t) => {
    await startTunnel(t, NO_IPV6_TEST);
    const { verdict, sentence } = await ask();
    assert.deepEqual([verdict, sentence], ['skipped', 'NetworkManager does not run on this computer.']);
  });

  test('is told to leave the interface alone', async (t) => {
    await manage(t, 'interface-name:teredo');
    await startTunnel(t, NO_IPV6_TEST);
    await waitFor('it', async () => /unmanaged/.test(await stateOfDevice('teredo')) || undefined, { timeout: 20_000 });
    assert.deepEqual(await ask(), {
      verdict: 'ok',
      sentence: 'NetworkManager leaves the interface teredo alone.',
      remedy: undefined,
      command: undefined,
    });
  });

  test('looks on, as it does by itself; and the command makes it stop', async (t) => {
    await manage(t, 'interface-name:eth*');
    await startTunnel(t, NO_IPV6_TEST);
    await waitFor('it', async () => /externally/.test(await stateOfDevice('teredo')) || undefined, { timeout: 20_000 });
    const { verdict, sentence, command = '' } = await ask();
    assert.equal(verdict, 'warning', sentence);
    assert.match(sentence, /for now it only looks on/);
    execFileSync('sh', ['-c', command]);
    assert.equal((await ask()).verdict, 'ok');
    execFileSync('nmcli', ['device', 'set', 'teredo', 'managed', 'yes']);
    assert.match((await ask()).sentence, /does nothing with it/);
  });

  test('runs a connection of its own on it', async (t) => {
    await manage(t, 'interface-name:eth*');
    await startTunnel(t, NO_IPV6_TEST);
    await waitFor('it', async () => /externally/.test(await stateOfDevice('teredo')) || undefined, { timeout: 20_000 });
    // NetworkManager takes a device only as it would have made it itself.
    const device = 'type tun ifname teredo mode tun vnet-hdr yes';
    const words = `connection add ${device} con-name mine ipv4.method disabled autoconnect no`;
    const ipv6 = 'ipv6.method manual ipv6.addresses 2001:db8::7/64';
    execFileSync('nmcli', `${words} ${ipv6}`.split(' '), { stdio: 'ignore' });
    execFileSync('nmcli', ['-w', '20', 'connection', 'up', 'mine'], { stdio: 'ignore' });
    const { verdict, sentence, command } = await ask();
    assert.deepEqual([verdict, command], ['failed', 'nmcli device set teredo managed no'], sentence);
    assert.match(sentence, /takes the tunnel's address away/);
  });
});
