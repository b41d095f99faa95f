/** The configurations that the README shows are good ones. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatFault } from '../../daemon/config/fault.js';
import { parseMiredoConf } from '../../daemon/config/miredo-conf.js';
import { parseServerConf } from '../../daemon/config/server-conf.js';

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const examples = [...README.matchAll(/```\n# (\S+\.conf)\n([^`]*)```/g)];

test('there is one for client, relay and server', () => assert.equal(examples.length, 3));

for (const [, file = '', text = ''] of examples) {
  const title = text.split('\n')[0]?.trim();
  test(`README, ${file}: ${title}`, () => {
    const parsed = file === 'miredo.conf' ? parseMiredoConf(file, text) : parseServerConf(file, text);
    assert.deepEqual(parsed.faults.map(formatFault), []);
    assert.ok(parsed.settings !== undefined);
  });
}
