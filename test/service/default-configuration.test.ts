/** Two places where a configuration may be: which is read, and when that is said. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { defaultConfiguration, unreadConfiguration } from '../../daemon/service/default-configuration.js';

function places(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'miredo-places-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return { config: join(folder, 'miredo.conf'), olderConfig: join(folder, 'older.conf') };
}

test('the older file counts where there is no other, without a word', (t) => {
  const both = places(t);
  assert.equal(defaultConfiguration(both), both.config);
  writeFileSync(both.olderConfig, 'BindPort 1\n');
  assert.equal(defaultConfiguration(both), both.olderConfig);
  assert.equal(unreadConfiguration(both), undefined);
});

test('where both are there and differ, it is told that the older one is not read', (t) => {
  const both = places(t);
  writeFileSync(both.olderConfig, 'BindPort 1\n');
  writeFileSync(both.config, 'BindPort 1\n');
  assert.equal(defaultConfiguration(both), both.config);
  assert.equal(unreadConfiguration(both), undefined, 'they say the same');
  writeFileSync(both.config, 'BindPort 2\n');
  assert.match(unreadConfiguration(both) ?? '', /^\S+\/older\.conf is not read, as there is \S+\/miredo\.conf, /);
});

test('a link to the older one is no second file', (t) => {
  const both = places(t);
  writeFileSync(both.olderConfig, 'BindPort 1\n');
  symlinkSync('older.conf', both.config);
  assert.equal(unreadConfiguration(both), undefined);
});
