/** The step `network-manager` against the real NetworkManager, which finds the tunnel's interface as on a desktop. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { waitFor } from '../lab/kernel-view.js';
import { diagnosisOf, type RawFinding } from './asking.js';
import {
  CONFIG_FOLDER,
  enterNetworkManagerStage,
  installNetworkManagerPolicies,
  installOurFiles,
  nmcli,
  removeOurFiles,
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

  test('is told so by our file, whatever a later one says of other devices', async (t) => {
    installOurFiles();
    t.after(removeOurFiles);
    // In the place of our words for the list, as "=" begins it anew.
    await manage(t, 'interface-name:eth*');
    await startTunnel(t, NO_IPV6_TEST);
    await waitFor('it', async () => /unmanaged/.test(await stateOfDevice('teredo')) || undefined, { timeout: 20_000 });
    assert.equal((await ask()).verdict, 'ok');
  });

  test('looks on, as it does by itself; and remedy and command make it stop', async (t) => {
    await manage(t, 'interface-name:eth*');
    await startTunnel(t, NO_IPV6_TEST);
    await waitFor('it', async () => /externally/.test(await stateOfDevice('teredo')) || undefined, { timeout: 20_000 });
    const { verdict, sentence, remedy = '', command = '' } = await ask();
    assert.equal(verdict, 'warning', sentence);
    assert.match(sentence, /for now it only looks on/);
    const file = join(CONFIG_FOLDER, '99-remedy.conf');
    const lines = [...remedy.matchAll(/"(.*?)"/g)].map(([, line]) => line);
    writeFileSync(file, `${lines.join('\n')}\n`);
    t.after(() => rmSync(file, { force: true }));
    nmcli('general', 'reload', 'conf');
    assert.equal((await ask()).verdict, 'ok', remedy);
    // It keeps NetworkManager's hands off one device, and lets it have those that it had.
    assert.match(await stateOfDevice('eth0'), /unmanaged/);
    rmSync(file);
    nmcli('general', 'reload', 'conf');
    assert.equal((await ask()).verdict, 'warning');
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
