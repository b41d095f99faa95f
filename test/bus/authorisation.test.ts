/** Who may do what: the policy's defaults in all places, and a password that is asked for by a real agent. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, describe, type TestContext, test } from 'node:test';
import type { Action } from '../../daemon/service/bus/authority.js';
import { INTERFACE } from '../../dbus/org-miredo.js';
import { coverEtc, isForeignRoot } from '../support/private-etc.js';
import { Agent, addBoss, closeSession, openSession, PASSWORD, type Place, prepareSessions, Waiting } from './people.js';
import { enterBusStage, property, provideBus, type Said } from './private-bus.js';
import { startTunnel } from './tunnel.js';

function prepare(): void {
  if (isForeignRoot()) return;
  coverEtc();
  addBoss();
}

const OPTIONS = { skip: enterBusStage(import.meta.url, ['--cgroup'], prepare), timeout: 60_000 };
/** Passwords and sessions are what only the machine's root can make. */
const NEEDS_ROOT = OPTIONS.skip || (isForeignRoot() && 'root of a user namespace makes neither users nor sessions');

/** What polkit says when nobody has given a rule: yes, or whose password, and whether it is good for a while. */
type Default = 'yes' | 'auth_admin' | 'auth_admin_keep';
const DEFAULTS: Readonly<Record<Action, Readonly<Record<Place, Default>>>> = {
  'org.miredo.control': { any: 'auth_admin_keep', inactive: 'auth_admin_keep', active: 'yes' },
  'org.miredo.set-server': { any: 'auth_admin_keep', inactive: 'auth_admin_keep', active: 'yes' },
  'org.miredo.configure': { any: 'auth_admin', inactive: 'auth_admin', active: 'auth_admin_keep' },
  'org.miredo.diagnose': { any: 'auth_admin', inactive: 'auth_admin', active: 'yes' },
};
const ACTIONS = Object.keys(DEFAULTS) as Action[];
const PLACES: readonly Place[] = ['any', 'inactive', 'active'];

/** As pkcheck(1) answers without asking for a password. */
const ANSWER: Readonly<Record<Default, { readonly code: number; readonly stdout: RegExp }>> = {
  yes: { code: 0, stdout: /^$/ },
  auth_admin: { code: 2, stdout: /^$/ },
  auth_admin_keep: { code: 2, stdout: /^polkit\\56retains_authorization_after_challenge=1\n$/ },
};

const busctl = (member: string, isInteractive: boolean): [string, ...string[]] => [
  'busctl',
  '--system',
  `--allow-interactive-authorization=${isInteractive ? 'yes' : 'no'}`,
  'call',
  'org.miredo',
  '/org/miredo',
  INTERFACE,
  member,
];

function at(place: Place, context: TestContext): void {
  if (place === 'any') return;
  openSession(place);
  context.after(closeSession);
}

describe('authorisation', OPTIONS, () => {
  before(() => {
    if (NEEDS_ROOT === false) prepareSessions();
  });
  provideBus();

  test('pkaction knows these actions, each with a description, a message and its defaults', () => {
    const known = execFileSync('pkaction', { encoding: 'utf8' }).split('\n');
    assert.deepEqual(known.filter((name) => name.startsWith('org.miredo')).sort(), [...ACTIONS].sort());
    for (const action of ACTIONS) {
      const shown = execFileSync('pkaction', ['--verbose', '--action-id', action], { encoding: 'utf8' });
      const value = (name: string): string => new RegExp(`^ *${name}: +(.*)$`, 'm').exec(shown)?.[1] ?? '';
      const { any, inactive, active } = DEFAULTS[action];
      assert.deepEqual(
        ['implicit any', 'implicit inactive', 'implicit active'].map(value),
        [any, inactive, active],
        action,
      );
      for (const name of ['description', 'message', 'vendor', 'icon']) assert.notEqual(value(name), '', name);
    }
  });

  for (const place of PLACES) {
    const skip = place !== 'any' && NEEDS_ROOT;
    for (const action of ACTIONS) {
      const verdict = DEFAULTS[action][place];
      test(`${action} from ${place === 'any' ? 'no' : `an ${place} local`} session: ${verdict}`, {
        skip,
      }, async (t) => {
        at(place, t);
        const subject = await Waiting.start(place, 'true');
        const checker = await Waiting.start('any', 'pkcheck', '--action-id', action, '--process', String(subject.pid));
        const { code, stdout, stderr } = await checker.go();
        await subject.end();
        const expected = ANSWER[verdict];
        assert.equal(code, expected.code, stderr);
        assert.match(stdout, expected.stdout);
      });
    }

    test(`a caller from ${place === 'any' ? 'no' : `an ${place} local`} session gets that over the bus`, {
      skip,
    }, async (t) => {
      at(place, t);
      await startTunnel(t);
      const caller = await Waiting.start(place, ...busctl('Stop', false));
      const { code, stderr } = await caller.go();
      if (place === 'active') {
        assert.equal(code, 0, stderr);
        assert.equal(await property('State'), 's "stopped"');
      } else {
        assert.equal(code, 1);
        assert.match(stderr, /A password is needed/);
        assert.equal(await property('State'), 's "qualified"');
      }
    });
  }

  /** What the person at the terminal does, and what the caller is told then. */
  async function asked(context: TestContext, answer: string): Promise<{ readonly said: Said; readonly shown: string }> {
    const caller = await Waiting.start('any', ...busctl('Stop', true));
    context.after(() => caller.end());
    const agent = await Agent.start(caller.pid);
    context.after(() => agent.end());
    const said = caller.go();
    await agent.asks();
    assert.equal(await property('State'), 's "qualified"', 'everybody else is answered meanwhile');
    agent.type(answer);
    return { said: await said, shown: agent.text };
  }

  test("the administrator's password: it is done, this time", { skip: NEEDS_ROOT }, async (t) => {
    await startTunnel(t);
    const { said, shown } = await asked(t, `${PASSWORD}\n`);
    assert.equal(said.code, 0, said.stderr + shown);
    assert.match(shown, /AUTHENTICATING FOR org\.miredo\.control/);
    assert.match(shown, /Authentication is required to start or stop the Teredo tunnel/);
    assert.equal(await property('State'), 's "stopped"');
    const next = await Waiting.start('any', ...busctl('Restart', false));
    assert.match((await next.go()).stderr, /A password is needed/, 'another has to be asked again');
  });

  for (const [what, answer] of [
    ['a wrong password', 'of another\n'],
    ['no password', '\n'],
    ['a cancelled question (Ctrl-C)', '\u0003'],
  ] as const) {
    test(`${what}: it is not done`, { skip: NEEDS_ROOT }, async (t) => {
      await startTunnel(t);
      const { said } = await asked(t, answer);
      assert.equal(said.code, 1);
      assert.match(said.stderr, /Access denied|not allow|was closed/i);
      assert.equal(await property('State'), 's "qualified"');
    });
  }

  test('without an agent a question that may be asked is a refusal', async (t) => {
    await startTunnel(t);
    const caller = await Waiting.start('any', ...busctl('Stop', true));
    const { code, stderr } = await caller.go();
    assert.equal(code, 1);
    assert.match(stderr, /Access denied|not allow/i);
    assert.equal(await property('State'), 's "qualified"');
  });
});
