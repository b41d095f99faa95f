/** miredoctl on a terminal asks for the password by itself: real polkit, real agent, real terminal, real password. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { before, describe, type TestContext, test } from 'node:test';
import { coverEtc, isForeignRoot } from '../support/private-etc.js';
import { ctl, publicCtl } from './ctl-program.js';
import { addBoss, closeSession, openSession, PASSWORD, type Place, prepareSessions } from './people.js';
import { enterBusStage, property, provideBus, startPolkit, stopPolkit } from './private-bus.js';
import { Terminal } from './terminal.js';
import { startTunnel } from './tunnel.js';

function prepare(): void {
  if (isForeignRoot()) return;
  coverEtc();
  addBoss();
}

const REASON = enterBusStage(import.meta.url, ['--cgroup'], prepare);
/** Passwords and sessions are what only the machine's root can make. */
const OPTIONS = {
  skip: REASON || (isForeignRoot() && 'root of a user namespace makes neither users nor sessions'),
  timeout: 120_000,
};
/** What pkttyagent(1) shows. */
const PROMPT = /AUTHENTICATING FOR org\.miredo\.([a-z-]+)[\s\S]*Password: ?$/;
const INTERRUPT = '\u0003';

/** miredoctl of the person's on a terminal; `%` stands for it. */
function onTerminal(context: TestContext, command: string, place: Place = 'any'): Terminal {
  const terminal = new Terminal(place, command.replace('%', publicCtl()));
  context.after(() => terminal.end());
  return terminal;
}

/** Process ids of agents that are there; those of another run are in no control group of ours. */
function agents(): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const isOurs = !/^0::\/\.\./m.test(readFileSync(`/proc/${name}/cgroup`, 'utf8'));
      return isOurs && readFileSync(`/proc/${name}/cmdline`, 'utf8').startsWith('pkttyagent\0--process\0');
    } catch {
      return false;
    }
  });
}

describe('a password on the terminal', OPTIONS, () => {
  before(() => {
    prepareSessions();
  });
  provideBus();

  /** auth_admin_keep keeps it for some minutes, and for this process only. */
  for (const [words, action, said] of [
    ['stop', 'control', /stopped/],
    ['restart', 'control', /qualified: 2001:0:/],
    ['start --no-wait', 'control', /^/],
  ] as const) {
    test(`${words}: is asked for, and is right`, async (t) => {
      await startTunnel(t);
      const terminal = onTerminal(t, `% ${words}`);
      await terminal.shows(PROMPT);
      assert.equal(PROMPT.exec(terminal.text)?.[1], action);
      assert.equal(await property('State'), 's "qualified"', 'nothing is done before');
      await terminal.enterPassword(PASSWORD);
      const { code, text } = await terminal.ended;
      assert.equal(code, 0, text);
      assert.match(text, /AUTHENTICATION COMPLETE/);
      assert.match(text, said);
      assert.ok(!text.includes(PASSWORD), 'it is not shown');
      assert.deepEqual(agents(), []);
    });
  }

  test('in a session of systemd-logind, as a fall-back', async (t) => {
    openSession('inactive');
    t.after(closeSession);
    await startTunnel(t);
    const terminal = onTerminal(t, '% stop', 'inactive');
    await terminal.shows(PROMPT);
    assert.deepEqual(
      agents().map((pid) => /--fallback/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))),
      [true],
    );
    await terminal.enterPassword(PASSWORD);
    const { code, text } = await terminal.ended;
    assert.equal(code, 0, text);
  });

  test('a wrong one: 7, and what to do; nothing is done', async (t) => {
    await startTunnel(t);
    const terminal = onTerminal(t, '% stop');
    await terminal.shows(PROMPT);
    await terminal.enterPassword('wrong');
    const { code, text } = await terminal.ended;
    assert.equal(code, 7, text);
    assert.match(
      text,
      /miredoctl: polkit does not allow this, or the password was wrong \(org\.miredo\.control\)\. It takes/,
    );
    assert.match(text, /sudo.*\/etc\/polkit-1\/rules\.d/);
    assert.equal(await property('State'), 's "qualified"');
    assert.deepEqual(agents(), []);
  });

  test('a person who thinks better of it: 7, and the terminal shows again what is typed', async (t) => {
    await startTunnel(t);
    const terminal = onTerminal(t, 'trap : INT; % stop; echo code $?; stty -a');
    await terminal.shows(PROMPT);
    await terminal.asks();
    terminal.type(INTERRUPT);
    const { text } = await terminal.ended;
    assert.match(text, /code 7/);
    assert.match(text, /\r\nmiredoctl: Cancelled; nothing was done\.\r\n/);
    assert.match(text, / echo /);
    assert.equal(await property('State'), 's "qualified"');
    assert.deepEqual(agents(), []);
  });

  for (const [name, command] of [
    ['--no-ask-password', '% stop --no-ask-password'],
    ['where standard input is no terminal', '% stop </dev/null'],
    ['where standard output is no terminal', 'bash -c "set -o pipefail; % stop | cat"'],
  ] as const) {
    test(`none is asked for: ${name}`, async (t) => {
      await startTunnel(t);
      const terminal = onTerminal(t, command);
      const { code, text } = await terminal.ended;
      assert.equal(code, 7, text);
      assert.doesNotMatch(text, /AUTHENTICATING/);
      assert.match(text, /miredoctl: This user may not do that\. It takes the polkit action org\.miredo\.control\./);
    });
  }

  test('reading takes none, and no agent', async (t) => {
    await startTunnel(t);
    const { code, text } = await onTerminal(t, '% status').ended;
    assert.equal(code, 0, text);
    assert.doesNotMatch(text, /AUTHENTICATING/);
  });

  test('without polkit: 7 at once, and why', async (t) => {
    await startTunnel(t);
    await stopPolkit();
    t.after(startPolkit);
    const { code, text } = await onTerminal(t, '% stop').ended;
    assert.equal(code, 7, text);
    assert.doesNotMatch(text, /AUTHENTICATING/);
    assert.equal((await ctl('stop')).code, 0, 'root needs none');
  });
});
