/** miredoctl server probe and diagnose, against the real daemon: as people see them, and as scripts do. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { PRIMARY, Stage } from '../daemon/stage.js';
import { coverEtc, isForeignRoot } from '../support/private-etc.js';
import { STEP_IDS } from './asking.js';
import { ctl, ctlAs, publicCtl } from './ctl-program.js';
import { addBoss, PASSWORD, prepareSessions } from './people.js';
import { enterBusStage, provideBus, STRANGER } from './private-bus.js';
import { Terminal } from './terminal.js';
import { NO_IPV6_TEST, startTunnel } from './tunnel.js';

function prepare(): void {
  if (isForeignRoot()) return;
  coverEtc();
  addBoss();
}

const OPTIONS = { skip: enterBusStage(import.meta.url, ['--cgroup'], prepare), timeout: 240_000 };
/** Passwords are what only the machine's root can give. */
const PASSWORDS = { skip: isForeignRoot() && 'root of a user namespace makes no users' };
/** Nobody answers there. */
const SILENT = '203.0.113.99';

interface Diagnosis {
  readonly schemaVersion: number;
  readonly qualified: boolean;
  readonly ipv6Reachable: boolean | null;
  readonly conclusion: { readonly code: string; readonly sentence: string; readonly command: string | null };
  readonly steps: readonly { readonly id: string; readonly verdict: string; readonly sentence: string }[];
}

