/** org.miredo(5) says what the interface on the bus is: no member that is not there, and none left out. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, SOURCE } from '../../dbus/generate.js';
import { METHODS, PROPERTIES, SIGNALS } from '../../dbus/org-miredo.js';
import { docText } from '../../packaging/man/interface-text.js';
import { makePage, PAGES } from '../../packaging/man/manual.js';
import { itemsOf } from './mdoc-page.js';

const NAME = 'org.miredo.5';
const page = makePage(PAGES.find(({ name }) => name === NAME) ?? assert.fail());
const described = parse(readFileSync(SOURCE, 'utf8'));
const items = itemsOf(page, 'DESCRIPTION').filter(([first]) => first === 'Cm');

test('each member, once, in the order of the file, methods first', () => {
  const names = [METHODS, PROPERTIES, SIGNALS].flatMap((members) => Object.keys(members));
  assert.deepEqual(
    items.map(([, name]) => name),
    names,
  );
});

test('each with its signature', () => {
  const typesIn = (words: readonly string[]): string => words.filter((_, i) => words[i - 1] === 'Vt').join('');
  for (const words of items) {
    const [, name = ''] = words;
    const end = words.indexOf('No');
    const [input, output] = end === -1 ? [words, []] : [words.slice(0, end), words.slice(end)];
    const shown = { input: typesIn(input), output: typesIn(output) };
    const all: Readonly<Record<string, unknown>> = METHODS;
    const others = { ...PROPERTIES, ...SIGNALS } as Readonly<Record<string, string | { signature: string }>>;
    const other = others[name];
    const signature = typeof other === 'object' ? other.signature : (other ?? '');
    assert.deepEqual(shown, all[name] ?? { input: signature, output: '' }, name);
  }
});

test('each with its comment, and the comment of the whole', () => {
  for (const { doc } of [described, ...described.members]) {
    assert.ok(doc.length > 0);
    assert.ok(page.includes(`\n${docText(doc)}\n`), doc);
  }
});
