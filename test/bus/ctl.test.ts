/** miredoctl against the real daemon, over a real bus, with a real polkit. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { version } from '../../daemon/service/command-line.js';
import { PRIMARY, Running, Stage } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { ip } from '../support/tun.js';
import { CTL_PROGRAM, ctl, ctlAs, objectsOf, statusObject, watch } from './ctl-program.js';
import { as, enterBusStage, FRIEND, provideBus, STRANGER, startBus, stopBus, waitForName } from './private-bus.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 180_000 };
const CLIENT = `ServerAddress ${PRIMARY}\n`;
/** Nobody answers there. */
const SILENT = 'ServerAddress 203.0.113.99\n';
const ADDRESS = /2001:0:cb00:710a:[0-9a-f:]+/;

const address = (): string => ip('-6', '-o', 'address', 'show', 'dev', 'teredo', 'scope', 'global');

describe('without a bus', OPTIONS, () => {
  for (const words of ['status', 'start', 'restart', 'stop']) {
    test(`${words}: 6, and what to do`, async () => {
      const { code, stdout, stderr } = await ctl(words);
      assert.deepEqual({ code, stdout }, { code: 6, stdout: '' });
      assert.match(stderr, /^miredoctl: The system bus cannot be reached: .*system_bus_socket\. Start the bus .*\n$/);
    });
  }

  test('status --json: an object all the same', async () => {
    const { state, error } = (await statusObject()) as { state: null; error: { code: string } };
    assert.deepEqual([state, error.code], [null, 'no-bus']);
  });

  test('version', async () => {
    assert.deepEqual(await ctl('version'), {
      code: 0,
      stdout: `miredoctl ${version()}\nmiredo not running\n`,
      stderr: '',
    });
  });
});