describe('on the bus', OPTIONS, () => {
  before(() => {
    if (!isForeignRoot()) prepareSessions();
  });
  provideBus();

  test('server probe: who answers, who does not, and the exit code', async (t) => {
    await startTunnel(t);
    const both = await ctl('server', 'probe', PRIMARY, SILENT);
    assert.equal(both.code, 0, both.stderr);
    assert.match(both.stdout, /^✓ 203\.0\.113\.10 {2}answers in \d+\.\d ms, both addresses$/m);
    assert.match(both.stdout, /^✗ 203\.0\.113\.99 {2}.+$/m);
    assert.equal(both.stderr, '', 'no spinner where there is no terminal');
    const none = await ctl('server', 'probe', SILENT);
    assert.deepEqual([none.code, none.stderr], [8, '']);
    assert.equal((await ctl('server', 'probe')).code, 0, 'the list has the server of the configuration');
  });

  test('server probe --json', async (t) => {
    await startTunnel(t);
    const { code, stdout, stderr } = await ctl('server', 'probe', '--json', PRIMARY, SILENT);
    assert.deepEqual([code, stderr], [0, '']);
    const { schemaVersion, servers, error } = JSON.parse(stdout) as {
      schemaVersion: number;
      servers: readonly Readonly<Record<string, unknown>>[];
      error: unknown;
    };
    assert.deepEqual([schemaVersion, error], [1, null]);
    const [first = {}, second = {}] = servers;
    assert.ok(Number(first['roundTripMicroseconds']) > 0);
    assert.deepEqual(
      { ...first, roundTripMicroseconds: 0 },
      {
        name: PRIMARY,
        reachable: true,
        roundTripMicroseconds: 0,
        secondary: true,
        address: PRIMARY,
        error: null,
      },
    );
    assert.deepEqual([second['reachable'], (second['error'] as { code: string }).code], [false, 'server-silent']);
  });

  test('server probe of what is no server: 1, and why', async (t) => {
    await startTunnel(t);
    const { code, stdout, stderr } = await ctl('server', 'probe', '10.0.0.1');
    assert.deepEqual([code, stdout], [1, ''], stderr);
    assert.match(stderr, /^miredoctl: .*10\.0\.0\.1/);
  });

  for (const words of [['server', 'probe'], ['diagnose']]) {
    test(`${words.join(' ')} without the right: 7, and an object all the same`, async (t) => {
      await startTunnel(t);
      const refused = await ctlAs(STRANGER, ...words);
      assert.deepEqual([refused.code, refused.stdout], [7, '']);
      assert.match(refused.stderr, /It takes the polkit action org\.miredo\.diagnose\./);
      const { stdout } = await ctlAs(STRANGER, ...words, '--json');
      assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'not-authorised');
    });
  }

  test('diagnose: every step, then the two facts and why', async (t) => {
    await startTunnel(t);
    const { code, stdout, stderr } = await ctl('diagnose');
    assert.ok(code === 0 || code === 9, stderr);
    assert.equal(stderr, '', 'no spinner where there is no terminal');
    assert.match(stdout, /^✓ Server +The server 203\.0\.113\.10 answers/m);
    assert.match(stdout, /^✓ Qualified +.*2001:0:cb00:710a:/m);
    assert.match(stdout, /^Qualified: +yes$/m);
    // There is no relay.
    assert.match(stdout, /^The IPv6 Internet answers: +(?:no|not known)$/m);
    const marks = stdout.split('\n').filter((line) => /^[✓!✗–] /.test(line));
    assert.equal(marks.length, STEP_IDS.length, stdout);
  });

  test('diagnose --json', async (t) => {
    await startTunnel(t, NO_IPV6_TEST);
    const { code, stdout, stderr } = await ctl('diagnose', '--json');
    assert.equal(stderr, '');
    const { schemaVersion, qualified, conclusion, steps } = JSON.parse(stdout) as Diagnosis;
    assert.deepEqual([schemaVersion, qualified], [1, true]);
    assert.deepEqual(
      steps.map(({ id }) => id),
      STEP_IDS,
    );
    const isFaulty = steps.some(({ verdict }) => verdict === 'failed');
    assert.equal(code, isFaulty ? 9 : 0);
    assert.ok(conclusion.sentence.length > 20);
  });

  test('diagnose of a stopped tunnel says so, and how to start it', async (t) => {
    await startTunnel(t);
    assert.equal((await ctl('stop')).code, 0);
    const { code, stdout } = await ctl('diagnose', '--json');
    assert.equal(code, 9);
    const { qualified, conclusion, steps } = JSON.parse(stdout) as Diagnosis;
    assert.deepEqual([qualified, conclusion.code, conclusion.command], [false, 'stopped', 'miredoctl start']);
    assert.equal(steps.find(({ id }) => id === 'server')?.verdict, 'ok', 'the server is asked all the same');
  });

  test('diagnose where the server does not answer says that this is why', async (t) => {
    const stage = new Stage(t);
    const daemon = stage.start('miredo', { config: `ServerAddress ${SILENT}\n` });
    await daemon.line(/on the message bus/);
    const { code, stdout } = await ctl('diagnose');
    assert.equal(code, 9, stdout);
    assert.match(stdout, /^✗ (?:Server|UDP 3544 out) /m);
    assert.match(stdout, /^Qualified: +no$/m);
    assert.match(stdout, /^Programs do not use the tunnel because it is not up\.$/m);
  });

  test(
    'on a terminal: a password first, then steps in colour as they end, and a spinner that leaves no trace',
    PASSWORDS,
    async (t) => {
      await startTunnel(t);
      const terminal = new Terminal('any', `stty cols 60; ${publicCtl()} diagnose`);
      t.after(() => terminal.end());
      await terminal.shows(/Password: ?$/);
      assert.doesNotMatch(terminal.text, /[⠋⠙⠹⠸]/, 'nothing disturbs who types a password');
      await terminal.enterPassword(PASSWORD);
      const { text } = await terminal.ended;
      assert.match(text, /\r.{1,3}K[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] .+ \(\d+ s\)\r.{1,3}K/);
      assert.ok(text.includes('\u001b[32m✓\u001b[0m Server'), text);
      const lines = text.slice(text.indexOf('✓')).split('\r\n');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those of the terminal.
      const shown = lines.map((line) => line.replace(/^[\s\S]*\r\u001b\[K/, '').replace(/\u001b\[\d*[mK]/g, ''));
      assert.ok(
        shown.filter((line) => line.length > 60).every((line) => /^ {18,}\S/.test(line)),
        shown.join('\n'),
      );
    },
  );

  test('a probe that is interrupted ends at once, and the tunnel goes on', PASSWORDS, async (t) => {
    await startTunnel(t);
    const terminal = new Terminal('any', `trap : INT; ${publicCtl()} server probe ${PRIMARY} ${SILENT}; echo code $?`);
    t.after(() => terminal.end());
    await terminal.shows(/Password: ?$/);
    await terminal.enterPassword(PASSWORD);
    // Before that polkit may take it for an answer to its own question.
    await terminal.shows(/203\.0\.113\.10 .*answers/);
    terminal.type('\u0003');
    const { text } = await terminal.ended;
    assert.match(text, /miredoctl: Interrupted\.[\s\S]*code 1/);
    assert.equal((await ctl('status')).code, 0);
  });
});
