/**
 * A system bus and a polkit of the test's own, at their usual places, in the test file's own mount namespace: the real
 * dbus-daemon and the real polkitd, with our policies installed as a package would.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enterStage } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { missingSentence } from '../lab/needed-programs.js';
import { coverEtc } from '../support/private-etc.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SOCKET = '/run/dbus/system_bus_socket';
const BUS_CONFIG = '/run/dbus/test.conf';
const DOCTYPE =
  '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"' +
  ' "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">';
const POLKITD = '/usr/lib/polkit-1/polkitd';
const RULES = '/etc/polkit-1/rules.d';
const ACTIONS = '/usr/share/polkit-1/actions';
const BUS_POLICIES = '/usr/share/dbus-1/system.d';
const ACTIVATION = '/usr/share/dbus-1/system-services';
/** What the daemon reads, and what it remembers. */
const OLDER_CONFIG = '/etc/miredo.conf';
const OWN_FOLDERS = ['/etc/miredo', '/var/lib/miredo'];

/** Has no rule: gets the defaults of a session that is not at this machine. */
export const STRANGER = 'nobody';
/** May, by the example rule with this user's group in it. */
export const FRIEND = 'daemon';

/**
 * Where it cannot be had: the reason to skip. Outside of the namespaces it does not return. `namespaces`: more of them,
 * as options of unshare(1); `prepare` is called before anything is installed.
 */
export function enterBusStage(
  fileUrl: string,
  namespaces: readonly string[] = [],
  prepare: () => void = () => {},
): string | false {
  const reason = missingSentence(['lab', 'bus']) ?? enterStage(fileUrl, ['--mount', ...namespaces]);
  if (reason !== false) return reason;
  prepare();
  delete process.env['DBUS_SYSTEM_BUS_ADDRESS'];
  installPolicies();
  return false;
}

function installPolicies(): void {
  const kept = mkdtempSync(join(tmpdir(), 'miredo-bus-'));
  cpSync(join(BUS_POLICIES, 'org.freedesktop.PolicyKit1.conf'), join(kept, 'polkit.conf'));
  // Where nothing is installed they are not there, and the machine's folders are not ours to change.
  if (!existsSync('/etc/miredo')) coverEtc();
  if (!existsSync('/var/lib/miredo')) execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/var/lib']);
  for (const place of OWN_FOLDERS) mkdirSync(place, { recursive: true });
  for (const place of [...OWN_FOLDERS, '/run', RULES, ACTIONS, BUS_POLICIES, ACTIVATION]) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', place]);
  }
  // Of C miredo's package, say: nobody's configuration but the test's.
  if (existsSync(OLDER_CONFIG)) execFileSync('mount', ['--bind', '/dev/null', OLDER_CONFIG]);
  mkdirSync('/run/dbus');
  copyFileSync(join(kept, 'polkit.conf'), join(BUS_POLICIES, 'polkit.conf'));
  execFileSync('rm', ['-r', kept]);
  copyFileSync(join(ROOT, 'dbus/org.miredo.conf'), join(BUS_POLICIES, 'org.miredo.conf'));
  copyFileSync(join(ROOT, 'polkit/org.miredo.policy'), join(ACTIONS, 'org.miredo.policy'));
  const example = readFileSync(join(ROOT, 'polkit/50-miredo.rules.example'), 'utf8');
  writeFileSync(join(RULES, '50-miredo.rules'), example.replaceAll('"netdev"', `"${FRIEND}"`));
}

/** Lets a user do one thing, without a password. */
export function permit(user: string, action: string): void {
  const condition = `action.id === ${JSON.stringify(action)} && subject.user === ${JSON.stringify(user)}`;
  const rule = `polkit.addRule(function (action, subject) { if (${condition}) return polkit.Result.YES; });\n`;
  writeFileSync(join(RULES, `60-${user}.rules`), rule);
}

/** The activation file as a package has it, but for where the program is; `words` follow its own. */
export function installActivation(program: string, ...words: string[]): void {
  const file = readFileSync(join(ROOT, 'dbus/org.miredo.service'), 'utf8');
  const exec = (_: string, options: string): string =>
    `Exec=${[process.execPath, program, options, ...words].join(' ')}`;
  const own = file.replace(/^Exec=\/usr\/sbin\/miredo (.*)$/m, exec);
  assert.notEqual(own, file);
  writeFileSync(join(ACTIVATION, 'org.miredo.service'), own);
}

