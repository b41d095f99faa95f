/** The machine's sleep, told by a real systemd-logind on a real bus, and what nobody tells: the clocks. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, type TestContext, test } from 'node:test';
import { NETWORK_CONF } from '../../daemon/config/network-conf.js';
import { sleptSoFar } from '../../daemon/io/clock.js';
import { openBus } from '../../dbus/connection.js';
import { PRIMARY, type Running, Stage } from '../daemon/stage.js';
import { globalAddresses, waitFor } from '../lab/kernel-view.js';
import { isForeignRoot } from '../support/private-etc.js';
import { startManaged } from './managed.js';
import {
  as,
  call,
  enterBusStage,
  property,
  STRANGER,
  startBus,
  startPolkit,
  stopBus,
  stopPolkit,
} from './private-bus.js';
import {
  keepPolicies,
  killLogind,
  lockIs,
  lockOfAnother,
  locks,
  makeMachine,
  ServiceManager,
  startLogind,
  suspend,
} from './sleeping-machine.js';
import { startTunnel } from './tunnel.js';

const IN_STAGE = enterBusStage(import.meta.url, ['--cgroup'], keepPolicies);
const NEEDS_ROOT = IN_STAGE || (isForeignRoot() && 'root of a user namespace cannot run systemd-logind');
const OPTIONS = { skip: NEEDS_ROOT, timeout: 60_000 };
const ASLEEP = /waiting: The computer is going to sleep/;
const QUALIFIED = /qualified: address/;
const POLICY = '/usr/share/dbus-1/system.d/org.miredo.conf';
const LOGIND = ['/org/freedesktop/login1', 'org.freedesktop.login1.Manager', 'PrepareForSleep'] as const;

/** On the bus; it may have to wait. */
async function startWaiting(context: TestContext): Promise<Running> {
  const stage = new Stage(context);
  await stage.startServer();
  const client = stage.start('miredo', { config: `ServerAddress ${PRIMARY}\n` });
  await client.line(/on the message bus/);
  return client;
}

const addressIn = (line: string): string => /address ([0-9a-f:]+)/.exec(line)?.[1] ?? assert.fail(line);
const addresses = (): readonly string[] => globalAddresses(process.pid, 'teredo');

