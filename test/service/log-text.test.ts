/** What is shown never moves a cursor or a line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { manyLines, oneLine } from '../../daemon/service/log-text.js';

test('control characters are shown as escapes', () => {
  assert.equal(oneLine('a\nb\r\tc\x1b[31m\0\x7f\x9b'), 'a\\nb\\r\\tc\\x1b[31m\\x00\\x7f\\x9b');
});

test('characters that turn text around, part lines or are halves are shown as escapes', () => {
  assert.equal(oneLine('a\u202eb\u2066c\u2028d\ud800e'), 'a\\u{202e}b\\u{2066}c\\u{2028}d\\u{d800}e');
});

test('text of people stays as it is', () => {
  for (const text of ['Größe 100%', '日本語 🙂', 'C:\\path']) assert.equal(oneLine(text), text);
});

test('a newline at the end means nothing; fields keep theirs inside', () => {
  assert.equal(oneLine('end\n'), 'end');
  assert.equal(manyLines('a\n\tb\r\n\u2028c'), 'a\n\\tb\\r\n\\u{2028}c');
});

test('any text becomes one line that UTF-8 can carry, of bounded length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 6000, size: 'max' }), (text) => {
      const line = oneLine(text);
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      assert.equal(Buffer.from(line).toString(), line);
    }),
  );
  assert.equal(oneLine('x'.repeat(1e6)).length, 3801);
});
