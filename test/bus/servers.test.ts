/** Servers on the message bus: the list, the choice, who may, what is remembered; and the daemon that waits for users. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, beforeEach, describe, type TestContext, test } from 'node:test';
import { type BusConnection, openBus } from '../../dbus/connection.js';
import { OBJECT_PATH } from '../../dbus/org-miredo.js';
import { fileOf, PRIMARY, picture, type Running, Stage } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { ip } from '../support/tun.js';
import { ctl } from './ctl-program.js';
import {
  call,
  enterBusStage,
  FRIEND,
  freezePolkit,
  installActivation,
  permit,
  property,
  provideBus,
  STRANGER,
  startBus,
  startPolkit,
  stopBus,
  stopPolkit,
  thawPolkit,
} from './private-bus.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 180_000 };

/** One may choose among the known, the other may change the list. */
const CHOOSER = 'games';
const CONFIGURER = 'mail';
const SECOND = '203.0.113.20';
const FOLDER = '/etc/miredo/servers.d';
const STATE = '/var/lib/miredo/state.ini';
/** Where no stage is taken down before it. */
const ACTIVATED = '/run/miredo-activated.pid';
const CLASSIC = `ServerAddress ${PRIMARY}\nInterfaceName teredo\n`;

const setServer = (user: string, server: string) => call(user, 'SetServer', 's', server);
const addServer = (user: string, name: string, ...options: string[]) =>
  call(user, 'AddServer', 'sa{sv}', name, String(options.length / 3), ...options);

