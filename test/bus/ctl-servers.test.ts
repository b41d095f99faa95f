/** miredoctl's commands about servers, against the real daemon and real servers. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { before, beforeEach, describe, type TestContext, test } from 'node:test';
import { version } from '../../daemon/service/command-line.js';
import { fileOf, PRIMARY, type Running, Stage } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { ip } from '../support/tun.js';
import { ctl, ctlAs, objectsOf, statusObject, watch } from './ctl-program.js';
import {
  enterBusStage,
  FRIEND,
  installActivation,
  provideBus,
  STRANGER,
  startBus,
  startPolkit,
  stopBus,
  stopPolkit,
} from './private-bus.js';
import { startClient } from './tunnel.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 180_000 };
const SECOND = '203.0.113.20';
const FOLDER = '/etc/miredo/servers.d';
const STATE = '/var/lib/miredo/state.ini';

/** Two servers, and a client of the first. */
async function startWithTwo(t: TestContext): Promise<Running> {
  const stage = new Stage(t);
  await stage.startServer();
  await stage.startServer(SECOND);
  return startClient(stage);
}

/** As root, and nothing on standard error. */
async function must(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await ctl(...words);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, words.join(' '));
  return stdout;
}

interface List {
  readonly choice: string;
  readonly inUse: string;
  readonly servers: readonly Readonly<Record<string, unknown>>[];
}
const list = async (): Promise<List> => JSON.parse(await must('server', 'list', '--json')) as List;

const qualifiedWith = (server: string) =>
  waitFor(
    `a tunnel by ${server}`,
    async () => {
      const { state, server: used } = await statusObject();
      return (state === 'qualified' && used === server) || undefined;
    },
    { timeout: 10_000 },
  );

