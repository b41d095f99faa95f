/** The verdict of the step on rules of the real nft(8). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { creation, tableNames } from '../../../daemon/io/firewall-commands.js';
import { FIREWALL, judgeGuard } from '../../../daemon/service/diagnose/firewall.js';
import { type Guard, judgeRuleset } from '../../../daemon/service/diagnose/firewall-rules.js';
import { judgeLegacyRules } from '../../../daemon/service/diagnose/legacy-rules.js';
import type { Scene } from '../../../daemon/service/diagnose/steps.js';
import { missingSentence } from '../../lab/needed-programs.js';
import { enterNamespace } from '../../support/namespace.js';

const skip = missingSentence(['lab']) ?? enterNamespace(import.meta.url);
const NAME = 'teredo';
const SCENE = { facts: { interfaceName: NAME } } as unknown as Scene;

/** The rules of one input chain. */
const input = (rules: string, policy = 'accept'): string =>
  `table inet t { chain input { type filter hook input priority 0; policy ${policy}; ${rules} }; }`;

const ANSWERS = 'ct state established,related accept;';

const CASES: readonly (readonly [name: string, rules: string, rest: Guard['rest'], exceptions: number])[] = [
  ['no rule', '', 'accepted', 0],
  ['an empty chain', input(''), 'accepted', 0],
  ['a chain of IPv4', 'table ip t { chain i { type filter hook input priority 0; policy drop; }; }', 'accepted', 0],
  [
    'a chain for what is forwarded',
    'table inet t { chain f { type filter hook forward priority 0; policy drop; }; }',
    'accepted',
    0,
  ],
  ['policy drop', input('', 'drop'), 'refused', 0],
  ['policy drop, answers accepted', input(`${ANSWERS} iif lo accept;`, 'drop'), 'refused', 0],
  ['policy drop, but all is accepted', input('accept;', 'drop'), 'accepted', 0],
  ['policy drop, but all of the interface is accepted', input('iifname "teredo" accept;', 'drop'), 'accepted', 0],
  ['policy drop, but all of such interfaces is accepted', input('iifname "ter*" accept;', 'drop'), 'accepted', 0],
  ['policy drop, another interface accepted', input('iifname "eth0" accept;', 'drop'), 'refused', 0],
  ['policy drop, a port open', input(`${ANSWERS} tcp dport 22 accept;`, 'drop'), 'refused', 1],
  ['policy drop, IPv4 open', input('ip saddr 10.0.0.0/8 accept; meta nfproto ipv4 accept;', 'drop'), 'refused', 0],
  ['policy drop, IPv6 open', input('meta nfproto ipv6 accept;', 'drop'), 'accepted', 0],
  ['drop by interface', input(`${ANSWERS} iifname "teredo" counter drop;`), 'refused', 0],
  ['reject by interface', input('iifname "teredo" log reject;'), 'refused', 0],
  ['drop by a set of interfaces', input('iifname { "teredo", "eth0" } drop;'), 'refused', 0],
  ['drop by another interface', input('iifname "eth0" drop;'), 'accepted', 0],
  ['drop by all others', input('iifname != "teredo" drop;'), 'accepted', 0],
  ['drop of what is new', input('ct state new drop;'), 'refused', 0],
  ['drop of what is invalid', input('ct state invalid drop;'), 'accepted', 0],
  ['a port closed', input('tcp dport 22 drop;'), 'accepted', 1],
  [
    'a chain that is jumped to',
    'table inet t { chain guard { tcp dport 22 accept; drop; }; chain i { type filter hook input priority 0; iifname "teredo" jump guard; }; }',
    'refused',
    1,
  ],
  [
    'a chain that goes back',
    'table inet t { chain guard { return; drop; }; chain i { type filter hook input priority 0; jump guard; }; }',
    'accepted',
    0,
  ],
  [
    'a chain that is gone to',
    'table inet t { chain other { tcp dport 22 drop; }; chain i { type filter hook input priority 0; goto other; drop; }; }',
    'accepted',
    1,
  ],
  [
    'two tables',
    `${input('accept;', 'drop')}\ntable ip6 u { chain i { type filter hook input priority 1; policy drop; }; }`,
    'refused',
    0,
  ],
  [
    'a chain before routing',
    'table ip6 t { chain p { type filter hook prerouting priority -150; iifname "teredo" drop; }; }',
    'refused',
    0,
  ],
  [
    'a chain before routing that refuses something',
    'table ip6 t { chain p { type filter hook prerouting priority -150; tcp dport 22 drop; }; }',
    'accepted',
    0,
  ],
  ['a map of verdicts', input('ct state vmap { established : accept, new : drop };'), 'unclear', 0],
];

