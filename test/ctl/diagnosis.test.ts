/** The steps of a diagnosis and what they come to, for people and for scripts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conclude } from '../../daemon/ctl/conclusion.js';
import { exitCodeOfSteps } from '../../daemon/ctl/diagnose.js';
import { diagnosisJson } from '../../daemon/ctl/diagnosis-json.js';
import { conclusionText, runningText, stepText } from '../../daemon/ctl/diagnosis-text.js';
import { COLOURED, PLAIN } from '../../daemon/ctl/terminal.js';
import type { Properties, Variant } from '../../dbus/org-miredo.js';
import { type Step, stepOf } from '../../dbus/reports.js';
import { type Snapshot, snapshotOf } from '../../dbus/snapshot.js';
import { QUALIFIED, rawProperties } from './properties.js';

const step = (id: string, verdict: string, details: Readonly<Record<string, Variant>> = {}): Step =>
  stepOf([id, verdict, `${id} is ${verdict}.`, details]);
const text = (value: string): Variant => ({ signature: 's', value });
const now = (changes: Partial<Properties>): Snapshot => snapshotOf(rawProperties({ ...QUALIFIED, ...changes }));

const IDS = ['network', 'dns', 'udp', 'server', 'nat', 'qualified', 'relay', 'preference', 'mtu', 'firewall'];
/** All in order but for these. */
const steps = (...others: readonly Step[]): Step[] =>
  IDS.map((id) => others.find((one) => one.id === id) ?? step(id, 'ok'));

