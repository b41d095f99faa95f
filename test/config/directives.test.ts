/** Every directive of both files, each text through the whole parser. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Directive, MIREDO_DIRECTIVES, SERVER_DIRECTIVES } from '../../daemon/config/directives.js';
import type { Fault } from '../../daemon/config/fault.js';
import { formatFault } from '../../daemon/config/fault.js';
import { parseMiredoConf } from '../../daemon/config/miredo-conf.js';
import { FileReader } from '../../daemon/config/read-directives.js';
import { parseServerConf } from '../../daemon/config/server-conf.js';
import { isUsableLinkName } from '../../daemon/io/link-commands.js';
import { type DirectiveCases, MIREDO_CASES, SERVER_CASES } from './directive-cases.js';

type Table = Readonly<Record<string, Directive<unknown>>>;
type Cases = Readonly<Record<string, DirectiveCases>>;

/** One file of the package: its table, its parser, and lines before which a directive makes a whole file of it. */
interface Manual {
  readonly file: string;
  readonly table: Table;
  readonly cases: Cases;
  readonly faults: (text: string) => readonly Fault[];
  /** Two lines. */
  readonly before: (directive: Directive<unknown>, text: string) => string;
}

const MANUALS: readonly Manual[] = [
  {
    file: 'miredo.conf',
    table: MIREDO_DIRECTIVES,
    cases: MIREDO_CASES,
    faults: (text) => parseMiredoConf('miredo.conf', text).faults,
    before: ({ name, modes }, text) => {
      const isClient = name === 'RelayType' ? /client/i.test(text) : modes.includes('client');
      const type = name === 'RelayType' ? '' : `RelayType ${isClient ? 'client' : 'relay'}`;
      const server = isClient && name !== 'ServerAddress' ? 'ServerAddress teredo.example' : '';
      return `${type}\n${server}\n`;
    },
  },
  {
    file: 'miredo-server.conf',
    table: SERVER_DIRECTIVES,
    cases: SERVER_CASES,
    faults: (text) => parseServerConf('miredo-server.conf', text).faults,
    before: ({ name }) => (name === 'ServerBindAddress' ? '\n\n' : 'ServerBindAddress 192.0.2.1\n\n'),
  },
];

const quote = (text: string): string => (text.includes('"') ? `'${text}'` : `"${text}"`);

for (const { file, table, cases, faults, before } of MANUALS) {
  for (const [key, directive] of Object.entries(table)) {
    const { name, obsolete } = directive;
    if (obsolete !== undefined) continue;
    const { accepted = [], refused = [], odd = [] } = cases[key] ?? {};
    describe(`${file}: ${name}`, () => {
      test('is in the table of cases', () => assert.ok(accepted.length > 0 && refused.length + odd.length > 0));

      for (const [text, value] of accepted) {
        test(`takes ${text.slice(0, 40)}`, () => {
          const reader = new FileReader(file, table, `${name} ${text}\n`);
          assert.deepEqual(reader.value(key), value);
          assert.deepEqual(reader.faults, []);
          assert.deepEqual(faults(`${before(directive, text)}${name} ${text}\n`), []);
        });
      }

      for (const [text, problem] of refused) {
        test(`refuses ${quote(text).slice(0, 40)}`, () => {
          const found = faults(`${before(directive, text)}${name} ${quote(text)}\n`);
          assert.deepEqual(found.map(formatFault), [`${file}:3: ${name}: ${problem}`]);
          const [fault] = found;
          assert.ok(fault);
          assert.equal(fault.severity, 'error');
          assert.equal(fault.code, 'bad-value');
          assert.equal(fault.directive, name);
        });
      }

      for (const [text, value, warning] of odd) {
        test(`takes ${quote(text).slice(0, 40)} with a warning`, () => {
          const reader = new FileReader(file, table, `${name} ${quote(text)}\n`);
          assert.deepEqual(reader.value(key), value);
          const found = faults(`${before(directive, text)}${name} ${quote(text)}\n`);
          assert.deepEqual(found.map(formatFault), [`${file}:3: ${name}: ${warning}`]);
          assert.deepEqual(
            found.map(({ severity, code }) => `${severity} ${code}`),
            ['warning odd-value'],
          );
        });
      }

      test('needs a value', () => {
        const found = faults(`${before(directive, '')}${name}\n`);
        const fault = found.find(({ code }) => code === 'missing-value');
        // A server's name is missed twice: in the line, and in the file.
        assert.deepEqual(
          found.filter((other) => other !== fault && other.code !== 'missing-directive'),
          [],
        );
        assert.equal(fault?.severity, 'warning');
        assert.equal(fault?.sentence, `${name} needs a value: ${directive.operand}; this line is ignored`);
      });
    });
  }
}

test('an interface name that the file may hold can be configured', () => {
  for (const [text] of MIREDO_CASES.interfaceName.accepted) {
    assert.ok(isUsableLinkName(text.replace('%d', '0')), text);
  }
});

test('each directive says what it is for, what it takes and what holds without it', () => {
  for (const { table } of MANUALS) {
    for (const [key, { name, operand, standard, summary, modes }] of Object.entries(table)) {
      assert.equal(name.toLowerCase(), key.toLowerCase());
      assert.ok(operand !== '' && standard !== '' && modes.length > 0);
      assert.match(summary, /\.$/);
    }
  }
});
