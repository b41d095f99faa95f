/** The administrator's list of servers: what is read, and what is said of mistakes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { formatFault } from '../../daemon/config/fault.js';
import { type EntryFields, readEntry } from '../../daemon/config/server-entry.js';
import { parseServersFile, readServersFolder } from '../../daemon/config/servers-folder.js';

const parse = (...lines: string[]) => parseServersFile('a.ini', lines.join('\n'));

/** name: primary secondary comment */
const shown = ({ entries }: ReturnType<typeof parse>): string[] =>
  entries.map(
    ({ name, primary, secondary, comment }) => `${name}: ${primary.text} ${secondary?.text ?? '-'} ${comment}`,
  );
const faults = (read: ReturnType<typeof parse>): string[] => read.faults.map(formatFault);

describe('one file', () => {
  test('a section is a server; its name is the primary address when none is given', () => {
    const read = parse(
      '; ours',
      '[teredo.example.net]',
      'comment = the first; "really"',
      '',
      '[203.0.113.10]',
      '[home]',
      'primary=198.51.100.1',
      'secondary = 198.51.100.9',
      '[My own server]',
      'primary = t.example',
      'comment = two \\; three',
    );
    assert.deepEqual(faults(read), []);
    assert.deepEqual(shown(read), [
      'teredo.example.net: teredo.example.net - the first',
      '203.0.113.10: 203.0.113.10 - ',
      'home: 198.51.100.1 198.51.100.9 ',
      'My own server: t.example - two ; three',
    ]);
    assert.equal(read.entries[0]?.primary.address, undefined);
    assert.notEqual(read.entries[1]?.primary.address, undefined);
  });

  test('a dot makes no section within a section, whatever the order', () => {
    const read = parse('[example]', '[example.primary]', 'comment=b', '[example.net]', 'comment=c', '[constructor]');
    assert.deepEqual(faults(read), []);
    assert.deepEqual(shown(read), [
      'example: example - ',
      'example.primary: example.primary - b',
      'example.net: example.net - c',
      'constructor: constructor - ',
    ]);
  });

  test('a byte order mark and CRLF are fine', () => {
    assert.deepEqual(shown(parseServersFile('a', '\ufeff[a.example]\r\ncomment=x\r\n[b.example]\r\n')), [
      'a.example: a.example - x',
      'b.example: b.example - ',
    ]);
  });

  const bad: readonly (readonly [
    what: string,
    lines: readonly string[],
    complaint: RegExp,
    kept: readonly string[],
  ])[] = [
    [
      'a private address',
      ['[x]', 'primary=192.168.0.1'],
      /^a\.ini:1: \[x\] primary: 192\.168\.0\.1 is not a public/,
      [],
    ],
    ['a name that is no host', ['', '[two words]'], /^a\.ini:2: \[two words\] primary: .* with primary=/, []],
    ['a bad secondary', ['[x.example]', 'secondary=-'], /^a\.ini:1: \[x\.example\] secondary: /, []],
    ['the word auto', ['[Auto]', 'primary=a.example'], /^a\.ini:1: .*"auto" is the word/, []],
    [
      'a misspelt key',
      ['[x.example]', 'secondry=b.example'],
      /^a\.ini:1: .*"secondry"; did you mean secondary\?/,
      ['x.example'],
    ],
    [
      'a key before all sections',
      ['primary=a.example', '[x.example]'],
      /^a\.ini: "primary" stands before/,
      ['x.example'],
    ],
    ['a list', ['[x.example]', 'primary[]=a', 'primary[]=b'], /primary is given more than once/, []],
    [
      'a section twice',
      ['[x.example]', '[y.example]', '[x.example]'],
      /^a\.ini:3: \[x\.example\] is there twice/,
      ['x.example', 'y.example'],
    ],
    ['a key twice', ['[x.example]', 'comment=a', 'comment=b'], /^a\.ini:3: comment is there twice/, ['x.example']],
    ['no key', ['[x.example]', '=a'], /^a\.ini:2: there is no key/, ['x.example']],
    ['a section that does not end', ['[x.example]', '[y.example'], /there is no key "\[y\.example"/, ['x.example']],
    ['a control character', ['[x.example]', 'comment="a\\u0007b"'], /comment: a comment is one line/, []],
    ['prototype', ['[__proto__]', 'primary=a.example', '[x.example]', '__proto__=1'], /^$/, ['x.example']],
  ];
  for (const [what, lines, complaint, kept] of bad) {
    test(`${what}: is said, and the rest is kept`, () => {
      const read = parse(...lines, '[last.example]');
      assert.deepEqual(
        read.entries.map(({ name }) => name),
        [...kept, 'last.example'],
      );
      if (what !== 'prototype') assert.match(faults(read).join('\n'), complaint);
      assert.ok(read.faults.length < 2, faults(read).join('\n'));
    });
  }

  test('any text: no exception; what is taken is good', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '[a.b]',
        '[a]',
        '[a.b.c]',
        'primary=x',
        'primary.x=1',
        '[__proto__]',
        'comment[]=a',
        '[',
        'a[]=',
        '"',
      ),
      fc.string({ unit: fc.constantFrom('[', ']', '.', '\\', '=', ';', '#', '"', "'", 'a', 'primary', ' ') }),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        for (const entry of parse(...lines).entries) {
          const fields = { primary: entry.primary.text, secondary: entry.secondary?.text, comment: entry.comment };
          assert.deepEqual(readEntry(entry.name, fields), { ok: true, entry });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('one entry', () => {
  const refused: readonly (readonly [name: string, fields: EntryFields])[] = [
    ['', { primary: 'a.example' }],
    [' a', { primary: 'a.example' }],
    ['a ', { primary: 'a.example' }],
    ['a\nb', { primary: 'a.example' }],
    ['__proto__', { primary: 'a.example' }],
    ['x'.repeat(254), { primary: 'a.example' }],
    ['a', { primary: '' }],
    ['a', { primary: '10.1' }],
    ['a', { primary: '127.0.0.1' }],
    ['a', { primary: '224.0.0.1' }],
    ['a', { primary: `${'x'.repeat(64)}.example` }],
    ['a', { primary: 'a.example', secondary: '10.0.0.1' }],
    ['a', { primary: 'a.example', comment: 'x'.repeat(201) }],
    ['a', { primary: 'a.example', comment: '\u202e abc' }],
  ];
  for (const [name, fields] of refused) {
    test(`${JSON.stringify(name.slice(0, 20))} ${JSON.stringify(fields).slice(0, 60)} is refused`, () => {
      assert.equal(readEntry(name, fields).ok, false);
    });
  }
});

/** A folder that is gone when the test ends. */
function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'servers-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

describe('the folder', () => {
  test('one that is not there has no servers, and is no fault', () => {
    assert.deepEqual(readServersFolder('/nonexistent/servers.d'), { entries: [], faults: [] });
  });

  test('files that end in .ini, in the order of their names', (t) => {
    const path = folder(t);
    writeFileSync(join(path, '20.ini'), '[b.example]\n[a.example]\ncomment=later\n');
    writeFileSync(join(path, '10.ini'), '[a.example]\n');
    writeFileSync(join(path, '30.ini.dpkg-old'), '[c.example]\n');
    writeFileSync(join(path, '.hidden.ini'), '[d.example]\n');
    const { entries, faults: said } = readServersFolder(path);
    assert.deepEqual(
      entries.map(({ name, comment }) => name + comment),
      ['a.example', 'b.example'],
    );
    assert.equal(said.length, 1);
    assert.match(formatFault(said[0] ?? assert.fail()), /20\.ini: \[a\.example\] is in another file too/);
  });

  test('what is no file, or too large, or too many, is said and passed over', (t) => {
    const path = folder(t);
    mkdirSync(join(path, '1.ini'));
    execFileSync('mkfifo', [join(path, '2.ini')]);
    writeFileSync(join(path, '3.ini'), `[a.example]\n;${'x'.repeat(70_000)}`);
    const many = Array.from({ length: 300 }, (_, n) => `[s${n}.example]`).join('\n');
    writeFileSync(join(path, '4.ini'), many);
    const { entries, faults: said } = readServersFolder(path);
    assert.equal(entries.length, 256);
    const text = said.map(formatFault).join('\n');
    for (const pattern of [
      /1\.ini: .*not a regular/,
      /2\.ini: .*not a regular/,
      /3\.ini: .*larger than/,
      /more than 256/,
    ]) {
      assert.match(text, pattern);
    }
    for (let n = 0; n < 70; n += 1) writeFileSync(join(path, `5${n}.ini`), '');
    assert.match(readServersFolder(path).faults.map(formatFault).join('\n'), /more than 64 files/);
  });
});
