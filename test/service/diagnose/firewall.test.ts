/** The verdict of the step on rules of the real nft(8). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { creation, tableNames } from '../../../daemon/io/firewall-commands.js';
import { FIREWALL, judgeGuard } from '../../../daemon/service/diagnose/firewall.js';
import { type Guard, judgeRuleset, refusedBeside } from '../../../daemon/service/diagnose/firewall-rules.js';
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
    execFileSync('nft', ['-f', '-'], {
      input: `flush ruleset\n${creation(table, { name: NAME, index: 7 }, open, false)}\n`,
    });
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

/** Beside our own rules, which let in 22/tcp and 5000-5010/udp: what others refuse of that. */
const BESIDE: readonly (readonly [name: string, rules: string, shut: string, command: RegExp])[] = [
  ['nothing', '', '', /^$/],
  ['another interface', input(`${ANSWERS} iifname "teredo" accept;`, 'drop'), '', /^$/],
  ['policy drop', input(`${ANSWERS} iif lo accept;`, 'drop'), '22/tcp,5000-5010/udp', /^nft list ruleset$/],
  [
    'policy drop, and other ports open',
    input(`${ANSWERS} tcp dport { 80, 443 } accept;`, 'drop'),
    '22/tcp,5000-5010/udp',
    /nft/,
  ],
  [
    'policy drop, and one of them open',
    input(`${ANSWERS} tcp dport { 22, 80-90 } accept;`, 'drop'),
    '5000-5010/udp',
    /nft/,
  ],
  ['one of them open to some', input('ip6 saddr 2001:db8::/32 tcp dport 22 accept;', 'drop'), '5000-5010/udp', /nft/],
  ['a part of them open', input('udp dport 5005 accept; meta l4proto tcp th dport 1-1000 accept;', 'drop'), '', /^$/],
  ['one of them refused', input('tcp dport 22 reject;'), '22/tcp', /nft/],
  ['all but them refused', input('tcp dport != 22 drop; udp dport 22 drop;'), '', /^$/],
  ['a map of verdicts', input('tcp dport vmap { 22 : accept, 23 : drop };', 'drop'), '', /^$/],
  [
    'ufw',
    'table ip6 filter { chain ufw6-user-input { }; chain INPUT { type filter hook input priority 0; policy drop; jump ufw6-user-input; }; }',
    '22/tcp,5000-5010/udp',
    /^ufw allow in on teredo to any port 22 proto tcp && ufw allow in on teredo to any port 5000:5010 proto udp$/,
  ],
  [
    'ufw, after that',
    'table ip6 filter { chain ufw6-user-input { iifname "teredo" tcp dport 22 accept; iifname "teredo" udp dport 5000-5010 accept; }; chain INPUT { type filter hook input priority 0; policy drop; jump ufw6-user-input; }; }',
    '',
    /^$/,
  ],
  [
    'firewalld',
    `table inet firewalld { chain allow { tcp dport 22 ct state { new, untracked } accept; };
      chain public { jump allow; meta l4proto { icmp, ipv6-icmp } accept; reject; }; chain zones { iifname "eth0" goto public; goto public; };
      chain input { type filter hook input priority 10; ct state { established, related } accept; ct status dnat accept; iifname "lo" accept; ct state invalid drop; jump zones; reject; }; }`,
    '5000-5010/udp',
    /^firewall-cmd --permanent --add-port=5000-5010\/udp && firewall-cmd --reload$/,
  ],
];

describe('what FirewallOpen opens, and others refuse', { skip }, () => {
  const open = [
    { protocol: 'tcp', first: 22, last: 22 },
    { protocol: 'udp', first: 5000, last: 5010 },
  ] as const;
  const table = 'miredo-teredo';
  const scene = { facts: { interfaceName: NAME, firewall: { wanted: open, table } } } as unknown as Scene;

  for (const [name, rules, shut, command] of BESIDE) {
    test(name, async () => {
      const own = creation(table, { name: NAME, index: 7 }, open, false);
      execFileSync('nft', ['-f', '-'], { input: `flush ruleset\n${own}\n${rules}\n` });
      const found = await FIREWALL.ask(scene);
      assert.equal(found.verdict, shut === '' ? 'ok' : 'warning', found.sentence);
      assert.equal(String(found.facts?.['shut']?.value ?? ''), shut);
      assert.match(found.command ?? '', command);
      if (shut !== '') assert.match(found.sentence, /lets in .* by teredo, but .* refuse that/);
    });
  }
});

/** Of iptables(8), as nft 1.0.6 and later ones print it: what is not of nft's own is hidden, or has a name. */
test('rules of iptables-nft', () => {
  const chain = { family: 'ip6', table: 'filter', name: 'INPUT', type: 'filter', hook: 'input', policy: 'drop' };
  const l4proto = { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'tcp' } };
  const conntrack = [{ xt: { type: 'match', name: 'conntrack' } }, { accept: null }];
  const log = [{ limit: { rate: 3, per: 'minute' } }, { xt: null }];
  const shutBy = (...rules: readonly unknown[][]): number => {
    const items = rules.map((expr) => ({ rule: { family: 'ip6', table: 'filter', chain: 'INPUT', expr } }));
    const json = JSON.stringify({ nftables: [{ chain }, ...items] });
    return refusedBeside(json, NAME, 'miredo-teredo', [{ protocol: 'tcp', first: 22, last: 22 }]).length;
  };
  assert.equal(shutBy(conntrack, log), 1, 'answers, and a log');
  assert.equal(shutBy(conntrack, [l4proto, { xt: null }, { accept: null }], log), 0, 'perhaps this port');
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
