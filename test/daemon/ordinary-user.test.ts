/** The client as the user of a unit that gives it CAP_NET_ADMIN and nothing else: everything works, nobody has more. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { hasDefaultRoute } from '../lab/kernel-view.js';
import { NOBODY } from '../support/nobody.js';
import { threadStatuses } from '../support/thread-status.js';
import { enterStage, fileOf, PRIMARY, picture, Stage, udpSockets } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url), timeout: 30_000 };
const NET_ADMIN = '0000000000001000';
const NONE = '0000000000000000';
const WHO = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
/** As systemd does it for User=, CapabilityBoundingSet= and AmbientCapabilities=. */
const UNIT = [...WHO, '--bounding-set=-all,+net_admin', '--inh-caps=-all,+net_admin', '--ambient-caps=+net_admin'];

function folderOf(t: TestContext): string {
  const folder = mkdtempSync('/tmp/miredo-user-');
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  chownSync(folder, NOBODY, NOBODY);
  writeFileSync(join(folder, 'miredo.conf'), `ServerAddress ${PRIMARY}\nFirewall yes\n`);
  return folder;
}

const wordsOf = (folder: string): string[] => [
  ...['-f', '-c', join(folder, 'miredo.conf')],
  ...['-p', join(folder, 'miredo.pid')],
];

/** By the name that ps(1) knows it by. */
function childOf(pid: number, name: string): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const nameOf = (child: number): string => readFileSync(`/proc/${child}/comm`, 'utf8').trim();
  const found = children.find((child) => nameOf(child).startsWith(name));
  assert.ok(found !== undefined, `no ${name} among ${children.map(nameOf).join(', ')}`);
  return found;
}

test('a client of no user of privilege, with CAP_NET_ADMIN, qualifies and leaves nothing', OPTIONS, async (t) => {
  const server = await new Stage(t).startServer();
  const before = { picture: picture(), udp: udpSockets() };
  const child = spawn('setpriv', [...UNIT, fileOf('miredo'), ...wordsOf(folderOf(t))], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    if (!line.includes('qualified: ')) continue;
    assert.ok(hasDefaultRoute(process.pid, 'teredo'), 'the route is there');
    const pid = child.pid ?? 0;
    for (const { capabilities, uids } of threadStatuses(pid)) {
      const [, permitted, effective, bounding, ambient] = capabilities;
      assert.deepEqual([permitted, effective, bounding], [NET_ADMIN, NET_ADMIN, NET_ADMIN]);
      assert.match(uids, new RegExp(`^${NOBODY}\\b`));
      assert.ok(ambient === NONE || capabilities[0] === NET_ADMIN);
    }
    assert.equal(threadStatuses(pid)[0]?.capabilities[4], NONE, 'what it starts is given nothing');
    const [nft, engine] = ['nft', 'node'].map((name) => childOf(pid, name));
    assert.match(execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }), /flags owner/);
    for (const { capabilities } of threadStatuses(nft ?? 0)) {
      assert.deepEqual(
        capabilities,
        Array.from({ length: 5 }, () => NET_ADMIN),
        'it is lent what it needs',
      );
    }
    for (const { capabilities, noNewPrivileges, seccomp } of threadStatuses(engine ?? 0)) {
      const [inheritable, permitted, effective, , ambient] = capabilities;
      assert.deepEqual([inheritable, permitted, effective, ambient], [NONE, NONE, NONE, NONE]);
      assert.deepEqual([noNewPrivileges, seccomp], ['1', '2']);
    }
    child.kill('SIGTERM');
  }
  await server.stop();
  assert.deepEqual(
    lines.filter((line) => /[Cc]annot|lack|warning|EPERM/.test(line)),
    [],
    lines.join('\n'),
  );
  assert.match(lines.at(-1) ?? '', /nothing is left behind$/);
  assert.equal(picture(), before.picture);
  assert.equal(execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }), '');
});

test('without CAP_NET_ADMIN it says what it needs', OPTIONS, async (t) => {
  const words = [...WHO, '--inh-caps=-all', fileOf('miredo'), ...wordsOf(folderOf(t))];
  const { status, stderr } = spawnSync('setpriv', words, { encoding: 'utf8', timeout: 20_000 });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /CAP_NET_ADMIN|root/);
});

for (const [word, value, sentence] of [
  ['-u', 'daemon', /Only root can run the engine as daemon/],
  ['-t', '/var', /Only root can use -t/],
] as const) {
  test(`${word} is for root`, OPTIONS, (t) => {
    const words = [...UNIT, fileOf('miredo'), ...wordsOf(folderOf(t)), word, value];
    const { status, stderr } = spawnSync('setpriv', words, { encoding: 'utf8', timeout: 20_000 });
    assert.equal(status, 1, stderr);
    assert.match(stderr, sentence);
  });
}
