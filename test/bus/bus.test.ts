/** org.miredo on a real bus, asked by the programs that people use, with a real polkit. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { version } from '../../daemon/service/command-line.js';
import { type BusConnection, openBus } from '../../dbus/connection.js';
import { encodeMessage, type Incoming, METHOD_CALL } from '../../dbus/message.js';
import { INTERFACE, OBJECT_PATH, PROPERTIES } from '../../dbus/org-miredo.js';
import { PRIMARY, picture, Stage } from '../daemon/stage.js';
import { hasDefaultRoute, waitFor } from '../lab/kernel-view.js';
import { ip } from '../support/tun.js';
import { HostileCaller } from './hostile-caller.js';
import {
  as,
  call,
  enterBusStage,
  FRIEND,
  freezePolkit,
  property,
  provideBus,
  STRANGER,
  startBus,
  startPolkit,
  stopBus,
  stopPolkit,
  thawPolkit,
  waitForName,
} from './private-bus.js';
import { startTunnel } from './tunnel.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 60_000 };
const CLIENT = `ServerAddress ${PRIMARY}\nInterfaceName teredo\n`;
const PROMPT = { timeout: 10_000 };

async function connected(events: Parameters<typeof openBus>[0] = {}): Promise<BusConnection> {
  const opened = await openBus(events);
  assert.ok(opened.ok, opened.ok ? '' : opened.sentence);
  return opened.connection;
}

const residentMegabytes = (pid: number): number =>
  Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const OWN = { destination: 'org.miredo', path: OBJECT_PATH, interface: INTERFACE };
const READ = { ...OWN, interface: 'org.freedesktop.DBus.Properties' };

/** Asks polkit about us, who are root. */
async function isAllowed(connection: BusConnection): Promise<boolean> {
  const subject = ['system-bus-name', { name: { signature: 's', value: connection.name } }];
  const reply = await connection.call({
    destination: 'org.freedesktop.PolicyKit1',
    path: '/org/freedesktop/PolicyKit1/Authority',
    interface: 'org.freedesktop.PolicyKit1.Authority',
    member: 'CheckAuthorization',
    signature: '(sa{sv})sa{ss}us',
    values: [subject, 'org.miredo.control', {}, 0, ''],
  });
  return reply.ok && (reply.values[0] as readonly boolean[])[0] === true;
}