describe('a step', () => {
  const advised = { remedy: text('Do this.'), command: text('do --this') };
  for (const [one, lines] of [
    [step('dns', 'ok', advised), ['✓ DNS             dns is ok.']],
    [
      step('network-manager', 'warning', advised),
      [
        '! NetworkManager  network-manager is warning.',
        '                  → Do this.',
        '                    do --this',
      ],
    ],
    [step('udp', 'failed'), ['✗ UDP 3544 out    udp is failed.']],
    [step('mtu', 'skipped'), ['– MTU             mtu is skipped.']],
    [step('weather', 'of a later version'), ['! weather         weather is of a later version.']],
  ] as const) {
    test(lines.join(' / '), () => assert.equal(stepText(one, undefined, PLAIN), `${lines.join('\n')}\n`));
  }

  test('is wrapped on a narrow terminal; the command is not, to be copied', () => {
    const remedy = 'Have the firewall let UDP port 3544 out.';
    const command = 'nft add rule inet filter output udp dport 3544 accept';
    const one = step('firewall', 'failed', { remedy: text(remedy), command: text(command) });
    assert.deepEqual(stepText(one, 44, PLAIN).split('\n'), [
      '✗ Firewall        firewall is failed.',
      '                  → Have the firewall let',
      '                    UDP port 3544 out.',
      `                    ${command}`,
      '',
    ]);
  });

  test('what others sent cannot move the cursor', () => {
    const evil = stepOf(['a\u001b', 'failed', 'b\u001b[2J\n', { remedy: text('\u009bx'), command: text('\u0007') }]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none is to be there.
    const control = /[\u0000-\u001f\u007f-\u009f]/;
    assert.doesNotMatch(stepText(evil, undefined, PLAIN).replaceAll('\n', ''), control);
    assert.doesNotMatch(runningText(evil), control);
    const conclusion = conclude([evil], undefined);
    assert.doesNotMatch(conclusionText(conclusion, 80, PLAIN).replaceAll('\n', ''), control);
  });

  test('the mark is coloured', () => {
    assert.ok(stepText(step('dns', 'ok'), undefined, COLOURED).startsWith('\u001b[32m✓\u001b[0m DNS'));
    assert.ok(stepText(step('dns', 'failed'), undefined, COLOURED).startsWith('\u001b[31m✗\u001b[0m DNS'));
  });

  test('while it runs', () => {
    assert.equal(runningText(stepOf(['dns', 'running', '', {}])), 'DNS');
    assert.equal(runningText(stepOf(['dns', 'running', 'Looking.', {}])), 'Looking.');
  });
});

describe('what it comes to', () => {
  const STOPPED = { State: 'stopped', Enabled: false, Ipv6Reachable: 'unknown' } as const;
  const FAILED = {
    State: 'failed',
    StateReason: ['server-silent', 'It is silent.'],
    Ipv6Reachable: 'unknown',
  } as const;
  for (const [name, list, snapshot, expected] of [
    ['all in order', steps(), now({}), ['works', true, true, /and programs may use it/]],
    [
      'nothing is known of the relay',
      steps(step('relay', 'skipped')),
      now({ Ipv6Reachable: 'unknown' }),
      ['works', true, undefined, /is not known yet/],
    ],
    [
      'stopped',
      steps(step('qualified', 'failed'), step('relay', 'skipped')),
      now(STOPPED),
      ['stopped', false, undefined, /because it is stopped\.$/],
    ],
    [
      'stopped, and it would not work either',
      steps(step('dns', 'failed'), step('qualified', 'failed'), step('relay', 'skipped')),
      now(STOPPED),
      ['stopped', false, undefined, /When it is started, this will be in its way: dns is failed/],
    ],
    [
      'the first that failed is the cause of the others',
      steps(step('udp', 'failed'), step('server', 'failed'), step('qualified', 'failed'), step('relay', 'skipped')),
      now(FAILED),
      ['not-qualified', false, undefined, /because it is not up\. udp is failed\./],
    ],
    [
      'the server in use is half silent, and all works',
      steps(step('server', 'failed')),
      now({}),
      ['works', true, true, /programs may use it/],
    ],
    [
      'a step of a later version',
      [...steps(), step('weather', 'failed')],
      now({}),
      ['blocked', true, true, /weather is failed/],
    ],
    [
      'only that it is not qualified is known',
      steps(step('qualified', 'failed'), step('relay', 'skipped')),
      now(FAILED),
      ['not-qualified', false, undefined, /because it is not up\. It is silent\.$/],
    ],
    [
      'no step says it, so the state does',
      steps(step('relay', 'skipped')),
      now(FAILED),
      ['not-qualified', false, undefined, /because it is not up\. It is silent\./],
    ],
    [
      'IPv6 without a tunnel',
      steps(step('relay', 'skipped')),
      now({ State: 'waiting', StateReason: ['native-ipv6', 'There is.'], Ipv6Reachable: 'unknown' }),
      ['native-ipv6', false, undefined, /this host has IPv6 without it/],
    ],
    [
      'no relay',
      steps(step('relay', 'failed'), step('preference', 'warning')),
      now({}),
      ['no-relay', true, false, /the IPv6 Internet does not answer through it/],
    ],
    [
      'the firewall',
      steps(step('firewall', 'failed')),
      now({}),
      ['blocked', true, true, /something is in its way: firewall is failed/],
    ],
    [
      'IPv4 is preferred',
      steps(step('preference', 'warning')),
      now({}),
      ['ipv4-preferred', true, true, /browsers and others take IPv4: RFC 6724/],
    ],
    ['a daemon that has gone', steps(), undefined, ['works', true, true, /programs may use it/]],
  ] as const) {
    test(name, () => {
      const { code, isQualified, isIpv6Reachable, sentences } = conclude(list, snapshot);
      assert.deepEqual([code, isQualified, isIpv6Reachable], expected.slice(0, 3));
      assert.match(sentences.join(' '), expected[3]);
    });
  }

  test('the remedy is that of the step', () => {
    const details = { remedy: text('Change the order.'), command: text('edit /etc/gai.conf') };
    const { remedy, command } = conclude(steps(step('preference', 'warning', details)), now({}));
    assert.deepEqual([remedy, command], ['Change the order.', 'edit /etc/gai.conf']);
    assert.equal(conclude(steps(step('relay', 'skipped')), now(STOPPED)).command, 'miredoctl start');
  });

  test('for people: two facts, then why', () => {
    const shown = conclusionText(conclude(steps(step('relay', 'failed')), now({})), undefined, PLAIN).split('\n');
    assert.deepEqual(shown.slice(0, 3), ['Qualified:                  yes', 'The IPv6 Internet answers:  no', '']);
    assert.match(shown.at(-2) ?? '', /^→ The networks that are to be reached need a relay/);
  });
});

for (const [verdicts, code] of [
  [['ok', 'warning', 'skipped', 'new'], 0],
  [['ok', 'failed', 'ok'], 9],
  [[], 0],
] as const) {
  test(`${verdicts.join(', ') || 'no steps'}: exit code ${code}`, () => {
    assert.equal(exitCodeOfSteps(verdicts.map((verdict, i) => step(String(i), verdict))), code);
  });
}

describe('for scripts', () => {
  test('steps, facts and conclusion; integers of 64 bits and variants are plain', () => {
    const details = {
      remedy: text('Do.'),
      rtt: { signature: 't', value: 5n },
      nat: { signature: 'a{sv}', value: { public: { signature: 'b', value: true } } },
      many: { signature: 'as', value: ['a'] },
    };
    const object = diagnosisJson(steps(step('mtu', 'failed', details)), now({}));
    assert.deepEqual(Object.keys(object), [
      'schemaVersion',
      'qualified',
      'ipv6Reachable',
      'conclusion',
      'steps',
      'error',
    ]);
    const { conclusion, steps: list } = object as { conclusion: unknown; steps: readonly { id: string }[] };
    assert.deepEqual(conclusion, {
      code: 'blocked',
      sentence: 'The tunnel is up, but something is in its way: mtu is failed.',
      remedy: 'Do.',
      command: null,
    });
    assert.deepEqual(
      list.find(({ id }) => id === 'mtu'),
      {
        id: 'mtu',
        verdict: 'failed',
        sentence: 'mtu is failed.',
        remedy: 'Do.',
        command: null,
        details: { rtt: 5, nat: { public: true }, many: ['a'] },
      },
    );
    assert.equal(JSON.parse(JSON.stringify(object)).schemaVersion, 1);
  });

  test('the same members when there is no diagnosis', () => {
    const none = diagnosisJson([], undefined, { code: 'no-bus', name: '', sentence: 'Why.' });
    assert.deepEqual(Object.keys(none), Object.keys(diagnosisJson(steps(), now({}))));
    assert.deepEqual([none['conclusion'], none['error']], [null, { code: 'no-bus', name: null, sentence: 'Why.' }]);
  });
});
