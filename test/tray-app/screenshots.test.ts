/** The tracked pictures are those that the README and the page beside them show, and small. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './renderer/window.js';
import { screenshotsPage } from './screenshots.js';

const FOLDER = join(ROOT, 'docs/screenshots');
const REMEDY = 'Run: npm run screenshots';

test('the page with the menus is the one that the app makes', () => {
  assert.equal(readFileSync(join(FOLDER, 'README.md'), 'utf8'), screenshotsPage(), REMEDY);
});

test('every picture is shown, and none is large', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.png'));
  const shown = [...screenshotsPage().matchAll(/\]\(([^)]+\.png)\)/g)].map(([, name]) => name ?? '');
  assert.deepEqual(files.sort(), shown.sort(), REMEDY);
  for (const file of files) assert.ok(statSync(join(FOLDER, file)).size < 64_000, file);
});