describe('on the bus', OPTIONS, () => {
  provideBus();

  for (const words of ['status', 'start', 'restart', 'stop']) {
    test(`${words} without a daemon: 6, and what to do`, async () => {
      const { code, stdout, stderr } = await ctl(words);
      assert.deepEqual({ code, stdout }, { code: 6, stdout: '' });
      assert.match(stderr, /^miredoctl: The miredo daemon is not on the system bus\. .*systemctl start miredo/);
    });
  }

  test('a whole life: status, stop, restart, start', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    const daemon = stage.start('miredo', { config: CLIENT });
    await daemon.line(/on the message bus/);
    const waited = await ctl('start');
    assert.equal(waited.code, 0, waited.stderr);
    assert.match(waited.stdout, /^qualified: 2001:0:cb00:710a:[0-9a-f:]+\n$/);

    const status = await ctl('status');
    assert.deepEqual([status.code, status.stderr], [0, '']);
    assert.match(status.stdout, /^State +qualified for \d+ s$/m);
    assert.match(status.stdout, new RegExp(`^Server +${PRIMARY}$`, 'm'));
    assert.match(status.stdout, /^Interface +teredo, index \d+, MTU 1280$/m);
    assert.match(status.stdout, new RegExp(`^Daemon +${version()}$`, 'm'));
    assert.ok(!status.stdout.includes('\u001b'), 'no colours where there is no terminal');
    const object = await statusObject();
    const [shown = ''] = ADDRESS.exec(status.stdout) ?? [];
    assert.deepEqual([object['state'], object['address'], object['schemaVersion']], ['qualified', shown, 1]);
    await waitFor('the address', () => address().includes(shown) || undefined, { timeout: 5000 });

    assert.deepEqual(await ctl('stop'), { code: 0, stdout: 'stopped\n', stderr: '' });
    assert.equal(address(), '', 'the address is gone when stop returns');
    assert.deepEqual(await ctl('stop'), { code: 0, stdout: 'stopped\n', stderr: '' });
    const stopped = await ctl('status');
    assert.equal(stopped.code, 3);
    assert.match(stopped.stdout, /^State +stopped for \d+ s\nReason +The tunnel was stopped on request\.$/m);
    const refused = await ctl('restart');
    assert.deepEqual([refused.code, refused.stdout], [3, '']);
    assert.match(refused.stderr, /^miredoctl: The tunnel is stopped\. Start it first: miredoctl start\.\n$/);

    const started = await ctl('start');
    assert.equal(started.code, 0, started.stderr);
    assert.match(started.stdout, /^qualified: /);
    assert.match(started.stderr, /^(?:resolving|qualifying): server 203\.0\.113\.10$/m);
    const before = await statusObject();
    const restarted = await ctl('restart');
    assert.equal(restarted.code, 0, restarted.stderr);
    assert.notEqual((await statusObject())['since'], before['since'], 'it has qualified anew');
    assert.equal((await ctl('version')).stdout, `miredoctl ${version()}\nmiredo ${version()}\n`);
  });

  test('who may do what: anybody reads, polkit decides the rest', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    const daemon = stage.start('miredo', { config: CLIENT });
    await daemon.line(/on the message bus/);
    assert.equal((await ctl('start')).code, 0);
    for (const words of ['stop', 'start', 'restart']) {
      const { code, stdout, stderr } = await ctlAs(STRANGER, words);
      assert.deepEqual({ code, stdout }, { code: 7, stdout: '' });
      assert.match(
        stderr,
        /^miredoctl: This user may not do that\. It takes the polkit action org\.miredo\.control\. /,
      );
      assert.match(stderr, /sudo.*\/etc\/polkit-1\/rules\.d/);
    }
    assert.equal((await ctlAs(STRANGER, 'status')).code, 0);
    assert.equal((await ctlAs(FRIEND, 'stop')).code, 0);
    assert.equal((await ctlAs(STRANGER, 'status')).code, 3);
  });

  test('a server that does not answer: start waits, gives up at its limit, or tells the failure', async (t) => {
    const stage = new Stage(t);
    const daemon = stage.start('miredo', { config: SILENT });
    await daemon.line(/on the message bus/);
    const late = await ctl('start', '--timeout', '1');
    assert.equal(late.code, 4, late.stderr);
    assert.match(late.stderr, /^miredoctl: Not settled within 1 s; the daemon goes on\./m);
    assert.equal((await ctl('status')).code, 4);
    assert.deepEqual(await ctl('start', '--no-wait'), { code: 0, stdout: '', stderr: '' });
    const failed = await as('root', CTL_PROGRAM, 'start');
    assert.equal(failed.code, 5, failed.stderr);
    assert.equal(failed.stdout, '');
    assert.match(failed.stderr, /^miredoctl: failed: The Teredo server does not answer/m);
    assert.equal((await ctl('status')).code, 5);
  });

  test('a start that waits ends when the daemon does', async (t) => {
    const stage = new Stage(t);
    const daemon = stage.start('miredo', { config: SILENT });
    await daemon.line(/on the message bus/);
    const start = watch(t, 'start');
    await start.line(/^qualifying/);
    await daemon.stop();
    assert.equal((await start.exited).code, 6);
    assert.match(start.lines.join('\n'), /^miredoctl: The daemon ended before the tunnel was qualified\./m);
  });

  test('monitor and status --watch live through restarts of daemon and bus, with two match rules', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    const daemon = stage.start('miredo', { config: CLIENT });
    await daemon.line(/on the message bus/);
    assert.equal((await ctl('start')).code, 0);
    const monitor = watch(t, 'monitor', '--json');
    const watching = watch(t, 'status', '--json', '--watch');
    const events = objectsOf(monitor);
    const states = objectsOf(watching);
    await events.next(({ event, state }) => event === 'daemon' && state === 'qualified');
    await states.next(({ state }) => state === 'qualified');
    for (let round = 0; round < 3; round += 1) {
      assert.equal((await ctl('stop')).code, 0);
      await events.next(({ event, state, previous }) => event === 'state' && state === 'stopped' && previous !== null);
      await states.next(({ state, address: none }) => state === 'stopped' && none === null);
      assert.equal((await ctl('start')).code, 0);
      await events.next(({ event, state }) => event === 'state' && state === 'qualified');
      await states.next(({ state }) => state === 'qualified');
    }
    assert.deepEqual(await matchRules(), [2, 2], 'each has the rules it began with');

    await stopBus();
    await events.next(({ event, present }) => event === 'bus' && present === false);
    await states.next(({ error }) => (error as { code: string } | null)?.code === 'lost');
    await startBus();
    await waitForName('org.miredo');
    await events.next(({ event, present }) => event === 'daemon' && present === true);
    await states.next(({ state }) => state === 'qualified');
    assert.deepEqual(await matchRules(), [2, 2]);

    await daemon.stop();
    await events.next(({ event, present }) => event === 'daemon' && present === false);
    await states.next(({ error }) => (error as { code: string } | null)?.code === 'no-daemon');
    assert.equal((await monitor.stop('SIGINT')).code, 0);
    assert.equal((await watching.stop('SIGINT')).code, 6, 'that of what it saw last');
  });

  test('on a terminal: colours unless they are not wanted, and progress that leaves no trace', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    const daemon = stage.start('miredo', { config: `${CLIENT}FirewallOpen 22/tcp\n` });
    await daemon.line(/on the message bus/);
    const onTerminal = (...command: string[]): ReturnType<typeof as> =>
      as('root', 'env', 'TERM=xterm', ...command.slice(0, -1), 'script', '-qec', command.at(-1) ?? '', '/dev/null');
    assert.equal((await ctl('stop')).code, 0);
    const start = await onTerminal(`"${CTL_PROGRAM}" start`);
    assert.equal(start.code, 0);
    assert.match(start.stdout, /\r.{1,3}K. (?:resolving|qualifying): server 203\.0\.113\.10 \(0 s\)\r.{1,3}K/);
    assert.ok(start.stdout.includes('\u001b[32mqualified: 2001:0:'), start.stdout);
    const firewall = /firewall: lets in answers, and of what is unasked ping, 22\/tcp; FirewallOpen in miredo\.conf/;
    assert.match(start.stdout, firewall, 'who is let in is said to people');
    assert.doesNotMatch((await ctl('start')).stdout, firewall, 'and not to scripts');
    const plain = await onTerminal('NO_COLOR=1', `"${CTL_PROGRAM}" status`);
    assert.match(plain.stdout, /^State +qualified/);
    assert.ok(!plain.stdout.includes('\u001b'));
    assert.match((await onTerminal(`"${CTL_PROGRAM}" status`)).stdout, /\[32mqualified/);
  });

  test('monitor for people, and a reader that goes away', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    const daemon = stage.start('miredo', { config: CLIENT });
    await daemon.line(/on the message bus/);
    assert.equal((await ctl('start')).code, 0);
    const pipe = new Running('bash', ['-c', `"$0" monitor | head -n 1; exit \${PIPESTATUS[0]}`, CTL_PROGRAM], true);
    t.after(() => (pipe.hasEnded ? undefined : pipe.signal('SIGKILL', true)));
    await waitFor('the first line', () => pipe.stdout.includes('\n') || undefined, { timeout: 10_000 });
    assert.match(pipe.stdout, /^\d\d:\d\d:\d\d {2}the daemon is there, the tunnel is qualified\n$/);
    // The next line finds nobody.
    assert.equal((await ctl('stop')).code, 0);
    const { code } = await pipe.exited;
    assert.deepEqual({ code, lines: pipe.lines }, { code: 0, lines: [] });
  });
});

/** How many rules each connection has that follows the daemon, as the bus counts them. */
async function matchRules(): Promise<number[]> {
  const words = ['--system', '--json=short', 'call', 'org.freedesktop.DBus', '/org/freedesktop/DBus'];
  const { code, stdout, stderr } = await as(
    'root',
    'busctl',
    ...words,
    'org.freedesktop.DBus.Debug.Stats',
    'GetAllMatchRules',
  );
  assert.equal(code, 0, stderr);
  const [rules] = (JSON.parse(stdout) as { data: [Record<string, string[]>] }).data;
  return Object.values(rules)
    .filter((list) => list.some((rule) => rule.includes("path='/org/miredo'")))
    .map((list) => list.length);
}