describe('sleep', OPTIONS, () => {
  let systemd: ServiceManager;
  before(async () => {
    makeMachine();
    // So that signals addressed to the daemon reach it: it has to see for itself whose they are.
    const policy = readFileSync(POLICY, 'utf8');
    const open = policy.replace(/<deny send_destination="org.miredo" send_type="signal"\/>/, '');
    assert.notEqual(open, policy);
    writeFileSync(POLICY, open);
    await startBus();
    await startPolkit();
    systemd = await ServiceManager.start();
  });
  afterEach(async () => {
    systemd.wake();
    await killLogind();
  });
  after(async () => {
    systemd.end();
    await stopPolkit();
    await stopBus();
  });

  test('before the machine sleeps the tunnel is silent and its address gone; afterwards the same one is back', async (t) => {
    const client = await startTunnel(t);
    const address = addressIn(await client.line(QUALIFIED));
    // It may come later than the daemon.
    await startLogind();
    await lockIs(true);
    assert.deepEqual(addresses(), [address]);
    const before = systemd.asked;
    await suspend();
    await systemd.sleeps(before + 1);
    assert.deepEqual(addresses(), [], 'gone when the machine is put to sleep, and not a moment later');
    assert.equal(
      await property('StateReason'),
      '(ss) "asleep" "The computer is going to sleep; the tunnel comes back when it wakes up."',
    );
    assert.deepEqual(await locks(), []);
    systemd.wake();
    assert.equal(addressIn(await client.line(QUALIFIED, 2)), address, 'the mapping is the same, and connections go on');
    await lockIs(true);
    await suspend();
    await systemd.sleeps(before + 2);
    systemd.wake();
    await client.line(QUALIFIED, 3);
  });

  test('the sleep waits for a tunnel that is wanted, and for no other', async (t) => {
    await startLogind();
    const client = await startTunnel(t);
    await lockIs(true);
    assert.equal((await call('root', 'Stop')).code, 0);
    await lockIs(false);
    assert.equal((await call('root', 'Start', 'a{sv}', '0')).code, 0);
    await lockIs(true);
    client.signal('SIGKILL');
    await client.exited;
    await lockIs(false);
  });

  test('the sleep does not wait for a tunnel that is held anyway', async (t) => {
    await startLogind();
    await new Stage(t).startServer();
    const client = await startManaged(t, 'Policy = never\n');
    await client.line(/waiting: "Policy = never"/);
    await lockIs(false);
    for (const [policy, isHeld] of [
      ['always', true],
      ['never', false],
    ] as const) {
      writeFileSync(NETWORK_CONF, `Policy = ${policy}\n`);
      client.signal('SIGHUP');
      await lockIs(isHeld);
    }
  });

  test('a daemon that begins while the machine is about to sleep waits for its end', async (t) => {
    await startLogind();
    const before = systemd.asked;
    const release = await lockOfAnother();
    t.after(release);
    await suspend();
    const client = await startWaiting(t);
    await client.line(ASLEEP);
    const qualified = client.lines.filter((line) => QUALIFIED.test(line)).length;
    release();
    await systemd.sleeps(before + 1);
    systemd.wake();
    await client.line(QUALIFIED, qualified + 1);
  });

  test('started during a sleep the tunnel waits; stopped during a sleep it stays so', async (t) => {
    await startLogind();
    const client = await startTunnel(t);
    assert.equal((await call('root', 'Stop')).code, 0);
    const before = systemd.asked;
    await suspend();
    await systemd.sleeps(before + 1);
    assert.equal((await call('root', 'Start', 'a{sv}', '0')).code, 0);
    await client.line(ASLEEP);
    assert.equal((await call('root', 'Stop')).code, 0);
    systemd.wake();
    await client.line(/the machine is awake/);
    assert.equal(await property('State'), 's "stopped"');
  });

  test('a logind that ends during the sleep does not keep the tunnel waiting, and the next one is followed', async (t) => {
    await startLogind();
    const client = await startTunnel(t);
    await lockIs(true);
    await suspend();
    await client.line(ASLEEP);
    await killLogind();
    await client.line(QUALIFIED, 2);
    await startLogind();
    await lockIs(true);
    const before = systemd.asked;
    await suspend();
    await client.line(ASLEEP, 2);
    await systemd.sleeps(before + 1);
    systemd.wake();
    await client.line(QUALIFIED, 3);
  });

  test('nobody else can say that the machine sleeps', async (t) => {
    await startLogind();
    const client = await startTunnel(t);
    await lockIs(true);
    const owner = await as(
      'root',
      'busctl',
      'call',
      'org.freedesktop.DBus',
      '/',
      'org.freedesktop.DBus',
      'GetNameOwner',
      's',
      'org.miredo',
    );
    const unique = /"(.*)"/.exec(owner.stdout)?.[1] ?? assert.fail(owner.stderr);
    for (const user of [STRANGER, 'root']) {
      for (const to of [[], ['--destination=org.miredo'], [`--destination=${unique}`]]) {
        const said = await as(user, 'busctl', 'emit', ...to, ...LOGIND, 'b', 'true');
        assert.equal(said.code, 0, said.stderr);
      }
    }
    // The same from a connection that is answered afterwards, so that the daemon has read it.
    const opened = await openBus({});
    assert.ok(opened.ok);
    t.after(() => opened.connection.close());
    const [path, name, member] = LOGIND;
    opened.connection.signal(path, name, member, 'b', [true], unique);
    const away = ['org.freedesktop.login1', unique, ''];
    opened.connection.signal(path, 'org.freedesktop.DBus', 'NameOwnerChanged', 'sss', away, unique);
    const peer = { destination: unique, path: '/org/miredo', interface: 'org.freedesktop.DBus.Peer', member: 'Ping' };
    assert.ok((await opened.connection.call(peer)).ok);
    assert.equal(await property('State'), 's "qualified"');
    assert.deepEqual(
      client.lines.filter((line) => /sleep|awake/.test(line)),
      [],
    );
    // What logind says counts, and nobody else ends it.
    const before = systemd.asked;
    await suspend();
    await systemd.sleeps(before + 1);
    await client.line(ASLEEP);
    opened.connection.signal(path, name, member, 'b', [false], unique);
    opened.connection.signal(path, 'org.freedesktop.DBus', 'NameOwnerChanged', 'sss', away, unique);
    assert.ok((await opened.connection.call(peer)).ok);
    assert.equal(await property('State'), 's "waiting"');
  });

  test('a user without privilege, as the unit runs the daemon, may have the sleep wait', async () => {
    await startLogind();
    const words = ['--what=sleep', '--mode=delay', '--who=x', '--why=y', 'echo', 'held'];
    const { code, stdout, stderr } = await as(STRANGER, 'systemd-inhibit', ...words);
    assert.deepEqual([code, stdout], [0, 'held\n'], stderr);
  });

  test('a bus that goes away during the sleep does not keep the tunnel waiting', async (t) => {
    await startLogind();
    const client = await startTunnel(t);
    await suspend();
    await client.line(ASLEEP);
    await stopBus();
    await client.line(QUALIFIED, 2);
    await startBus();
    systemd = await ServiceManager.start();
  });

  test('without logind a step between the clocks counts as a sleep', async (t) => {
    const stage = new Stage(t);
    const mark = join(stage.directory, 'slept');
    const clock = join(stage.directory, 'clock.mjs');
    // The daemon's own clock, an hour ahead once the file is there: nothing here can send the kernel to sleep.
    writeFileSync(
      clock,
      `import os from 'node:os'; import { existsSync } from 'node:fs'; const { uptime } = os;
       os.uptime = () => uptime() + (existsSync(${JSON.stringify(mark)}) ? 3600 : 0);`,
    );
    await stage.startServer();
    process.env['NODE_OPTIONS'] = `--import=${clock}`;
    t.after(() => delete process.env['NODE_OPTIONS']);
    const client = stage.start('miredo', { config: `ServerAddress ${PRIMARY}\n` });
    const address = addressIn(await client.line(QUALIFIED));
    writeFileSync(mark, '');
    await client.line(/the machine has slept/);
    assert.equal(addressIn(await client.line(QUALIFIED, 2)), address);
    await waitFor('the address', () => addresses().includes(address) || undefined, { timeout: 5_000 });
  });

  test('the clocks differ by what was slept: here by nothing, however long it is looked at', () => {
    const first = sleptSoFar();
    for (let n = 0; n < 1000; n += 1) assert.ok(Math.abs(sleptSoFar() - first) < 1500);
  });
});
