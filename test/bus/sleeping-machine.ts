/**
 * A machine that can be sent to sleep: the real systemd-logind on the private bus, with its polkit action, and the real
 * systemd-inhibit.
 *
 * What is not real is systemd itself, which logind has start suspend.target: {@link ServiceManager} takes its name on the
 * bus and does nothing, for as long as the test likes. The kernel says that it can sleep (a file over /sys/power/state)
 * and is never asked to.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BusConnection, openBus } from '../../dbus/connection.js';
import type { Incoming } from '../../dbus/message.js';
import { waitFor } from '../lab/kernel-view.js';
import { prepareSessions } from './people.js';
import { as, waitForName } from './private-bus.js';

const LOGIND = '/lib/systemd/systemd-logind';
const SYSTEMD = 'org.freedesktop.systemd1';
const JOB = '/org/freedesktop/systemd1/job/1';
const CONFIGURATION = '/run/systemd/logind.conf.d';
const POWER = '/sys/power';
/** Of systemd's package, which the private bus and its polkit do not have by themselves. */
const FILES = [
  '/usr/share/dbus-1/system.d/org.freedesktop.login1.conf',
  '/usr/share/dbus-1/system.d/org.freedesktop.systemd1.conf',
  '/usr/share/polkit-1/actions/org.freedesktop.login1.policy',
];
const kept = new Map<string, string>();

/** Before the private bus covers them. */
export function keepPolicies(): void {
  for (const file of FILES) kept.set(file, readFileSync(file, 'utf8'));
}

/** Afterwards, and before bus and polkit start. Needs namespaces for mounts and control groups. */
export function makeMachine(): void {
  for (const [file, text] of kept) writeFileSync(file, text);
  prepareSessions();
  execFileSync('mkdir', ['-p', '/run/systemd/inhibit', '/run/systemd/system', CONFIGURATION]);
  // Nothing in a test takes so long that logind would lose its patience.
  writeFileSync(join(CONFIGURATION, 'test.conf'), '[Login]\nInhibitDelayMaxSec=60\n');
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', POWER]);
  writeFileSync(join(POWER, 'state'), 'mem\n');
}

let logind: ChildProcess | undefined;

export async function startLogind(): Promise<void> {
  logind = spawn(LOGIND, { stdio: 'ignore', env: { PATH: process.env['PATH'], SYSTEMD_LOG_TARGET: 'null' } });
  await waitForName('org.freedesktop.login1');
}

/** As a crash does it: it says nothing more. */
export async function killLogind(): Promise<void> {
  const child = logind;
  logind = undefined;
  if (child === undefined) return;
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** As a person does it; returns when logind has begun. */
export async function suspend(): Promise<void> {
  const words = ['call', 'org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'];
  const { code, stderr } = await as('root', 'busctl', ...words, 'Suspend', 'b', 'false');
  assert.equal(code, 0, stderr);
}

/** Who keeps the machine from sleeping, as `who mode` of each lock. */
export async function locks(): Promise<readonly string[]> {
  const words = ['--list', '--no-legend', '--no-pager'];
  const { stdout } = await as('root', 'systemd-inhibit', ...words);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.includes('sleep'))
    .map((words) => `${words[0]} ${words.at(-1)}`);
}

/** A lock of somebody else's, who takes his time: until it is released, logind prepares for the sleep. */
export async function lockOfAnother(): Promise<() => void> {
  const words = ['--what=sleep', '--mode=delay', '--who=another', '--why=test', 'cat'];
  const child = spawn('systemd-inhibit', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write('held');
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return () => child.stdin.end();
}

export async function lockIs(wanted: boolean): Promise<void> {
  for (;;) {
    const found = await locks();
    if (found.includes('Miredo delay') === wanted) return;
  }
}

/** In the place of systemd: it is told to start suspend.target, which lasts until {@link wake}. */
export class ServiceManager {
  readonly #connection: BusConnection;
  /** How often the machine was to sleep: logind asks when all locks are gone. */
  asked = 0;
  #isAsleep = false;

  private constructor(connection: BusConnection) {
    this.#connection = connection;
  }

  static async start(): Promise<ServiceManager> {
    let manager: ServiceManager | undefined;
    const opened = await openBus({ called: (message) => manager?.called(message) });
    assert.ok(opened.ok, opened.ok ? '' : opened.sentence);
    manager = new ServiceManager(opened.connection);
    const taken = await opened.connection.callBus('RequestName', 'su', [SYSTEMD, 4]);
    assert.ok(taken.ok && taken.values[0] === 1);
    return manager;
  }

  called(message: Incoming): void {
    if (message.member === 'StartUnit' && message.values()?.[0] === 'suspend.target') {
      this.asked += 1;
      this.#isAsleep = true;
      this.#connection.reply(message, 'o', [JOB]);
    } else if (message.member === 'Get' && message.values()?.[1] === 'LoadState') {
      this.#connection.reply(message, 'v', [{ signature: 's', value: 'loaded' }]);
    } else {
      this.#connection.replyError(message, { name: 'org.freedesktop.DBus.Error.UnknownMethod', text: 'not here' });
    }
  }

  /** Returns when the machine is to sleep for the n-th time. */
  async sleeps(count: number): Promise<void> {
    await waitFor('the sleep', () => this.asked >= count || undefined, { timeout: 10_000 });
  }

  wake(): void {
    if (!this.#isAsleep) return;
    this.#isAsleep = false;
    const values = [1, JOB, 'suspend.target', 'done'];
    this.#connection.signal('/org/freedesktop/systemd1', `${SYSTEMD}.Manager`, 'JobRemoved', 'uoss', values);
  }

  end(): void {
    this.#connection.close();
  }
}