describe('the firewall', { skip }, () => {
  for (const [name, rules, rest, exceptions] of CASES) {
    test(name, async () => {
      execFileSync('nft', ['-f', '-'], { input: `flush ruleset\n${rules}\n` });
      const json = execFileSync('nft', ['-j', 'list', 'ruleset'], { encoding: 'utf8' });
      assert.deepEqual(judgeRuleset(json, NAME), { rest, exceptions });
      const { verdict, sentence } = await FIREWALL.ask(SCENE);
      assert.equal(verdict, rest === 'refused' ? 'ok' : 'warning', sentence);
    });
  }

  test("the tunnel's own rules are known, and are not believed to be there when they are not", async () => {
    const open = [{ protocol: 'tcp', first: 22, last: 22 }] as const;
    const [table = ''] = tableNames(NAME);
    execFileSync('nft', ['-f', '-'], { input: `flush ruleset\n${creation(table, NAME, open, false)}\n` });
    const json = execFileSync('nft', ['-j', 'list', 'ruleset'], { encoding: 'utf8' });
    assert.deepEqual(judgeRuleset(json, NAME), { rest: 'refused', exceptions: 3 });
    assert.deepEqual(judgeRuleset(json, 'eth0'), { rest: 'accepted', exceptions: 0 }, 'of others nothing is refused');
    const scene = { facts: { interfaceName: NAME, firewall: { wanted: open, table } } } as unknown as Scene;
    const own = await FIREWALL.ask(scene);
    assert.equal(own.verdict, 'ok');
    assert.match(own.sentence, /own firewall refuses what comes in by teredo unasked, but for ping, 22\/tcp\./);
    execFileSync('nft', ['flush', 'ruleset']);
    const gone = await FIREWALL.ask(scene);
    assert.equal(gone.verdict, 'warning');
    assert.match(gone.remedy ?? '', /Firewall yes/);
  });
});

test('what is not of nft(8) is not judged', () => {
  assert.equal(judgeRuleset('', NAME), undefined);
  assert.equal(judgeRuleset('{"nftables": 1}', NAME), undefined);
});

/** As ip6tables-legacy-save 1.8.9 prints it. */
const legacy = (policy: string, rules: string): string =>
  `# Generated by ip6tables-save v1.8.9\n*filter\n:INPUT ${policy} [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}COMMIT\n`;

test('rules of ip6tables-legacy', () => {
  assert.deepEqual(judgeLegacyRules(legacy('ACCEPT', '')), { rest: 'accepted', exceptions: 0 });
  assert.deepEqual(judgeLegacyRules(legacy('DROP', '')), { rest: 'refused', exceptions: 0 });
  const rules =
    '-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n';
  assert.deepEqual(judgeLegacyRules(legacy('DROP', rules)), { rest: 'refused', exceptions: 1 });
  assert.deepEqual(judgeLegacyRules(legacy('ACCEPT', rules)), { rest: 'unclear', exceptions: 3 });
  assert.equal(judgeLegacyRules('iptables: Bad rule\n'), undefined);
});

test('every verdict names the interface', () => {
  for (const rest of ['refused', 'accepted', 'unclear'] as const) {
    for (const exceptions of [0, 1, 2]) assert.match(judgeGuard({ rest, exceptions }, NAME).sentence, /teredo/);
  }
});
