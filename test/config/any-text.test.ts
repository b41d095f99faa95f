/** What holds for any text whatsoever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MIREDO_DIRECTIVES, SERVER_DIRECTIVES } from '../../daemon/config/directives.js';
import { formatFault } from '../../daemon/config/fault.js';
import { splitLines } from '../../daemon/config/lines.js';
import { parseMiredoConf } from '../../daemon/config/miredo-conf.js';
import { nearest } from '../../daemon/config/nearest.js';
import { parseServerConf } from '../../daemon/config/server-conf.js';
import { interfaceName } from '../../daemon/config/values.js';
import { isUsableLinkName } from '../../daemon/io/link-commands.js';

const NAMES = [...Object.values(MIREDO_DIRECTIVES), ...Object.values(SERVER_DIRECTIVES)].map(({ name }) => name);

/** Likely and unlikely words, so that every branch is reached. */
const word = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.constantFrom(
    'client',
    'relay',
    '203.0.113.10',
    '10.0.0.1',
    '2001::',
    '1280',
    '"',
    "'",
    '#',
    '\u0000',
    '\r',
    '\ufeff',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const line = fc.array(word, { maxLength: 4 }).map((words) => words.join(' '));
const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));

test('nothing throws; there are settings or an error; every fault of a line names a line that is there', () => {
  fc.assert(
    fc.property(text, (content) => {
      const count = content.split(/\r\n|\n|\r/).length;
      for (const { settings, faults } of [parseMiredoConf('f', content), parseServerConf('f', content)]) {
        assert.equal(
          settings === undefined,
          faults.some((fault) => fault.severity === 'error'),
        );
        for (const fault of faults) {
          assert.ok(fault.line >= 0 && fault.line <= count);
          assert.ok(fault.line > 0 || fault.code === 'missing-directive', formatFault(fault));
          assert.doesNotMatch(formatFault(fault), /[\r\n\0]/);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('case, order, blanks, quotes and line ends make no difference', () => {
  const directive = fc.constantFrom(
    'BindPort 40000',
    'InterfaceName tun0',
    'BindAddress 192.0.2.1',
    'IgnoreConeBit no',
  );
  const blanks = fc.infiniteStream(fc.constantFrom(' ', '\t', '   '));
  fc.assert(
    fc.property(fc.uniqueArray(directive), blanks, (directives, blank) => {
      const plain = ['ServerAddress 203.0.113.10', ...directives];
      const odd = plain.toReversed().map((entry) => {
        const [name = '', value = ''] = entry.split(' ');
        const [first, second, third] = [blank.next().value, blank.next().value, blank.next().value];
        return `${first}${name.toUpperCase()}${second}"${value}"${third}# ${entry}\r`;
      });
      assert.deepEqual(parseMiredoConf('f', odd.join('\n')), parseMiredoConf('f', plain.join('\n')));
    }),
  );
});

test('whatever may name an interface can be configured', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'aZ09_.@-%d/: +\u00e4'), maxLength: 17 }), (name) => {
      if (interfaceName(name).ok) assert.ok(isUsableLinkName(name.replace(/%d$/, '0')), name);
    }),
    { numRuns: 2000 },
  );
});

test('words, quotes and comments', () => {
  assert.deepEqual(splitLines(`# c\n\nA b "c d" 'e # f' #g "\n "" x\nA "b\nC`), [
    { number: 3, words: ['A', 'b', 'c d', 'e # f'], openQuote: false },
    { number: 4, words: ['', 'x'], openQuote: false },
    { number: 5, words: ['A'], openQuote: true },
    { number: 6, words: ['C'], openQuote: false },
  ]);
});

test('the nearest name, or none', () => {
  assert.equal(nearest('serveraddres', NAMES), 'ServerAddress');
  assert.equal(nearest('BindPrt', NAMES), 'BindPort');
  assert.equal(nearest('Colour', NAMES), undefined);
  assert.equal(nearest('x'.repeat(1000), NAMES), undefined);
});
