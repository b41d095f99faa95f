/** Nothing is allocated for a packet on its way through a core: the heap does not grow with the rows. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./allocation-child.js', import.meta.url));
const FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];
/** Room for what a batch allocates, which 64 rows share; the smallest object, a number, has 16 bytes. */
const MOST = 4;

const child = (...words: string[]): string =>
  execFileSync(process.execPath, [...FLAGS, CHILD, ...words], { encoding: 'utf8', timeout: 60_000 });

describe('a million rows leave the heap as it is', () => {
  for (const name of JSON.parse(child()) as string[]) {
    test(name, () => {
      const bytes = Number(child(name));
      assert.ok(bytes < MOST, `${bytes.toFixed(2)} bytes a row`);
    });
  }
});
