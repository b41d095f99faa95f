import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { formatWithSeverity } from '../../daemon/config/fault.js';
import {
  DEFAULT_RULES,
  type NetworkRules,
  parseNetworkConf,
  readNetworkConf,
} from '../../daemon/config/network-conf.js';

const rulesOf = (text: string): NetworkRules => {
  const { rules, faults } = parseNetworkConf('f', text);
  assert.deepEqual(faults.map(formatWithSeverity), []);
  return rules;
};
const UUID = '0b6f0f4a-3a3b-4c56-9f39-0f6c1a2b3c4d';

describe('a file of rules', () => {
  test('says nothing when it is empty, or all comment', () => {
    for (const text of ['', '\n\n', '# Policy = never\n; Policy = never\n', '\ufeff'])
      assert.deepEqual(rulesOf(text), DEFAULT_RULES);
  });

  test('has a policy for all, in either case', () => {
    for (const line of [
      'Policy = never',
      'policy=NEVER',
      '  POLICY = "never"',
      'Policy = never ; why not',
      '\ufeffPolicy = never\r\n',
    ]) {
      assert.equal(rulesOf(line).policy, 'never', line);
    }
  });

  test('has one for each connection, by id or uuid, whatever the id has in it', () => {
    const names = ['Home Wi-Fi', 'a.b.c', 'semi;colon # hash', 'Café 5]G', '__proto__', 'Policy'];
    for (const name of names) {
      const { policy, connections } = rulesOf(`Policy = always\n[connection "${name}"]\nPolicy = never\n`);
      assert.deepEqual(
        { policy, connections },
        { policy: 'always', connections: [{ name, policy: 'never', line: 3 }] },
      );
    }
    const { connections } = rulesOf(
      `[connection ${UUID}] ; the office\nPolicy=automatic\n[Connection "say \\"hi\\" \\\\"]\nPolicy=always`,
    );
    assert.deepEqual(
      connections.map(({ name, policy, line }) => [name, policy, line]),
      [
        [UUID, 'automatic', 2],
        ['say "hi" \\', 'always', 4],
      ],
    );
  });
});

/** Text, its faults, and what counts all the same. */
const FAULTS: readonly (readonly [text: string, faults: readonly string[], rules: NetworkRules])[] = [
  [
    'Policy = nevr',
    ['f:1: error: Policy: "nevr" is none of automatic, always, never; did you mean never?'],
    DEFAULT_RULES,
  ],
  ['Policy =', ['f:1: error: Policy: "" is none of automatic, always, never'], DEFAULT_RULES],
  ['Policy', ['f:1: error: Policy: "" is none of automatic, always, never'], DEFAULT_RULES],
  ['Policy[] = never', ['f:1: error: Policy: "" is none of automatic, always, never'], DEFAULT_RULES],
  ['Polcy = never', ['f:1: warning: there is no "Polcy"; did you mean Policy?'], DEFAULT_RULES],
  ['Server = never', ['f:1: warning: there is no "Server"; there is only Policy'], DEFAULT_RULES],
  [
    'Policy = never\nPolicy = always',
    ['f:2: warning: Policy is there twice; the first one counts'],
    { policy: 'never', connections: [] },
  ],
  [
    '\n[Home]\nPolicy = never\nPolicy = x',
    [
      'f:2: error: there is no section [Home]; write [connection "NAME"], with the id or the uuid that NetworkManager has for it',
    ],
    DEFAULT_RULES,
  ],
  ['[connection "a"]', ['f:1: warning: [connection "a"] has no Policy; it says nothing'], DEFAULT_RULES],
  [
    '[connection "a"]\nPolicy = never\n[connection "A"]\nPolicy = always',
    ['f:3: warning: there is a section for A already; the first one counts'],
    { policy: 'automatic', connections: [{ name: 'a', policy: 'never', line: 2 }] },
  ],
  [
    '[connection "a"]\nPolicy = on\n[connection "b"]\nPolicy = never',
    ['f:2: error: Policy: "on" is none of automatic, always, never'],
    { policy: 'automatic', connections: [{ name: 'b', policy: 'never', line: 4 }] },
  ],
];

describe('what is wrong is told with its line, and the rest counts', () => {
  for (const [text, faults, rules] of FAULTS) {
    test(JSON.stringify(text), () => {
      const read = parseNetworkConf('f', text);
      assert.deepEqual(read.faults.map(formatWithSeverity), faults);
      assert.deepEqual(read.rules, rules);
    });
  }

  test('more rules than are kept', () => {
    const text = Array.from({ length: 258 }, (_, i) => `[connection "c${i}"]\nPolicy = never\n`).join('');
    const { rules, faults } = parseNetworkConf('f', text);
    assert.equal(rules.connections.length, 256);
    assert.deepEqual(
      faults.map(({ line, sentence }) => [line, sentence]),
      [
        [514, 'more than 256 connections; c256 is ignored'],
        [516, 'more than 256 connections; c257 is ignored'],
      ],
    );
  });
});

test('a file that is not there has no rules; one that cannot be read is a fault', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'miredo-conf-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string): string => join(folder, name);
  assert.deepEqual(readNetworkConf(file('none')), { rules: DEFAULT_RULES, faults: [] });
  mkdirSync(file('folder'));
  execFileSync('mkfifo', [file('pipe')]);
  writeFileSync(file('large'), '#'.repeat(65_537));
  for (const name of ['folder', 'pipe', 'large']) {
    const read = readNetworkConf(file(name));
    assert.ok('severity' in read, name);
    assert.deepEqual([read.severity, read.code, read.file], ['error', 'unreadable', file(name)]);
  }
});
