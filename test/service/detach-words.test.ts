/** The command line of the detached process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../daemon/service/command-line.js';
import { absoluteWords } from '../../daemon/service/detach-words.js';
import { MIREDO, MIREDO_SERVER } from '../../daemon/service/programs.js';

const words = (...given: string[]): string[] => absoluteWords(MIREDO, given, '/home/a');

test('relative paths become absolute, however they are given', () => {
  const config = ['--config', '/home/a/x.conf'];
  for (const given of [['-c', 'x.conf'], ['-cx.conf'], ['--config', 'x.conf'], ['--config=../a/x.conf']]) {
    assert.deepEqual(words(...given), config, given.join(' '));
  }
  assert.deepEqual(words('-p', 'pid', '-t', 'jail'), ['--pidfile', '/home/a/pid', '--chroot', '/home/a/jail']);
});

test('what is no path stays, and what was not given stays out', () => {
  assert.deepEqual(words(), []);
  assert.deepEqual(words('--managed', 'teredo.example'), ['--managed', '--', 'teredo.example']);
  assert.deepEqual(words('-u', 'nobody', 'teredo.example'), ['--user', 'nobody', '--', 'teredo.example']);
  assert.deepEqual(words('-c', '/etc/x', '-p', ''), ['--config', '/etc/x', '--pidfile', '']);
});

test('the child understands the same', () => {
  const given = ['-c', '/a b', '-u', '-x', '-p', '/p', '--', '-odd-.example'];
  const expected = parseCommandLine(MIREDO, given);
  assert.ok(typeof expected !== 'number');
  assert.deepEqual(parseCommandLine(MIREDO, words(...given)), expected);
  assert.deepEqual(absoluteWords(MIREDO_SERVER, ['-c', 's'], '/'), ['--config', '/s']);
});