interface Server {
  readonly child: ChildProcess;
  readonly told: (code: number | null, signal: string | null) => void;
  readonly ended: Promise<unknown>;
}

function serve(command: string, words: readonly string[]): Server {
  const child = spawn(command, words, { stdio: 'ignore' });
  // One that goes by itself explains what fails after it.
  const told = (code: number | null, signal: string | null): void =>
    console.error(`${command} ended: ${code ?? signal}`);
  child.on('exit', told);
  return { child, told, ended: new Promise((resolve) => child.on('exit', resolve)) };
}

async function end({ child, told, ended }: Server): Promise<void> {
  child.off('exit', told);
  child.kill('SIGCONT');
  child.kill('SIGKILL');
  await ended;
}

let bus: Server | undefined;
let polkit: Server | undefined;

/** `limits`: instead of those that the bus has by itself, see dbus-daemon(1). */
export async function startBus(limits: Readonly<Record<string, number>> = {}): Promise<void> {
  execFileSync('rm', ['-f', SOCKET]);
  const lines = Object.entries(limits).map(([name, value]) => `<limit name="${name}">${value}</limit>`);
  const include = '<include>/usr/share/dbus-1/system.conf</include>';
  writeFileSync(BUS_CONFIG, `${DOCTYPE}\n<busconfig>${include}${lines.join('')}</busconfig>\n`);
  bus = serve('dbus-daemon', [`--config-file=${BUS_CONFIG}`, '--nofork', '--nopidfile', '--nosyslog']);
  await waitFor('the bus', () => existsSync(SOCKET) || undefined, { timeout: 5_000 });
}

export async function stopBus(): Promise<void> {
  if (bus !== undefined) await end(bus);
  bus = undefined;
}

export async function startPolkit(): Promise<void> {
  polkit = serve(POLKITD, ['--no-debug']);
  await waitForName('org.freedesktop.PolicyKit1');
}

export async function stopPolkit(): Promise<void> {
  if (polkit !== undefined) await end(polkit);
  polkit = undefined;
}

/** For the tests of a suite. `limits`: as of {@link startBus}. */
export function provideBus(limits: Readonly<Record<string, number>> = {}): void {
  before(async () => {
    await startBus(limits);
    await startPolkit();
  });
  after(async () => {
    await stopPolkit();
    await stopBus();
  });
}

/** It takes questions and does not answer them. */
export function freezePolkit(): void {
  polkit?.child.kill('SIGSTOP');
}

export function thawPolkit(): void {
  polkit?.child.kill('SIGCONT');
}

/** What a command has said. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const execute = (command: string, words: readonly string[], timeout = 20_000): Promise<Said> =>
  new Promise((resolve) => {
    execFile(command, words, { timeout, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
    });
  });

/** Runs a program as a user. */
export function as(user: string, command: string, ...words: string[]): Promise<Said> {
  const who = ['--reuid', user, '--regid', user === STRANGER ? 'nogroup' : user, '--init-groups'];
  return user === 'root' ? execute(command, words) : execute('setpriv', [...who, command, ...words]);
}

/** `busctl call` of a method of ours, without a password. */
export const call = (user: string, member: string, ...words: string[]): Promise<Said> =>
  as(
    user,
    'busctl',
    '--system',
    '--allow-interactive-authorization=no',
    'call',
    'org.miredo',
    '/org/miredo',
    'org.miredo.Client1',
    member,
    ...words,
  );

/** A property as busctl shows it: `s "qualified"`. */
export async function property(name: string, user = STRANGER): Promise<string> {
  const words = ['--system', 'get-property', 'org.miredo', '/org/miredo', 'org.miredo.Client1', name];
  const { code, stdout, stderr } = await as(user, 'busctl', ...words);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

export async function waitForName(name: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    const words = [
      '--print-reply',
      '--system',
      '--dest=org.freedesktop.DBus',
      '/',
      'org.freedesktop.DBus.NameHasOwner',
    ];
    const { stdout } = await execute('dbus-send', [...words, `string:${name}`]);
    if (stdout.includes('true')) return;
  }
  assert.fail(`nobody has taken the name ${name}`);
}
