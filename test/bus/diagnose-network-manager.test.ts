/** The step `network-manager` against the real NetworkManager, which finds the tunnel's interface as on a desktop. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { before, describe, type TestContext, test } from 'node:test';
import { waitFor } from '../lab/kernel-view.js';
import { missingSentence } from '../lab/needed-programs.js';
import { isForeignRoot } from '../support/private-etc.js';
import { diagnosisOf, type RawFinding } from './asking.js';
import { as, enterBusStage, provideBus, waitForName } from './private-bus.js';
import { NO_IPV6_TEST, startTunnel } from './tunnel.js';

const POLICY = '/usr/share/dbus-1/system.d/org.freedesktop.NetworkManager.conf';
const NAME = 'org.freedesktop.NetworkManager';
const FOLDER = '/run/nm';
const CONFIG = `${FOLDER}/nm.conf`;

let policy = '';
const missing = missingSentence(['network-manager']);
const skip =
  missing ??
  enterBusStage(import.meta.url, [], () => {
    policy = readFileSync(POLICY, 'utf8');
    // It looks there for udev, and for the interfaces of this namespace; what it remembers goes with the test.
    if (isForeignRoot()) return;
    execFileSync('mount', ['-t', 'sysfs', '-o', 'ro', 'sysfs', '/sys']);
    for (const place of ['/etc/NetworkManager', '/var/lib/NetworkManager']) {
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place]);
    }
  });
const OPTIONS = { skip: skip || (isForeignRoot() && 'NetworkManager wants a real root'), timeout: 120_000 };

async function startNetworkManager(t: TestContext, keyfile: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const main = 'plugins=keyfile\ndhcp=internal\nrc-manager=unmanaged\nno-auto-default=*\nauth-polkit=false';
  writeFileSync(CONFIG, `[main]\n${main}\n[keyfile]\n${keyfile}\n`);
  const files = [`--pid-file=${FOLDER}/pid`, `--state-file=${FOLDER}/state`, `--config-dir=${FOLDER}/conf.d`];
  const child: ChildProcess = spawn('NetworkManager', ['--no-daemon', `--config=${CONFIG}`, ...files], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await waitForName(NAME);
}

const stateOf = async (name: string): Promise<string> =>
  (await as('root', 'nmcli', '-t', '-g', 'GENERAL.STATE', 'device', 'show', name)).stdout.trim();

const ask = async (): Promise<RawFinding> => (await diagnosisOf('network-manager')).finding;

describe('NetworkManager', OPTIONS, () => {
  before(() => {
    writeFileSync(POLICY, policy);
  });
  provideBus();

  test('is not there', async (t) => {
    await startTunnel(t, NO_IPV6_TEST);
    const { verdict, sentence } = await ask();
    assert.deepEqual([verdict, sentence], ['skipped', 'NetworkManager does not run on this computer.']);
  });

  test('is told to leave the interface alone', async (t) => {
    await startNetworkManager(t, 'unmanaged-devices=interface-name:teredo');
    await startTunnel(t, NO_IPV6_TEST);
    await waitFor('it', async () => /unmanaged/.test(await stateOf('teredo')) || undefined, { timeout: 20_000 });
    assert.deepEqual(await ask(), {
      verdict: 'ok',
      sentence: 'NetworkManager leaves the interface teredo alone.',
      remedy: undefined,
      command: undefined,
    });
  });

  test('looks on, as it does by itself; and the command makes it stop', async (t) => {
    await startNetworkManager(t, 'unmanaged-devices=interface-name:eth*');
    await startTunnel(t, NO_IPV6_TEST);
    await waitFor('it', async () => /externally/.test(await stateOf('teredo')) || undefined, { timeout: 20_000 });
    const { verdict, sentence, command = '' } = await ask();
    assert.equal(verdict, 'warning', sentence);
    assert.match(sentence, /for now it only looks on/);
    execFileSync('sh', ['-c', command]);
    assert.equal((await ask()).verdict, 'ok');
    execFileSync('nmcli', ['device', 'set', 'teredo', 'managed', 'yes']);
    assert.match((await ask()).sentence, /does nothing with it/);
  });

  test('runs a connection of its own on it', async (t) => {
    await startNetworkManager(t, 'unmanaged-devices=interface-name:eth*');
    await startTunnel(t, NO_IPV6_TEST);
    await waitFor('it', async () => /externally/.test(await stateOf('teredo')) || undefined, { timeout: 20_000 });
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