function listFile(name: string, ...lines: string[]): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/${name}`, `${lines.join('\n')}\n`);
}

async function classic(stage: Stage, config = CLASSIC): Promise<Running> {
  const client = stage.start('miredo', { config });
  await client.line(/on the message bus/);
  return client;
}

async function managed(stage: Stage, ...words: string[]): Promise<Running> {
  const client = stage.run('miredo', ['-f', '--managed', '-p', stage.pidFile, ...words]);
  await client.line(/on the message bus/);
  return client;
}

/** Of a client that is to have one, as busctl(1) shows it. */
const firewallShown = (isActive: boolean, open: string): string =>
  `a{sv} 3 "wanted" b true "active" b ${isActive} "open" as 1 "${open}"`;

function configFile(stage: Stage, text: string): string {
  const file = join(stage.directory, 'firewall.conf');
  writeFileSync(file, text);
  return file;
}

/** Hears the signals of our interface. */
async function listen(t: TestContext): Promise<(name: string) => unknown[][]> {
  const heard: { name: string; values: unknown[] }[] = [];
  const opened = await openBus({
    signalled: (message) => {
      if (message.path === OBJECT_PATH)
        heard.push({ name: message.member ?? '', values: [...(message.values() ?? [])] });
    },
  });
  assert.ok(opened.ok);
  const connection: BusConnection = opened.connection;
  t.after(() => connection.close());
  const match = `type='signal',sender='org.miredo',path='${OBJECT_PATH}'`;
  assert.ok((await connection.callBus('AddMatch', 's', [match])).ok);
  return (name) => heard.filter((signal) => signal.name === name).map(({ values }) => values);
}

describe('servers on the message bus', OPTIONS, () => {
  before(() => {
    ip('address', 'add', `${SECOND}/24`, 'dev', 'eth0');
    ip('address', 'add', '203.0.113.21/24', 'dev', 'eth0');
    permit(CHOOSER, 'org.miredo.set-server');
    permit(CONFIGURER, 'org.miredo.configure');
  });
  provideBus();
  beforeEach(() => {
    for (const place of [FOLDER, STATE, `${STATE}.bad`]) rmSync(place, { recursive: true, force: true });
  });

  test('the list is of the configuration, the administrator and users; SIGHUP reads it again', async (t) => {
    listFile('10-ours.ini', '[second]', `primary=${SECOND}`, 'comment=the other one', '[broken]', 'primary=10.0.0.1');
    const stage = new Stage(t);
    await stage.startServer();
    const client = await classic(stage);
    await client.line(/servers\.d\/10-ours\.ini:4: \[broken\] primary: 10\.0\.0\.1 is not a public/);
    const added = await addServer(CONFIGURER, 'teredo.example.net', 'secondary', 's', '198.51.100.9');
    assert.equal(added.code, 0, added.stderr);
    assert.equal(
      await property('Servers'),
      `a(sa{sv}) 3 "${PRIMARY}" 2 "primary" s "${PRIMARY}" "origin" s "configuration"` +
        ` "second" 3 "primary" s "${SECOND}" "comment" s "the other one" "origin" s "administrator"` +
        ' "teredo.example.net" 3 "primary" s "teredo.example.net" "secondary" s "198.51.100.9" "origin" s "user"',
    );
    assert.equal(await property('ServerChoice'), `s "${PRIMARY}"`);
    listFile('10-ours.ini', '[third]', `primary=${SECOND}`);
    client.signal('SIGHUP');
    await client.line(/configuration loaded again/);
    assert.match(await property('Servers'), /"third"/);
    assert.doesNotMatch(await property('Servers'), /"second"/);
    assert.equal(client.lines.filter((line) => /qualified: /.test(line)).length, 1, 'the tunnel did not notice');
    await client.stop();
    await managed(new Stage(t));
    assert.match(await property('Servers'), /"teredo\.example\.net"/, 'what users add is kept');
  });

  test('arguments are checked before anybody is asked for a password', async (t) => {
    const client = await classic(new Stage(t));
    const cases: readonly (readonly [said: Promise<{ stderr: string }>, pattern: RegExp])[] = [
      [setServer(STRANGER, '10.0.0.1'), /not a public \(global unicast\)/],
      [setServer(STRANGER, '1.2.3'), /not an IPv4 address/],
      [setServer(STRANGER, ''), /neither a host name nor/],
      [setServer(STRANGER, 'a b'), /neither a host name nor/],
      [setServer(STRANGER, `${'x'.repeat(5000)}.example`), /more than 253 characters/],
      [call(STRANGER, 'Start', 'a{sv}', '1', 'server', 's', '10.0.0.1'), /not a public/],
      [call(STRANGER, 'Start', 'a{sv}', '1', 'server', 's', 'auto'), /names one/],
      [call(STRANGER, 'Start', 'a{sv}', '1', 'server', 'u', '1'), /has the type "s"/],
      [addServer(STRANGER, 'auto', 'primary', 's', 'a.example'), /"auto" is the word/],
      [addServer(STRANGER, 'x', 'primary', 's', '192.168.0.1'), /primary: 192\.168\.0\.1 is not/],
      [addServer(STRANGER, 'x.example', 'port', 's', '1'), /no such option/],
      [addServer(STRANGER, 'x.example', 'comment', 'u', '1'), /is a string/],
      [addServer(STRANGER, PRIMARY), /miredo\.conf or of the command line/],
      [call(STRANGER, 'RemoveServer', 's', PRIMARY), /miredo\.conf or of the command line/],
      [call(STRANGER, 'RemoveServer', 's', 'nobody.example'), /no server "nobody\.example"/],
    ];
    for (const [said, pattern] of cases) assert.match((await said).stderr, pattern);
    assert.ok(!client.hasEnded);
    assert.equal(await property('ServerChoice'), `s "${PRIMARY}"`);
  });

  test('who may choose among the known, and who may name others', async (t) => {
    listFile('a.ini', '[second]', `primary=${SECOND}`);
    await classic(new Stage(t));
    const refused = async (said: Promise<{ code: number; stderr: string }>): Promise<void> => {
      const { code, stderr } = await said;
      assert.equal(code, 1);
      assert.match(stderr, /interactive authentication required|password is needed/i);
    };
    for (const user of [STRANGER, FRIEND]) await refused(setServer(user, 'second'));
    await refused(setServer(FRIEND, 'auto'));
    await refused(setServer(CHOOSER, 'other.example'));
    await refused(setServer(CONFIGURER, 'second'));
    await refused(addServer(CHOOSER, 'other.example'));
    await refused(call(CHOOSER, 'Start', 'a{sv}', '0'));
    await refused(call(CHOOSER, 'Start', 'a{sv}', '1', 'server', 's', 'second'));
    await refused(call(FRIEND, 'Start', 'a{sv}', '1', 'server', 's', 'second'));
    assert.equal(await property('ServerChoice'), `s "${PRIMARY}"`);
    for (const [user, server, choice] of [
      [CHOOSER, 'second', 'second'],
      [CHOOSER, PRIMARY, PRIMARY],
      // An address of the list is known.
      [CHOOSER, SECOND, 'second'],
      [CONFIGURER, '198.51.100.77', '198.51.100.77'],
      [CHOOSER, 'auto', 'auto'],
    ] as const) {
      const { code, stderr } = await setServer(user, server);
      assert.equal(code, 0, stderr);
      assert.equal(await property('ServerChoice'), `s "${choice}"`);
    }
    assert.match((await call(CONFIGURER, 'RemoveServer', 's', 'second')).stderr, /administrator's list/);
    assert.equal((await addServer(CONFIGURER, 'other.example')).code, 0);
    await refused(call(CHOOSER, 'RemoveServer', 's', 'other.example'));
    assert.equal((await setServer(CHOOSER, 'other.example')).code, 0, 'now it is known');
    assert.equal((await call(CONFIGURER, 'RemoveServer', 's', 'other.example')).code, 0);
    assert.equal(await property('ServerChoice'), `s "${PRIMARY}"`, 'the choice went with it');
  });

  test('the list may change while polkit thinks: what was known and is not any more takes more', async (t) => {
    const client = await classic(new Stage(t));
    assert.equal((await addServer('root', 'gone.example')).code, 0);
    const watcher = await openBus({});
    assert.ok(watcher.ok);
    t.after(() => watcher.connection.close());
    const callers = async (): Promise<number> => {
      const reply = await watcher.connection.callBus('ListNames', '', []);
      return reply.ok ? (reply.values[0] as string[]).length : 0;
    };
    const few = await callers();
    freezePolkit();
    t.after(thawPolkit);
    const words = [setServer(CHOOSER, 'gone.example'), addServer(CONFIGURER, 'new.example')] as const;
    const removing = call(CONFIGURER, 'RemoveServer', 's', 'gone.example');
    while ((await callers()) < few + 3);
    // Their calls have arrived before these.
    for (let n = 0; n < 3; n += 1) await property('State');
    assert.equal((await call('root', 'RemoveServer', 's', 'gone.example')).code, 0);
    listFile('a.ini', '[new.example]');
    client.signal('SIGHUP');
    await client.line(/configuration loaded again/);
    thawPolkit();
    assert.match((await words[0]).stderr, /interactive authentication required|password is needed/i);
    assert.match((await words[1]).stderr, /administrator's list/);
    assert.match((await removing).stderr, /no server "gone\.example"/);
    assert.equal(await property('ServerChoice'), `s "${PRIMARY}"`);
  });

  test('what cannot be remembered is in force, and said', async (t) => {
    await managed(new Stage(t));
    mkdirSync(`${STATE}.new`);
    t.after(() => rmSync(`${STATE}.new`, { recursive: true }));
    assert.match(
      (await setServer('root', PRIMARY)).stderr,
      /not-saved: It is in force, but \/var\/lib\/miredo\/state\.ini cannot/,
    );
    assert.equal(await property('ServerChoice'), `s "${PRIMARY}"`);
  });

  test('a running tunnel goes over to the chosen server, and says so; a classic daemon forgets it', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    await stage.startServer(SECOND);
    const client = await classic(stage);
    await client.line(/qualified: /);
    const heard = await listen(t);
    assert.equal((await setServer('root', SECOND)).code, 0);
    await client.line(/qualified: .*server 203\.0\.113\.20/);
    assert.equal(await property('Server'), `s "${SECOND}"`);
    assert.equal(await property('ServerAddress'), `s "${SECOND}"`);
    assert.deepEqual(heard('ServerChanged'), [[SECOND, PRIMARY, ['user', 'It was chosen.']]]);
    client.signal('SIGHUP');
    await client.line(/configuration loaded again, nothing has changed/);
    assert.equal(await property('Server'), `s "${SECOND}"`);
    await client.stop();
    assert.ok(!existsSync(STATE));
    const again = await classic(stage);
    await again.line(/qualified: .*server 203\.0\.113\.10/);
    assert.equal(await property('ServerChoice'), `s "${PRIMARY}"`);
  });

  test('managed, it is idle without a configuration, and after that as it was', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    const before = picture();
    let client = await managed(stage);
    assert.equal(await property('State'), 's "stopped"');
    assert.equal(await property('Enabled'), 'b false');
    assert.equal(await property('ServerChoice'), 's "auto"');
    assert.equal(await property('Servers'), 'a(sa{sv}) 0');
    const none = await call('root', 'Start', 'a{sv}', '1', 'wait', 'b', 'true');
    assert.match(none.stderr, /no-server: No Teredo server is known; add one: miredoctl server add/);
    assert.match(await property('StateReason'), /^\(ss\) "no-server" /);
    assert.equal(await property('State'), 's "failed"');

    assert.equal((await addServer('root', 'home', 'primary', 's', PRIMARY, 'comment', 's', 'ours')).code, 0);
    await client.line(/qualified: /);
    assert.equal((await setServer('root', 'home')).code, 0);
    await client.line(/qualified: /, 2);
    assert.match(readFileSync(STATE, 'utf8'), /^enabled=true\nchoice=home$/m);
    assert.equal((await client.stop()).code, 0);
    assert.equal(picture(), before);

    client = await managed(stage);
    await client.line(/qualified: /);
    assert.equal(await property('ServerChoice'), 's "home"');
    assert.equal(await property('Enabled'), 'b true');
    assert.equal((await call('root', 'Stop')).code, 0);
    client.signal('SIGKILL');
    await client.exited;

    client = await managed(stage);
    assert.equal(await property('State'), 's "stopped"');
    assert.equal(await property('ServerChoice'), 's "home"');
    const started = await call('root', 'Start', 'a{sv}', '1', 'wait', 'b', 'true');
    assert.equal(started.code, 0, started.stderr);
  });

  test('managed, it has a firewall, which is told; it goes when the tunnel is stopped', async (t) => {
    const rules = (): string => execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' });
    const stage = new Stage(t);
    await stage.startServer();
    const client = await managed(stage, '-c', configFile(stage, `${CLASSIC}FirewallOpen 22/tcp\n`));
    assert.equal(await property('Firewall'), firewallShown(false, '22/tcp'), 'it is idle');
    assert.equal(rules(), '');
    const heard = await listen(t);
    assert.equal((await call('root', 'Start', 'a{sv}', '1', 'wait', 'b', 'true')).code, 0);
    await client.line(/qualified: /);
    assert.equal(await property('Firewall'), firewallShown(true, '22/tcp'));
    assert.match(rules(), /tcp dport 22 accept/);
    const changed = heard('PropertiesChanged').map(([, properties]) => Object.keys(properties as object));
    assert.ok(changed.flat().includes('Firewall'), 'a signal tells');
    assert.match(await property('Statistics'), /"dropped-firewall" \d/);
    const shown = await ctl('status');
    assert.match(shown.stdout, /^Firewall +lets in answers, and of what is unasked ping, 22\/tcp$/m);
    assert.equal((await call('root', 'Stop')).code, 0);
    assert.equal(rules(), '');
    assert.equal(await property('Firewall'), firewallShown(false, '22/tcp'));
  });

  test('managed, it is there without the address that it is to bind to, and says so when it is started', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    const late = '198.51.100.7';
    const client = await managed(stage, '-c', configFile(stage, `${CLASSIC}BindAddress ${late}\n`));
    assert.equal(await property('State'), 's "stopped"');
    assert.equal((await call('root', 'Start', 'a{sv}', '0')).code, 0);
    assert.match(
      await property('StateReason'),
      /^\(ss\) "no-address" "Cannot bind .* has the address 198\.51\.100\.7\./,
    );
    ip('address', 'add', `${late}/32`, 'dev', 'eth0');
    t.after(() => ip('address', 'delete', `${late}/32`, 'dev', 'eth0'));
    await client.line(/qualified: /);
    assert.equal(await property('State'), 's "qualified"');
  });

  test('auto: the best that answers, and another one when it stops to', async (t) => {
    const stage = new Stage(t);
    const servers = new Map([
      [PRIMARY, await stage.startServer()],
      [SECOND, await stage.startServer(SECOND)],
    ]);
    listFile(
      'a.ini',
      '[dead]',
      'primary=203.0.113.99',
      '[first]',
      `primary=${PRIMARY}`,
      '[second]',
      `primary=${SECOND}`,
    );
    const client = await managed(stage);
    assert.equal(await property('ServerChoice'), 's "auto"');
    const started = await call('root', 'Start', 'a{sv}', '1', 'wait', 'b', 'true');
    assert.equal(started.code, 0, started.stderr);
    const used = JSON.parse((await property('Server')).slice(2)) as string;
    const other = used === PRIMARY ? SECOND : PRIMARY;
    assert.ok(servers.has(used), `${used} answers`);
    const heard = await listen(t);
    await servers.get(used)?.stop();
    // It would find out by itself within a minute.
    assert.equal((await call('root', 'Restart')).code, 0);
    await client.line(/failed: The Teredo server does not answer/);
    await client.line(new RegExp(`using server ${other} instead of ${used}: The Teredo server does not answer`));
    await client.line(new RegExp(`qualified: .*server ${other}`));
    assert.equal(await property('Server'), `s "${other}"`);
    assert.equal(await property('ServerChoice'), 's "auto"');
    const changed = heard('ServerChanged').map(([now, previous, reason]) => [now, previous, (reason as string[])[0]]);
    assert.deepEqual(changed, [[other, used, 'server-silent']]);
    await client.stop();
    assert.doesNotMatch(readFileSync(STATE, 'utf8'), /choice/, 'nobody chose');
  });

  test('Start with a server is for that run only', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    await stage.startServer(SECOND);
    listFile('a.ini', '[first]', `primary=${PRIMARY}`, '[second]', `primary=${SECOND}`);
    const client = await managed(stage);
    assert.equal((await setServer('root', 'first')).code, 0);
    const words = ['a{sv}', '2', 'wait', 'b', 'true', 'server', 's', 'second'];
    assert.equal((await call('root', 'Start', ...words)).code, 0);
    assert.equal(await property('Server'), `s "${SECOND}"`);
    assert.equal(await property('ServerChoice'), 's "first"');
    assert.equal((await call('root', 'Restart')).code, 0);
    await client.line(/qualified: .*server 203\.0\.113\.20/, 2);
    assert.equal((await call('root', 'Stop')).code, 0);
    assert.equal((await call('root', 'Start', 'a{sv}', '1', 'wait', 'b', 'true')).code, 0);
    assert.equal(await property('Server'), `s "${PRIMARY}"`);
    // While it runs as well.
    assert.equal((await call('root', 'Start', ...words)).code, 0);
    assert.equal(await property('Server'), `s "${SECOND}"`);
  });

  test('but where no other is known it is the choice from then on', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    const client = await managed(stage);
    const words = ['a{sv}', '2', 'wait', 'b', 'true', 'server', 's', PRIMARY];
    assert.equal((await call('root', 'Start', ...words)).code, 0);
    assert.equal(await property('ServerChoice'), `s "${PRIMARY}"`);
    await client.stop();
    const next = await managed(stage);
    await next.line(/qualified: /);
  });

  test('a damaged memory is put aside, and nothing else is lost', async (t) => {
    mkdirSync('/var/lib/miredo', { recursive: true });
    writeFileSync(STATE, '[tunnel]\nenab');
    const client = await managed(new Stage(t));
    await client.line(/state\.ini is damaged; it is put aside as \/var\/lib\/miredo\/state\.ini\.bad/);
    assert.equal(readFileSync(`${STATE}.bad`, 'utf8'), '[tunnel]\nenab');
    assert.equal(await property('State'), 's "stopped"');
  });

  test('a configuration counts in managed mode as well; a relay cannot be managed', async (t) => {
    const stage = new Stage(t);
    writeFileSync('/etc/miredo/miredo.conf', `${CLASSIC}InterfaceName tuntun\n`.replace('InterfaceName teredo\n', ''));
    t.after(() => rmSync('/etc/miredo/miredo.conf'));
    const client = await managed(stage);
    assert.equal(await property('State'), 's "stopped"');
    assert.equal(await property('Interface'), 's "tuntun"');
    assert.equal(await property('ServerChoice'), `s "${PRIMARY}"`);
    await client.stop();
    writeFileSync('/etc/miredo/miredo.conf', 'RelayType relay\n');
    const relay = stage.run('miredo', ['-f', '--managed', '-p', stage.pidFile]);
    assert.equal((await relay.exited).code, 2);
    assert.match(relay.lines.join('\n'), /--managed is for a client/);
    const named = stage.run('miredo', ['-f', '--managed', '-p', stage.pidFile, '-c', '/nonexistent.conf']);
    assert.equal((await named.exited).code, 2, 'a file that was named has to be there');
  });

  test('without a bus it waits for one', async (t) => {
    await stopPolkit();
    await stopBus();
    const stage = new Stage(t);
    const client = stage.run('miredo', ['-f', '--managed', '-p', stage.pidFile]);
    await client.line(/not on the message bus/);
    await startBus();
    await startPolkit();
    await client.line(/on the message bus as/, 2);
    assert.equal(await property('State'), 's "stopped"');
  });

  test('whoever calls it has it started by the bus', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    installActivation(fileOf('miredo'), '-p', ACTIVATED);
    await stopPolkit();
    await stopBus();
    await startBus();
    await startPolkit();
    listFile('a.ini', '[first]', `primary=${PRIMARY}`);
    const pid = (): number => Number(readFileSync(ACTIVATED, 'utf8'));
    t.after(async () => {
      process.kill(pid(), 'SIGTERM');
      await waitFor('its end', () => !existsSync(ACTIVATED) || undefined, { timeout: 10_000 });
      rmSync('/usr/share/dbus-1/system-services/org.miredo.service');
    });
    assert.ok(!existsSync(ACTIVATED));
    assert.equal(await property('State'), 's "stopped"');
    const started = await call(FRIEND, 'Start', 'a{sv}', '1', 'wait', 'b', 'true');
    assert.equal(started.code, 0, started.stderr);
    assert.equal(await property('State'), 's "qualified"');
    assert.ok(pid() > 1);
  });
});