describe('miredoctl server', OPTIONS, () => {
  before(() => {
    for (const address of [SECOND, '203.0.113.21']) ip('address', 'add', `${address}/24`, 'dev', 'eth0');
  });
  provideBus();
  beforeEach(() => {
    for (const place of [FOLDER, STATE]) rmSync(place, { recursive: true, force: true });
  });

  test('list, add, set, auto, remove', async (t) => {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(`${FOLDER}/a.ini`, `[office]\nprimary=${SECOND}\ncomment=by the window\n`);
    await startWithTwo(t);
    assert.match(await must('server', 'list'), /^office +203\.0\.113\.20 +administrator +by the window$/m);
    assert.deepEqual(await must('server', 'list', '--names'), `${PRIMARY}\noffice\n`);

    const details = ['--primary', SECOND, '--secondary', '203.0.113.21', '--comment', 'in the cellar'];
    assert.equal(await must('server', 'add', 'home', ...details), 'added: home\n');
    assert.deepEqual((await list()).servers.at(-1), {
      name: 'home',
      primary: SECOND,
      secondary: '203.0.113.21',
      comment: 'in the cellar',
      origin: 'user',
      chosen: false,
      inUse: false,
    });

    assert.equal(await must('server', 'set', 'home'), 'chosen: home\n');
    await qualifiedWith(SECOND);
    const { choice, inUse, servers } = await list();
    assert.deepEqual([choice, inUse], ['home', SECOND]);
    const ours = servers.find(({ name }) => name === 'home');
    assert.deepEqual([ours?.['chosen'], ours?.['inUse']], [true, true]);
    assert.match(await must('server', 'list'), /^home +203\.0\.113\.20 +203\.0\.113\.21 +chosen, in use +user/m);
    assert.match(await must('status'), /^Server +203\.0\.113\.20\nChosen +home$/m);

    assert.equal(await must('server', 'auto'), 'chosen: the best server that answers\n');
    assert.equal((await statusObject())['serverChoice'], 'auto');
    assert.equal(await must('server', 'remove', 'home'), 'removed: home\n');
    assert.deepEqual(await must('server', 'list', '--names'), `${PRIMARY}\noffice\n`);
  });

  for (const [words, code, complaint] of [
    ['server remove nobody', 10, /There is no server "nobody".*miredoctl server list/],
    ['server remove office', 1, /office/],
    ['server add office --primary 203.0.113.30', 1, /office/],
    ['server set 10.0.0.1', 1, /not a public/],
    ['server add x --primary 192.168.0.1', 1, /192\.168\.0\.1/],
    ['start --server 10.0.0.1', 1, /not a public/],
  ] as const) {
    test(`${words}: ${code}`, async (t) => {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(`${FOLDER}/a.ini`, `[office]\nprimary=${SECOND}\n`);
      await startWithTwo(t);
      const said = await ctl(...words.split(' '));
      assert.deepEqual([said.code, said.stdout], [code, ''], said.stderr);
      assert.match(said.stderr, /^miredoctl: .*\n$/);
      assert.match(said.stderr, complaint);
    });
  }

  test('who may do what: the action that it takes is named', async (t) => {
    await startWithTwo(t);
    assert.equal((await ctlAs(STRANGER, 'server', 'list')).code, 0);
    for (const [words, action] of [
      [['server', 'set', PRIMARY], 'set-server'],
      [['server', 'auto'], 'set-server'],
      [['server', 'set', SECOND], 'configure'],
      [['server', 'add', 'x', '--primary', SECOND], 'configure'],
    ] as const) {
      const { code, stdout, stderr } = await ctlAs(STRANGER, ...words);
      assert.deepEqual([code, stdout], [7, ''], words.join(' '));
      assert.match(stderr, new RegExp(`It takes the polkit action org\\.miredo\\.${action}\\.`));
    }
    assert.equal((await list()).choice, PRIMARY);
  });

  test('start --server is for that run only, also while the tunnel runs', async (t) => {
    await startWithTwo(t);
    const other = await ctl('start', '--server', SECOND);
    assert.equal(other.code, 0, other.stderr);
    assert.match(other.stdout, /^qualified: 2001:0:cb00:7114:/, 'the address has the server in it');
    const { server, serverChoice } = await statusObject();
    assert.deepEqual([server, serverChoice], [SECOND, PRIMARY]);
    const again = await ctl('start', '--server', SECOND);
    assert.deepEqual([again.code, again.stdout], [0, other.stdout], 'it is there already');
    await must('stop');
    const first = await ctl('start');
    assert.match(first.stdout, /^qualified: 2001:0:cb00:710a:/);
  });

  test('monitor tells of the server, the choice and the list', async (t) => {
    await startWithTwo(t);
    const events = objectsOf(watch(t, 'monitor', '--json'));
    await events.next(({ event }) => event === 'daemon');
    await must('server', 'add', 'home', '--primary', SECOND);
    const listed = await events.next(({ event }) => event === 'servers');
    assert.deepEqual([listed['added'], listed['removed']], [['home'], []]);
    await must('server', 'set', 'home');
    const seen = new Map<unknown, Readonly<Record<string, unknown>>>();
    await events.next((line) => {
      seen.set(line['event'], line);
      return line['event'] === 'qualification' && line['qualified'] === true;
    });
    const { server, previous, reason } = seen.get('server') ?? {};
    assert.deepEqual([server, previous, (reason as { code: string }).code], [SECOND, PRIMARY, 'user']);
    assert.equal(seen.get('choice')?.['choice'], 'home');
  });

  test('start has the bus start the daemon, and waits for the tunnel all the same', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(`${FOLDER}/a.ini`, `[first]\nprimary=${PRIMARY}\n`);
    installActivation(fileOf('miredo'), '-p', stage.pidFile);
    await stopPolkit();
    await stopBus();
    await startBus();
    await startPolkit();
    t.after(() => rmSync('/usr/share/dbus-1/system-services/org.miredo.service'));
    assert.equal((await ctl('status')).code, 6, 'who only looks starts nothing');
    const started = await ctlAs(FRIEND, 'start');
    const daemon = Number(readFileSync(stage.pidFile, 'utf8'));
    t.after(async () => {
      process.kill(daemon, 'SIGTERM');
      await waitFor('its end', async () => (await ctl('status')).code === 6 || undefined, { timeout: 10_000 });
    });
    assert.equal(started.code, 0, started.stderr);
    assert.match(started.stdout, /^qualified: /);
    assert.match(await must('version'), new RegExp(`^miredo ${version()}$`, 'm'));
  });
});
