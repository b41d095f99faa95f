/** The pages as mandoc and groff, which man(1) uses, see them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makePage, PAGES } from '../../packaging/man/manual.js';
import { run } from '../lab/command.js';
import { missingSentence } from '../lab/needed-programs.js';
import { sectionsOf } from './mdoc-page.js';

const BUILT = fileURLToPath(new URL('../../../build/man/', import.meta.url));
const skip = missingSentence(['manual']) ?? false;

describe('rendering', { skip }, () => {
  for (const page of PAGES) {
    const file = join(BUILT, page.name);
    const headings = sectionsOf(makePage(page));

    it(`${page.name} has no fault that mandoc knows`, async () => {
      const { code, stdout, stderr } = await run(['mandoc', '-T', 'lint', '-W', 'warning', file]);
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' });
    });

    it(`${page.name} is formatted by mandoc`, async () => {
      const { code, stdout } = await run(['mandoc', '-T', 'ascii', file]);
      assert.equal(code, 0);
      // Bold is a letter, a backspace and the letter again.
      const lines = stdout.replace(/.[\b]/g, '').split('\n');
      assert.deepEqual(
        lines.filter((line) => headings.includes(line)),
        headings,
      );
    });

    it(`${page.name} is formatted by groff without a warning`, async () => {
      const { code, stdout, stderr } = await run(['groff', '-mandoc', '-T', 'ascii', '-P-cbou', '-ww', file]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      const lines = stdout.split('\n');
      assert.deepEqual(
        lines.filter((line) => headings.includes(line)),
        headings,
      );
    });
  }
});
