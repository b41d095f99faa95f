/** List, choice and memory together, with a prober that answers when the test wants. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readEntry, type ServerEntry } from '../../../daemon/config/server-entry.js';
import { SENTENCES } from '../../../daemon/protocol/reasons.js';
import type { Measured } from '../../../daemon/service/servers/server-choice.js';
import { StateFile } from '../../../daemon/service/servers/state-file.js';
import { type Prober, TunnelServers, type Wanted } from '../../../daemon/service/servers/tunnel-servers.js';

function entry(name: string, primary?: string): ServerEntry {
  const read = readEntry(name, primary === undefined ? {} : { primary });
  assert.ok(read.ok);
  return read.entry;
}

interface Round {
  readonly names: readonly string[];
  readonly signal: AbortSignal;
  answer(results: readonly Measured[]): void;
  readonly fail: (error: Error) => void;
}

const answers = (name: string, roundTrip: number): Measured => ({ name, reachable: true, roundTrip, secondary: true });

function stage(t: TestContext, isManaged = true, configured?: ServerEntry) {
  const folder = mkdtempSync(join(tmpdir(), 'servers-'));
  mkdirSync(join(folder, 'servers.d'));
  const rounds: Round[] = [];
  const events: string[] = [];
  const probe: Prober = (targets, { signal, heard }) =>
    new Promise((resolve, fail) => {
      const answer = (results: readonly Measured[]): void => {
        for (const result of results) heard(result);
        resolve(undefined);
      };
      rounds.push({ names: targets.map(({ name }) => name), signal, answer, fail });
    });
  const log = (level: string, message: string): void => void events.push(`${level}: ${message}`);
  const open = (): TunnelServers => {
    const setup = {
      isManaged,
      folder: join(folder, 'servers.d'),
      file: new StateFile(join(folder, 'state.ini'), log),
      probe,
      log,
    };
    const opened = new TunnelServers(setup, configured, {
      again: () => events.push('again'),
      changed: () => events.push('changed'),
      serverChanged: (server, previous, { code }) => events.push(`${previous} -> ${server}: ${code}`),
    });
    t.after(() => opened.close());
    return opened;
  };
  t.after(() => rmSync(folder, { recursive: true }));
  const list = (...lines: string[]): void => writeFileSync(join(folder, 'servers.d/a.ini'), lines.join('\n'));
  return { rounds, events, open, list };
}

const shown = (wanted: Wanted): string =>
  wanted.type === 'server' ? wanted.target.name : wanted.type === 'none' ? wanted.reason.sentence : wanted.type;

/** What promises have to do. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the best is looked for, and used when it is found', async (t) => {
  const { rounds, events, open, list } = stage(t);
  list('[a.example]', '[b.example]');
  const servers = open();
  assert.equal(servers.choice, 'auto');
  assert.equal(shown(servers.wanted()), 'coming');
  assert.equal(shown(servers.wanted()), 'coming', 'one round is enough');
  assert.deepEqual(
    rounds.map(({ names }) => names),
    [['a.example', 'b.example']],
  );
  rounds[0]?.answer([answers('a.example', 50_000), answers('b.example', 10_000)]);
  await settle();
  assert.deepEqual(events, ['again']);
  assert.equal(shown(servers.wanted()), 'b.example');
});

test('a choice ends the search; what its probes find is too late', async (t) => {
  const { rounds, events, open, list } = stage(t);
  list('[a.example]', '[b.example]');
  const servers = open();
  servers.wanted();
  await servers.choose('a.example');
  assert.ok(rounds[0]?.signal.aborted);
  assert.deepEqual(events, ['again', 'changed']);
  rounds[0]?.answer([answers('b.example', 10_000)]);
  await settle();
  assert.deepEqual(events, ['again', 'changed']);
  assert.equal(shown(servers.wanted()), 'a.example');
});

test('so does a stop', async (t) => {
  const { rounds, events, open, list } = stage(t);
  list('[a.example]', '[b.example]');
  const servers = open();
  servers.wanted();
  servers.stateChanged({ name: 'stopped', reason: { code: 'user', sentence: SENTENCES.user } });
  assert.ok(rounds[0]?.signal.aborted);
  rounds[0]?.answer([answers('b.example', 10_000)]);
  await settle();
  assert.deepEqual(events, []);
});

test('a prober that fails is said, and the first server is tried', async (t) => {
  const { rounds, events, open, list } = stage(t);
  list('[a.example]', '[b.example]');
  const servers = open();
  servers.wanted();
  rounds[0]?.fail(new Error('no process'));
  await settle();
  assert.deepEqual(events, ['error: servers cannot be probed: no process', 'again']);
  assert.equal(shown(servers.wanted()), 'a.example');
});

test('with no server there is a reason; the first one that is added is used', async (t) => {
  const { events, open } = stage(t);
  const servers = open();
  assert.equal(shown(servers.wanted()), SENTENCES['no-server']);
  await servers.add(entry('home', '203.0.113.10'));
  assert.deepEqual(events, ['again', 'changed']);
  assert.equal(shown(servers.wanted()), 'home');
});

test('an entry that is changed while it is in use is used as it is now; another one is none of its business', async (t) => {
  const { events, open } = stage(t);
  const servers = open();
  await servers.add(entry('home', '203.0.113.10'));
  await servers.choose('home');
  servers.wanted();
  events.length = 0;
  await servers.add(entry('other', '203.0.113.20'));
  assert.deepEqual(events, ['changed']);
  await servers.add(entry('home', '203.0.113.30'));
  assert.deepEqual(events, ['changed', 'again', 'changed']);
  servers.wanted();
  assert.equal(events.pop(), '203.0.113.10 -> 203.0.113.30: user');
});

test('what was chosen and added is there after the next start, in managed mode', async (t) => {
  const { open } = stage(t);
  const first = open();
  await first.add(entry('home', '203.0.113.10'));
  await first.choose('home');
  await first.enable(true);
  const second = open();
  assert.equal(second.choice, 'home');
  assert.equal(second.isEnabled, true);
  assert.deepEqual(second.list.users, [entry('home', '203.0.113.10')]);
});

test('otherwise the configuration counts again, and what a managed daemon remembers is left as it is', async (t) => {
  const configured = entry('203.0.113.20');
  const { open } = stage(t, false, configured);
  const first = open();
  assert.equal(first.isEnabled, true);
  assert.equal(first.choice, '203.0.113.20');
  await first.choose('198.51.100.1');
  assert.equal(shown(first.wanted()), '198.51.100.1');
  await first.enable(false);
  await first.add(entry('home', '203.0.113.10'));
  const second = open();
  assert.equal(second.isEnabled, true);
  assert.equal(second.choice, '203.0.113.20');
  assert.deepEqual(
    second.list.entries.map(({ name, origin }) => `${name} ${origin}`),
    ['203.0.113.20 configuration', 'home user'],
  );
});

test('an entry of the same name: the configuration goes before the administrator, who goes before users', async (t) => {
  const { open, list, events } = stage(t, true, entry('one.example'));
  list('[one.example]', 'comment=administrator', '[two.example]');
  const servers = open();
  assert.match(events.join('\n'), /warning: the server one\.example is named more than once/);
  assert.equal(servers.list.addition('two.example', {}).ok, false);
  assert.deepEqual(
    servers.list.entries.map(({ name, origin }) => `${name} ${origin}`),
    ['one.example configuration', 'two.example administrator'],
  );
  const found = servers.list.targetsOf(['two.example', '198.51.100.1']);
  assert.ok(found.ok);
  assert.deepEqual(
    found.targets.map(({ primary }) => primary.text),
    ['two.example', '198.51.100.1'],
  );
  assert.equal(servers.list.targetsOf(['two.example', '10.0.0.1']).ok, false);
  assert.equal(servers.list.targetsOf(Array.from({ length: 65 }, () => 'two.example')).ok, false);
});

test('users can add so many', async (t) => {
  const { open } = stage(t);
  const { list } = open();
  for (let n = 0; n < 64; n += 1) list.add(entry(`s${n}.example`));
  const more = list.addition('s64.example', {});
  assert.ok(!more.ok);
  assert.match(more.text, /^list-full: /);
  assert.ok(list.addition('s3.example', {}).ok, 'a change is none more');
});
