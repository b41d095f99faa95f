import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIREDO_DIRECTIVES } from '../../daemon/config/directives.js';
import { nearest } from '../../daemon/config/nearest.js';

const NAMES = Object.values(MIREDO_DIRECTIVES).map((directive) => directive.name);

/** What people write, and what they mean. */
const cases: readonly (readonly [word: string, name: string | undefined])[] = [
  ['ServerAdress', 'ServerAddress'],
  ['ServerAdress2', 'ServerAddress2'],
  ['SeverAddress', 'ServerAddress'],
  ['Server', undefined],
  ['bindport', 'BindPort'],
  ['Bind-Port', 'BindPort'],
  ['InterfaceMUT', 'InterfaceMTU'],
  ['Interface', 'InterfaceMTU'],
  ['Prefiks', 'Prefix'],
  ['RelyType', 'RelayType'],
  ['SyslogFaculty', 'SyslogFacility'],
  ['xyz', undefined],
  ['', undefined],
  ['a very long line that somebody pasted by mistake', undefined],
];

for (const [word, name] of cases) {
  test(`${JSON.stringify(word)}: ${name ?? 'nothing is near'}`, () => assert.equal(nearest(word, NAMES), name));
}

test('a known name is nearest to itself', () => {
  for (const name of NAMES) assert.equal(nearest(name.toUpperCase(), NAMES), name);
});