describe('org.miredo on the system bus', OPTIONS, () => {
  provideBus();

  test('everybody can look: busctl introspect, get-property, tree; gdbus; dbus-send', async (t) => {
    await startTunnel(t);
    const shown = await as(STRANGER, 'busctl', '--system', 'introspect', 'org.miredo', '/org/miredo');
    assert.equal(shown.code, 0, shown.stderr);
    for (const name of [
      '.Start',
      '.Stop',
      '.Restart',
      '.StateChanged',
      ...Object.keys(PROPERTIES).map((p) => `.${p}`),
    ]) {
      assert.ok(shown.stdout.includes(`${name} `), `${name} is missing in\n${shown.stdout}`);
    }
    assert.equal(await property('State'), 's "qualified"');
    assert.equal(await property('Server'), `s "${PRIMARY}"`);
    assert.equal(await property('ServerAddress'), `s "${PRIMARY}"`);
    assert.equal(await property('Interface'), 's "teredo"');
    assert.equal(await property('Version'), `s "${version()}"`);
    assert.match(await property('Address'), /^s "2001:0?:cb00:710a:/);
    assert.match(await property('Mapped'), /^\(sq\) "203\.0\.113\.1[01]" \d+$/);
    assert.match(
      await property('Nat'),
      /^a\{sv\} 5 "mapping" s "endpoint-independent" "filtering" s "unknown" "port-preserving" b true "public" b (true|false) "learnt-by" s "qualification"$/,
    );
    assert.match(await property('Mtu'), /^u 1280$/);
    assert.match(await property('InterfaceIndex'), /^u [1-9]\d*$/);
    assert.match(await property('RoundTrip'), /^t [1-9]\d*$/);
    assert.match(await property('Statistics'), /"datagrams-in" [1-9]/);
    const contact = Number((await property('LastServerContact')).slice(2)) / 1000;
    assert.ok(Math.abs(Date.now() - contact) < 60_000, `last contact ${contact}`);
    const since = Number((await property('StateSince')).slice(2)) / 1000;
    assert.ok(Math.abs(Date.now() - since) < 60_000, `since ${since}`);
    const tree = await as(STRANGER, 'busctl', '--system', 'tree', '--list', 'org.miredo');
    assert.match(tree.stdout, /^\/org\/miredo$/m);
    const all = ['--system', '--dest', 'org.miredo', '--object-path', '/org/miredo'];
    const gdbus = await as(STRANGER, 'gdbus', 'introspect', ...all);
    assert.match(gdbus.stdout, /interface org\.miredo\.Client1/);
    const sent = ['--system', '--print-reply', '--dest=org.miredo', '/org/miredo'];
    const got = await as(
      STRANGER,
      'dbus-send',
      ...sent,
      'org.freedesktop.DBus.Properties.GetAll',
      `string:${INTERFACE}`,
    );
    assert.match(got.stdout, /"Statistics"/);
    assert.match(got.stdout, /"StateReason"/);
  });

  test('who may not is told, and nothing happens; who may, by rule or as root, gets it done', async (t) => {
    const client = await startTunnel(t);
    for (const member of ['Stop', 'Restart']) {
      const refused = await call(STRANGER, member);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /interactive authentication required|password is needed/i);
    }
    assert.equal(await property('State'), 's "qualified"');
    const before = ip('-6', 'route', 'show', 'table', 'all');

    const stopped = await call(FRIEND, 'Stop');
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.ok(!picture().includes('2001:0:'), picture());
    assert.ok(!hasDefaultRoute(client.pid, 'teredo'));
    assert.equal(await property('State'), 's "stopped"');
    assert.match(await property('StateReason'), /^\(ss\) "user" /);
    assert.equal(await property('Address'), 's ""');
    assert.equal((await call('root', 'Stop')).code, 0, 'it is idempotent');
    const idle = await call('root', 'Restart');
    assert.match(idle.stderr, /stopped/);

    const started = await call('root', 'Start', 'a{sv}', '1', 'wait', 'b', 'true');
    assert.equal(started.code, 0, started.stderr);
    assert.equal(await property('State'), 's "qualified"');
    assert.equal(ip('-6', 'route', 'show', 'table', 'all'), before, 'as it was before');
    assert.equal((await call(FRIEND, 'Start', 'a{sv}', '0')).code, 0, 'it is idempotent');
    const index = await property('InterfaceIndex');
    assert.equal((await call(FRIEND, 'Restart')).code, 0);
    await client.line(/qualified: /, 3);
    assert.equal(await property('InterfaceIndex'), index, 'the interface stays');
  });

  test('a stopped tunnel stays stopped: over a reload, over a change of the network', async (t) => {
    const client = await startTunnel(t);
    assert.equal((await call('root', 'Stop')).code, 0);
    ip('address', 'add', '203.0.113.77/24', 'dev', 'eth0');
    t.after(() => ip('address', 'del', '203.0.113.77/24', 'dev', 'eth0'));
    client.signal('SIGHUP');
    await client.line(/configuration loaded again/);
    assert.equal(await property('State'), 's "stopped"');
    assert.ok(!picture().includes('2001:0:'), picture());
  });

  test('Start with `wait` says why it failed', async (t) => {
    const stage = new Stage(t);
    const client = stage.start('miredo', { config: 'ServerAddress 203.0.113.99\nInterfaceName teredo\n' });
    await client.line(/on the message bus/);
    assert.equal((await call('root', 'Stop')).code, 0);
    const started = await call('root', 'Start', 'a{sv}', '1', 'wait', 'b', 'true');
    assert.equal(started.code, 1);
    assert.match(started.stderr, /server-silent: The Teredo server does not answer/);
  });

  test('signals: exactly what changed, in order, at once (how soon is said)', async (t) => {
    const client = await startTunnel(t);
    const heard: { readonly at: number; readonly message: Incoming }[] = [];
    const listener = await connected({
      signalled: (message) => {
        if (message.path === OBJECT_PATH) heard.push({ at: performance.now(), message });
      },
    });
    t.after(() => listener.close());
    const match = await listener.callBus('AddMatch', 's', [`type='signal',sender='org.miredo',path='/org/miredo'`]);
    assert.ok(match.ok);
    const lines: number[] = [];
    const seen = client.line(/stopped: /).then(() => lines.push(performance.now()));
    const called = performance.now();
    assert.equal((await listener.call({ ...OWN, member: 'Stop' })).ok, true);
    const replied = performance.now();
    await seen;
    // All were sent before the reply.
    assert.deepEqual(
      heard.map(({ message }) => message.member),
      ['PropertiesChanged', 'StateChanged', 'AddressChanged', 'QualificationChanged'],
    );
    const [properties, state, address, qualification] = heard.map(({ message }) => message.values() ?? []);
    assert.deepEqual(Object.keys(properties?.[1] as object).sort(), [
      'Address',
      'Enabled',
      'Local',
      'Mapped',
      'Mtu',
      'Nat',
      'State',
      'StateReason',
      'StateSince',
    ]);
    assert.deepEqual(state?.slice(0, 2), ['stopped', 'qualified']);
    assert.equal(address?.[0], '');
    assert.equal(qualification?.[0], false);
    const delay = (heard[0]?.at ?? Number.POSITIVE_INFINITY) - called;
    t.diagnostic(`signal ${delay.toFixed(1)} ms after the call, reply after ${(replied - called).toFixed(1)} ms`);
    // Before the reply, so that whoever reads after it sees the new values.
    assert.ok(called + delay <= replied, `${delay} ms, reply after ${replied - called} ms`);

    heard.length = 0;
    assert.equal((await listener.call({ ...OWN, member: 'Start', signature: 'a{sv}', values: [{}] })).ok, true);
    await client.line(/qualified: /, 2);
    const logged = performance.now();
    await waitFor('the signal', () => heard.find(({ message }) => message.member === 'QualificationChanged'), PROMPT);
    const late = performance.now() - logged;
    t.diagnostic(`qualified on the bus ${late.toFixed(1)} ms after the log said so`);
    const states = heard
      .filter(({ message }) => message.member === 'StateChanged')
      .map(({ message }) => message.values()?.[0]);
    assert.deepEqual(states, ['resolving', 'qualifying', 'qualified']);
  });

  test('busctl monitor shows them', async (t) => {
    await startTunnel(t);
    const monitor = spawn('busctl', ['--system', '--json=short', 'monitor', 'org.miredo'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => monitor.kill('SIGKILL'));
    let text = '';
    await new Promise((resolve) => monitor.stderr.once('data', resolve));
    const shown = new Promise<void>((resolve) => {
      monitor.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('"StateChanged"')) resolve();
      });
    });
    assert.equal((await call('root', 'Stop')).code, 0);
    await shown;
  });

  test('a polkit that hangs delays nobody; one that is not there leaves root', async (t) => {
    await startTunnel(t);
    freezePolkit();
    const hanging = call(FRIEND, 'Stop');
    const begun = performance.now();
    assert.equal(await property('State'), 's "qualified"');
    assert.equal((await call('root', 'Restart')).code, 0);
    assert.ok(performance.now() - begun < 2_000);
    thawPolkit();
    assert.equal((await hanging).code, 0, 'it was asked, only late');
    await stopPolkit();
    const refused = await call(FRIEND, 'Start', 'a{sv}', '0');
    assert.match(refused.stderr, /Access denied/);
    assert.equal(await property('State'), 's "stopped"');
    assert.equal((await call('root', 'Start', 'a{sv}', '1', 'wait', 'b', 'true')).code, 0);
    await startPolkit();
  });

  for (const late of ['polkit', 'daemon'] as const) {
    test(`who has gone when the ${late} finds that he may gets nothing done`, async (t) => {
      const client = await startTunnel(t);
      const watcher = await connected();
      t.after(() => watcher.close());
      const names = async (): Promise<number> => {
        const reply = await watcher.callBus('ListNames', '', []);
        return reply.ok ? (reply.values[0] as string[]).length : 0;
      };
      freezePolkit();
      const few = await names();
      const words = ['--system', 'call', 'org.miredo', '/org/miredo', INTERFACE, 'Stop'];
      const caller = spawn('setpriv', ['--reuid', FRIEND, '--regid', FRIEND, '--init-groups', 'busctl', ...words]);
      while ((await names()) <= few) assert.ok(caller.exitCode === null);
      // The question has to be on its way: the daemon answers these after it.
      for (let n = 0; n < 3; n += 1) await property('State');
      if (late === 'daemon') {
        client.signal('SIGSTOP');
        thawPolkit();
        for (let n = 0; n < 3; n += 1) assert.ok(await isAllowed(watcher));
      }
      caller.kill('SIGKILL');
      while ((await names()) > few);
      thawPolkit();
      if (late === 'daemon') client.signal('SIGCONT');
      assert.equal((await call(STRANGER, 'Stop')).code, 1, 'what was asked before has been answered');
      assert.equal(await property('State'), 's "qualified"');
      assert.equal(client.lines.filter((line) => /stopped/.test(line)).length, 0);
    });
  }

  test('malformed calls are answered with their error, and harm nothing', async (t) => {
    const client = await startTunnel(t);
    const caller = await connected();
    t.after(() => caller.close());
    const cases: readonly (readonly [string, Partial<Parameters<typeof caller.call>[0]>, string])[] = [
      ['wrong signature', { member: 'Start', signature: 's', values: ['x'] }, 'InvalidArgs'],
      ['no argument', { member: 'Start' }, 'InvalidArgs'],
      ['too many arguments', { member: 'Stop', signature: 'u', values: [1] }, 'InvalidArgs'],
      [
        'unknown option',
        { member: 'Start', signature: 'a{sv}', values: [{ x: { signature: 's', value: '' } }] },
        'InvalidArgs',
      ],
      [
        'option of a wrong type',
        { member: 'Start', signature: 'a{sv}', values: [{ wait: { signature: 's', value: '' } }] },
        'InvalidArgs',
      ],
      [
        'prototype',
        { member: 'Start', signature: 'a{sv}', values: [JSON.parse('{"__proto__":{"signature":"b","value":true}}')] },
        'InvalidArgs',
      ],
      ['unknown member', { member: 'Explode' }, 'UnknownMethod'],
      ['member of every object', { member: 'constructor' }, 'UnknownMethod'],
      ['unknown path', { path: '/org/other', member: 'Stop' }, 'UnknownObject'],
      ['path above', { path: '/org', member: 'Stop' }, 'UnknownInterface'],
      [
        'unknown property',
        { ...READ, member: 'Get', signature: 'ss', values: [INTERFACE, 'toString'] },
        'UnknownProperty',
      ],
      [
        'property of another',
        { ...READ, member: 'Get', signature: 'ss', values: ['org.x', 'State'] },
        'UnknownInterface',
      ],
      [
        'write',
        { ...READ, member: 'Set', signature: 'ssv', values: [INTERFACE, 'State', { signature: 's', value: 'x' }] },
        'PropertyReadOnly',
      ],
      ['interface that the policy keeps out', { interface: 'org.other', member: 'Stop' }, 'AccessDenied'],
    ];
    for (const [what, words, name] of cases) {
      const reply = await caller.call({ ...OWN, member: '', ...words });
      assert.ok(!reply.ok, what);
      assert.match(reply.name, new RegExp(`\\.${name}$`), `${what}: ${reply.text}`);
      if (name !== 'AccessDenied') assert.doesNotMatch(reply.text, /\.js|at \w+ \(/, what);
    }
    assert.equal(await property('State'), 's "qualified"');
    assert.ok(!client.hasEnded);
  });

  test('what no library would send: descriptors that are not there, nesting, large bodies, a flood', async (t) => {
    const client = await startTunnel(t);
    const hostile = await HostileCaller.open();
    t.after(() => hostile.leave());
    const header = { type: METHOD_CALL, ...OWN, member: 'Start' };
    const name = async (serial: number, bytes: Buffer): Promise<string> =>
      (await hostile.send(serial, bytes))?.errorName ?? 'no error';

    // An index of a file descriptor, and no descriptor.
    const descriptor = encodeMessage(2, { ...header, signature: 'u' }, [0]);
    descriptor[descriptor.indexOf(Buffer.from([8, 1, 0x67, 0, 1, 0x75])) + 5] = 0x68;
    assert.match(await name(2, descriptor), /InvalidArgs$/);
    const inside = encodeMessage(3, { ...header, signature: 'a{sv}' }, [{ wait: { signature: 'u', value: 0 } }]);
    inside[inside.lastIndexOf(Buffer.from([1, 0x75, 0])) + 1] = 0x68;
    assert.match(await name(3, inside), /InvalidArgs$/);

    let nested: unknown = { signature: 'b', value: true };
    for (let depth = 0; depth < 40; depth += 1) nested = { signature: 'v', value: nested };
    const nesting = encodeMessage(4, { ...header, signature: 'a{sv}' }, [{ wait: nested }]);
    assert.match(await name(4, nesting), /InvalidArgs$/);

    // The bus itself takes no more than 32 MiB.
    const entries = Array.from({ length: 200_000 }, (_, n) => [`k${n}`, { signature: 's', value: 'x'.repeat(100) }]);
    const large = encodeMessage(5, { ...header, signature: 'a{sv}' }, [Object.fromEntries(entries)]);
    assert.ok(large.length > 16 * 1024 * 1024);
    assert.match(await name(5, large), /InvalidArgs$/);
    const oversize = encodeMessage(6, { ...header, signature: 'as' }, [['y'.repeat(64 * 1024 * 1024)]]);
    const thrownOut = await HostileCaller.open();
    void thrownOut.send(6, oversize);
    await thrownOut.closed;

    // As many as one likes, and no reading of the answers.
    const flooder = await HostileCaller.open();
    for (let n = 10; n < 5_000; n += 1) void flooder.send(n, encodeMessage(n, header, []));
    const begun = performance.now();
    assert.equal(await property('State'), 's "qualified"');
    t.diagnostic(`a property during a flood of 5,000 calls: ${(performance.now() - begun).toFixed(0)} ms`);
    flooder.leave();
    for (let n = 0; n < 100; n += 1) (await HostileCaller.open()).leave();
    assert.equal(await property('State'), 's "qualified"');
    assert.ok(!client.hasEnded);
    assert.deepEqual(
      client.lines.filter((line) => /fault|error/i.test(line)),
      [],
    );
  });

  test('200 callers, 10,000 calls: every one is answered, the daemon does not grow', async (t) => {
    const client = await startTunnel(t);
    const callers = await Promise.all(Array.from({ length: 200 }, () => connected()));
    const round = async (): Promise<number> => {
      const replies = await Promise.all(
        callers.map(async (caller) => {
          let good = 0;
          for (let n = 0; n < 25; n += 1) {
            const one = caller.call({ ...READ, member: 'Get', signature: 'ss', values: [INTERFACE, 'State'] });
            const all = caller.call({ ...READ, member: 'GetAll', signature: 's', values: [INTERFACE] });
            for (const reply of await Promise.all([one, all])) good += reply.ok ? 1 : 0;
          }
          return good;
        }),
      );
      return replies.reduce((sum, good) => sum + good, 0);
    };
    assert.equal(await round(), 10_000);
    const small = residentMegabytes(client.pid);
    const begun = performance.now();
    assert.equal(await round(), 10_000);
    t.diagnostic(`10,000 calls of 200 callers: ${(performance.now() - begun).toFixed(0)} ms`);
    assert.equal(await round(), 10_000);
    const grown = residentMegabytes(client.pid) - small;
    t.diagnostic(
      `${small.toFixed(0)} MB after the first 10,000 calls, ${grown.toFixed(1)} MB more after 20,000 others`,
    );
    assert.ok(grown < 20, `${grown} MB`);
    for (const caller of callers) caller.close();
    assert.equal(await property('State'), 's "qualified"');
    assert.equal(client.lines.filter((line) => /qualified: /.test(line)).length, 1, 'the tunnel did not notice');
  });

  test('the daemon outlives the bus, and takes its name again', async (t) => {
    const client = await startTunnel(t);
    await stopPolkit();
    await stopBus();
    await client.line(/not on the message bus/);
    await startBus();
    await startPolkit();
    await waitForName('org.miredo');
    assert.equal(await property('State'), 's "qualified"');
    assert.equal((await call(FRIEND, 'Restart')).code, 0);
    const exit = await client.stop();
    assert.equal(exit.code, 0);
    assert.equal(client.lines.filter((line) => /not on the message bus/.test(line)).length, 1, 'it says so once');
  });

  test('without a bus the tunnel comes up all the same, and is on the bus when there is one', async (t) => {
    await stopPolkit();
    await stopBus();
    const stage = new Stage(t);
    await stage.startServer();
    const client = stage.start('miredo', { config: CLIENT });
    await client.line(/qualified: /);
    await startBus();
    await startPolkit();
    await client.line(/on the message bus as org\.miredo$/);
    assert.equal(await property('State'), 's "qualified"');
  });

  test('relay and server do not take the name; a second client waits for it', async (t) => {
    const client = await startTunnel(t);
    const stage = new Stage(t);
    const relay = stage.start('miredo', { config: 'RelayType relay\nInterfaceName other\nBindPort 4444\n' });
    await relay.line(/relaying/);
    const second = stage.start('miredo', {
      config: `ServerAddress ${PRIMARY}\nInterfaceName second\n`,
      pidFile: `${stage.directory}/second.pid`,
    });
    await second.line(/somebody else has that name/);
    await client.stop();
    await second.line(/on the message bus as/, 2);
    assert.equal(await property('Interface'), 's "second"');
    assert.deepEqual(
      relay.lines.filter((line) => /message bus/.test(line)),
      [],
    );
  });
});
