/**
 * `miredoctl prefer` as it is installed: the real pkexec, which asks the real polkit, which asks for the real password;
 * and what the C library then puts first.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { coverEtc, isForeignRoot } from '../support/private-etc.js';
import { ip } from '../support/tun.js';
import { Agent, addBoss, closeSession, openSession, PASSWORD, type Place, prepareSessions, Waiting } from './people.js';
import {
  as,
  enterBusStage,
  permit,
  type Said,
  STRANGER,
  startBus,
  startPolkit,
  stopBus,
  stopPolkit,
} from './private-bus.js';
import { Terminal } from './terminal.js';

function prepare(): void {
  if (isForeignRoot()) return;
  coverEtc();
  addBoss();
}

const REASON = enterBusStage(import.meta.url, ['--cgroup'], prepare);
const OPTIONS = {
  skip: REASON || (isForeignRoot() && 'root of a user namespace makes neither users nor sessions'),
  timeout: 120_000,
};
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** In the place of /usr/lib/miredo. */
const HOME = '/run/lib-miredo';
const CTL = join(HOME, 'miredoctl.js');
const POLICY = '/usr/share/polkit-1/actions/org.miredo.policy';
const FILE = '/etc/gai.conf';
const CONTENT = '# the administrator\x27s\nreload no\n';
const NAME = 'both.example';
const ACTION = 'org.miredo.prefer';
const INTERRUPT = '\u0003';

