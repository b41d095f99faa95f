/** The words of miredoctl. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCtlCommandLine } from '../../daemon/ctl/command-line.js';

for (const [words, expected] of [
  ['status', { command: 'status', json: false, watch: false }],
  ['status -jw', { command: 'status', json: true, watch: true }],
  ['start', { command: 'start', wait: true, timeout: 60 }],
  ['start --no-wait', { command: 'start', wait: false, timeout: 60 }],
  ['restart -t 5', { command: 'restart', wait: true, timeout: 5 }],
  ['stop', { command: 'stop' }],
  ['monitor --json', { command: 'monitor', json: true }],
  ['version', { command: 'version' }],
] as const) {
  test(words, () => assert.deepEqual(parseCtlCommandLine(words.split(' ')), expected));
}

for (const words of [
  '',
  'stpo',
  'status now',
  'stop --json',
  'start -t 0',
  'start -t 1e3',
  'start -t 3601',
  '--json',
]) {
  test(`"${words}" is a mistake`, (t) => {
    t.mock.method(process.stderr, 'write', () => true);
    assert.equal(parseCtlCommandLine(words.split(' ').filter(Boolean)), 2);
  });
}
