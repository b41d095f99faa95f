/** A configuration file that is not there: a mistake, or nothing to say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMiredoConf } from '../../daemon/config/miredo-conf.js';
import { loadConfiguration } from '../../daemon/service/configuration-file.js';

function load(path: string, isOptional: boolean) {
  const said: string[] = [];
  const parse = (file: string, text: string) => parseMiredoConf(file, text, { isManaged: isOptional });
  const settings = loadConfiguration(path, parse, (level, message) => said.push(`${level}: ${message}`), isOptional);
  return { settings, said };
}

test('one that has to be there is missed', () => {
  const { settings, said } = load('/nonexistent/miredo.conf', false);
  assert.equal(settings, undefined);
  assert.match(said.join('\n'), /^error: .*there is no such file/);
});

test('one that need not be is as good as an empty one', () => {
  const { settings, said } = load('/nonexistent/miredo.conf', true);
  assert.deepEqual(said, []);
  assert.ok(settings?.mode === 'client');
  assert.equal(settings.server, undefined);
  assert.equal(settings.interfaceName, 'teredo');
});

test('one that cannot be read is missed all the same', () => {
  const { settings, said } = load('/', true);
  assert.equal(settings, undefined);
  assert.match(said.join('\n'), /^error: .*EISDIR/);
});