/** As packaging/deb/staging.mjs lays it out, and the policy with that path. */
function install(): void {
  mkdirSync(HOME);
  writeFileSync(join(HOME, 'package.json'), JSON.stringify({ type: 'commonjs', version: '0.0.0' }));
  copyFileSync(join(ROOT, 'daemon/io/native/build/Release/packet_path.node'), join(HOME, 'packet_path.node'));
  for (const name of ['miredoctl.js', 'miredo-prefer.js']) {
    const code = readFileSync(join(ROOT, 'build/bin', name), 'utf8').replace(/^#!.*/, `#!${process.execPath}`);
    writeFileSync(join(HOME, name), code);
    chmodSync(join(HOME, name), 0o755);
  }
  const policy = readFileSync(POLICY, 'utf8');
  const moved = policy.replaceAll('/usr/lib/miredo/', `${HOME}/`);
  assert.notEqual(moved, policy);
  writeFileSync(POLICY, moved);
}

/** A host with a tunnel's address, and a name that has both kinds. */
function plugIn(): void {
  writeFileSync('/etc/hosts', `127.0.0.1 localhost\n8.8.8.8 ${NAME}\n2600::1 ${NAME}\n`);
  writeFileSync('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n');
  ip('route', 'add', 'default', 'via', '203.0.113.1');
  ip('link', 'add', 'teredo', 'type', 'veth', 'peer', 'name', 'far');
  for (const end of ['teredo', 'far']) ip('link', 'set', end, 'addrgenmode', 'none', 'up');
  ip('address', 'add', '2001:0:cb00:710a:0:3f57:39ce:9bf5/32', 'dev', 'teredo', 'nodad');
  ip('-6', 'route', 'add', 'default', 'dev', 'teredo', 'metric', '1029');
}

/** What programs connect to first. */
const first = (): string => execFileSync('getent', ['ahosts', NAME], { encoding: 'utf8' }).split(/\s/)[0] ?? '';

const content = (): string => readFileSync(FILE, 'latin1');

/** The person's, from a session or from none, with an agent that asks for the administrator's password. */
async function asked(place: Place, word: string, answer: string): Promise<Said & { readonly shown: string }> {
  const caller = await Waiting.start(place, CTL, 'prefer', word);
  const agent = await Agent.start(caller.pid);
  try {
    const said = caller.go();
    await agent.asks();
    assert.equal(content(), CONTENT, 'nothing is done before');
    agent.type(answer);
    return { ...(await said), shown: agent.text };
  } finally {
    await agent.end();
    await caller.end();
  }
}

describe('miredoctl prefer', OPTIONS, () => {
  before(async () => {
    install();
    plugIn();
    prepareSessions();
    await startBus();
    await startPolkit();
  });
  after(async () => {
    await stopPolkit();
    await stopBus();
  });
  beforeEach(() => writeFileSync(FILE, CONTENT, 'latin1'));

  test('root: on, and programs use the tunnel; off, and the file is as it was', async () => {
    assert.equal(first(), '8.8.8.8');
    assert.equal((await as(STRANGER, CTL, 'prefer', 'status')).code, 11);
    const on = await as('root', CTL, 'prefer', 'on');
    assert.equal(on.code, 0, on.stderr);
    assert.match(on.stdout, /tunnel before IPv4[\s\S]*started again/);
    assert.equal(first(), '2600::1');
    const status = await as(STRANGER, CTL, 'prefer', 'status', '--json');
    assert.equal(status.code, 0);
    assert.deepEqual(JSON.parse(status.stdout), {
      schemaVersion: 1,
      preferred: true,
      set: true,
      file: FILE,
      ownLines: [],
      error: null,
    });
    const again = await as('root', CTL, 'prefer', 'on', '--json');
    assert.equal((JSON.parse(again.stdout) as { changed: boolean }).changed, false);
    const off = await as('root', CTL, 'prefer', 'off');
    assert.equal(off.code, 0, off.stderr);
    assert.deepEqual([first(), content()], ['8.8.8.8', CONTENT]);
  });

  test("the administrator's own lines: 1, they are named and stay", async () => {
    const own = 'precedence ::ffff:0:0/96 100\n';
    writeFileSync(FILE, own);
    const { code, stderr } = await as('root', CTL, 'prefer', 'on');
    assert.deepEqual([code, content()], [1, own]);
    assert.match(stderr, /line 1\)/);
    const json = await as('root', CTL, 'prefer', 'on', '--json');
    const { changed, error } = JSON.parse(json.stdout) as { changed: boolean; error: { code: string } };
    assert.deepEqual([json.code, changed, error.code], [1, false, 'own-lines']);
  });

  for (const place of ['any', 'inactive', 'active'] as const) {
    test(`${place === 'any' ? 'no session' : `an ${place} session`}: with the administrator's password it is done`, async (t) => {
      if (place !== 'any') {
        openSession(place);
        t.after(closeSession);
      }
      const { code, stdout, stderr, shown } = await asked(place, 'on', `${PASSWORD}\n`);
      assert.equal(code, 0, stderr + shown);
      assert.match(shown, /AUTHENTICATING FOR org\.miredo\.prefer[\s\S]*prefer the Teredo tunnel/);
      assert.match(stdout, /tunnel before IPv4/);
      assert.equal(first(), '2600::1');
    });
  }

  for (const [what, answer, complaint] of [
    ['a wrong password', 'wrong\n', /This user may not do that\..*org\.miredo\.prefer/],
    ['a cancelled question', INTERRUPT, /may not do that|Cancelled/],
  ] as const) {
    test(`${what}: 7, and nothing is done`, async () => {
      const { code, stderr } = await asked('any', 'on', answer);
      assert.deepEqual([code, content()], [7, CONTENT], stderr);
      assert.match(stderr, complaint);
    });
  }

  test('on a terminal it asks by itself', async (t) => {
    const terminal = new Terminal('any', `SHELL=/no/shell ${CTL} prefer on`);
    t.after(() => terminal.end());
    await terminal.shows(/AUTHENTICATING FOR org\.miredo\.prefer[\s\S]*Password: ?$/);
    assert.equal(content(), CONTENT);
    await terminal.enterPassword(PASSWORD);
    const { code, text } = await terminal.ended;
    assert.equal(code, 0, text);
    assert.equal(first(), '2600::1');
  });

  test('--no-ask-password asks nobody: 7', async (t) => {
    const terminal = new Terminal('any', `${CTL} --no-ask-password prefer on`);
    t.after(() => terminal.end());
    const { code, text } = await terminal.ended;
    assert.deepEqual([code, content()], [7, CONTENT]);
    assert.ok(!/Password/.test(text));
    assert.match(text, /polkit action org\.miredo\.prefer/);
  });

  test('without pkexec: 7, and what to do', async () => {
    const path = `PATH=${HOME}`;
    const { code, stderr } = await as(STRANGER, 'env', path, process.execPath, CTL, 'prefer', 'on');
    assert.deepEqual([code, content()], [7, CONTENT]);
    assert.match(stderr, /sudo/);
  });

  test('the program that runs as root takes two words, and nothing else', async () => {
    const program = join(HOME, 'miredo-prefer.js');
    for (const words of [[], ['status'], ['on', '/etc/passwd'], ['--help'], ['off', 'off']]) {
      const { code, stdout } = await as('root', program, ...words);
      assert.deepEqual([code, stdout], [2, '']);
    }
    const { code, stderr } = await as(STRANGER, program, 'on');
    assert.deepEqual([code, content()], [1, CONTENT]);
    assert.match(stderr, /only root may/);
  });

  test('whom a rule allows it needs no password, and may be told not to be asked', async () => {
    permit(STRANGER, ACTION);
    for (const words of [[], ['--no-ask-password']]) {
      writeFileSync(FILE, CONTENT);
      let said = await as(STRANGER, CTL, ...words, 'prefer', 'on');
      // polkit reads its rules anew in its own time.
      while (said.code === 7) said = await as(STRANGER, CTL, ...words, 'prefer', 'on');
      assert.equal(said.code, 0, said.stderr);
      assert.equal(first(), '2600::1');
      assert.equal((await as(STRANGER, CTL, ...words, 'prefer', 'off')).code, 0);
      assert.equal(content(), CONTENT);
    }
  });
});
