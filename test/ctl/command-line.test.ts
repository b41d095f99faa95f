/** The words of miredoctl. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCtlCommandLine } from '../../daemon/ctl/command-line.js';

const START = { command: 'start', wait: true, timeout: 60, server: undefined } as const;

for (const [words, expected] of [
  ['status', { command: 'status', json: false, watch: false }],
  ['status -jw', { command: 'status', json: true, watch: true }],
  ['start', START],
  ['start --no-wait', { ...START, wait: false }],
  ['start --server teredo.example.net', { ...START, server: 'teredo.example.net' }],
  ['restart -t 5', { ...START, command: 'restart', timeout: 5 }],
  ['stop', { command: 'stop' }],
  ['server list', { command: 'server list', json: false, names: false }],
  ['server list --names', { command: 'server list', json: false, names: true }],
  ['server probe', { command: 'server probe', names: [], json: false }],
  ['server probe a b --json', { command: 'server probe', names: ['a', 'b'], json: true }],
  ['server set home', { command: 'server set', server: 'home' }],
  ['server auto', { command: 'server set', server: 'auto' }],
  ['server add home', { command: 'server add', name: 'home', details: {} }],
  [
    'server add home --primary 203.0.113.1 --secondary 203.0.113.9 --comment mine',
    {
      command: 'server add',
      name: 'home',
      details: { primary: '203.0.113.1', secondary: '203.0.113.9', comment: 'mine' },
    },
  ],
  ['server remove home', { command: 'server remove', name: 'home' }],
  ['monitor --json', { command: 'monitor', json: true }],
  ['diagnose', { command: 'diagnose', json: false }],
  ['diagnose -j', { command: 'diagnose', json: true }],
  ['version', { command: 'version' }],
] as const) {
  test(words, () => {
    assert.deepEqual(parseCtlCommandLine(words.split(' ')), { request: expected, askPassword: true });
  });
}

for (const words of ['--no-ask-password stop', 'stop --no-ask-password', 'server add x --no-ask-password']) {
  test(words, () => {
    const parsed = parseCtlCommandLine(words.split(' '));
    assert.ok(typeof parsed === 'object' && !parsed.askPassword);
  });
}

for (const words of [
  '',
  'stpo',
  'status now',
  'stop --json',
  'stop --server x',
  'restart --server x',
  'start -t 0',
  'start -t 1e3',
  'start -t 3601',
  '--json',
  'server',
  'server lst',
  'server list --names --json',
  'server set',
  'server set a b',
  'server auto now',
  'server add',
  'server remove',
  'diagnose it',
]) {
  test(`"${words}" is a mistake`, (t) => {
    t.mock.method(process.stderr, 'write', () => true);
    assert.equal(parseCtlCommandLine(words.split(' ').filter(Boolean)), 2);
  });
}
