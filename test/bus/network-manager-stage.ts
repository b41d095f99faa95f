/**
 * The real NetworkManager and its dispatcher on the private bus, with our files as the package installs them. They see
 * the interfaces of this namespace only; what they remember goes with it.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingSentence, type Purpose } from '../lab/needed-programs.js';
import { isForeignRoot } from '../support/private-etc.js';
import { as, enterBusStage, waitForName } from './private-bus.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const POLICIES = '/usr/share/dbus-1/system.d';
const NAME = 'org.freedesktop.NetworkManager';
const HOME = '/usr/lib/NetworkManager';
const FOLDER = '/run/nm';
const CONFIG = `${FOLDER}/nm.conf`;
/** In the place of /etc/NetworkManager/conf.d. */
export const CONFIG_FOLDER = `${FOLDER}/conf.d`;

/** Of NetworkManager, its dispatcher and its VPNs: the bus has none but ours by itself. */
const policies = new Map<string, string>();

/** The reason to skip; outside of the namespaces it does not return. */
export function enterNetworkManagerStage(fileUrl: string, more: readonly Purpose[] = []): string | false {
  const missing = missingSentence(['network-manager', ...more]);
  const reason =
    missing ??
    enterBusStage(fileUrl, [], () => {
      for (const file of readdirSync(POLICIES).filter((name) => /^(nm-|org\.freedesktop\.NetworkManager)/.test(name))) {
        policies.set(file, readFileSync(join(POLICIES, file), 'utf8'));
      }
      if (!isForeignRoot()) coverFolders();
    });
  return reason || (isForeignRoot() && 'NetworkManager wants a real root');
}

function coverFolders(): void {
  // It looks there for udev, and for the interfaces of this namespace.
  execFileSync('mount', ['-t', 'sysfs', '-o', 'ro', 'sysfs', '/sys']);
  for (const place of ['/etc/NetworkManager', '/var/lib/NetworkManager']) {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place]);
  }
  for (const place of [`${HOME}/dispatcher.d`, `${HOME}/conf.d`]) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', place]);
  }
}

/** Before the bus is started. */
export function installNetworkManagerPolicies(): void {
  for (const [file, text] of policies) writeFileSync(join(POLICIES, file), text);
}

/** Our dispatcher script and our settings, as packaging/deb/staging.mjs places them. */
export function installOurFiles(): void {
  const scripts = `${HOME}/dispatcher.d`;
  mkdirSync(join(scripts, 'no-wait.d'), { recursive: true });
  const source = join(ROOT, 'packaging/network-manager');
  copyFileSync(join(source, '90-miredo'), join(scripts, 'no-wait.d/90-miredo'));
  execFileSync('chmod', ['755', join(scripts, 'no-wait.d/90-miredo')]);
  symlinkSync('no-wait.d/90-miredo', join(scripts, '90-miredo'));
  copyFileSync(join(source, '50-miredo.conf'), `${HOME}/conf.d/50-miredo.conf`);
}

/** Our settings, so that another NetworkManager starts without them. */
export const removeOurFiles = (): void => rmSync(`${HOME}/conf.d/50-miredo.conf`, { force: true });

export interface RunningNetworkManager {
  readonly pid: number;
  stop(): Promise<void>;
}

/** `more`: of its configuration file. */
export async function startNetworkManager(more: string): Promise<RunningNetworkManager> {
  mkdirSync(CONFIG_FOLDER, { recursive: true });
  const main = 'plugins=keyfile\ndhcp=internal\nrc-manager=unmanaged\nno-auto-default=*\nauth-polkit=false';
  writeFileSync(CONFIG, `[main]\n${main}\n${more}\n`);
  const files = [`--pid-file=${FOLDER}/pid`, `--state-file=${FOLDER}/state`, `--config-dir=${CONFIG_FOLDER}`];
  const dispatcher = serve(`${HOME}/nm-dispatcher`, ['--persist']);
  const manager = serve('NetworkManager', ['--no-daemon', `--config=${CONFIG}`, ...files]);
  await waitForName('org.freedesktop.nm_dispatcher');
  await waitForName(NAME);
  return {
    pid: manager.pid,
    stop: async () => {
      await manager.stop();
      await dispatcher.stop();
    },
  };
}

function serve(command: string, words: readonly string[]): RunningNetworkManager {
  const child: ChildProcess = spawn(command, words, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  return {
    pid: child.pid ?? assert.fail(`cannot start ${command}`),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** `nmcli`; fails when it does. */
export function nmcli(...words: string[]): string {
  return execFileSync('nmcli', ['-w', '30', ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Of the address in its configuration. */
export function checkConnectivity(isWanted: boolean): void {
  const words = ['--system', 'set-property', NAME, '/org/freedesktop/NetworkManager', NAME];
  execFileSync('busctl', [...words, 'ConnectivityCheckEnabled', 'b', String(isWanted)], { stdio: 'ignore' });
}

export const stateOfDevice = async (name: string): Promise<string> =>
  (await as('root', 'nmcli', '-t', '-g', 'GENERAL.STATE', 'device', 'show', name)).stdout.trim();
