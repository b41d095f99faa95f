import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COVERAGE_FILE, cover, idsOf, readRequirements, readTestNames, render } from './coverage-of-rfc.js';

test('the coverage report is up to date', () => {
  const written = readFileSync(COVERAGE_FILE, 'utf8');
  const current = render(readRequirements(), readTestNames());
  assert.ok(written === current, 'out of date: run node build/test/coverage-of-rfc.js');
});

test('every requirement id in the name of a test exists', () => {
  assert.deepEqual(cover(readRequirements().requirements, readTestNames()).unknown, []);
});

test('requirement ids are unique', () => {
  const ids = readRequirements().requirements.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test('ids are the words of known families before the first colon', () => {
  const families = new Set(['S', 'F', 'C-QUAL']);
  assert.deepEqual(idsOf('S-4 F-1: a datagram', families), ['S-4', 'F-1']);
  assert.deepEqual(idsOf('C-QUAL-12, S-99: both', families), ['C-QUAL-12', 'S-99']);
  assert.deepEqual(idsOf('no S-4 colon', families), []);
  assert.deepEqual(idsOf('RFC-4380 HMAC-MD5 F-1: the rest', families), ['F-1']);
  assert.deepEqual(idsOf('a word: S-4', families), []);
});

test('an unknown id is found, an untested requirement is shown as such', () => {
  const requirement = { id: 'S-1', section: 'Server', level: 'MUST', summary: 'A | B', reference: 'RFC 4380 5.3' };
  const tests = [{ name: 'S-2: nobody asked for it', file: 'a.test.ts' }];
  assert.deepEqual(
    cover([requirement], tests).unknown.map(({ id }) => id),
    ['S-2'],
  );
  const report = render({ later: [], requirements: [requirement], contradictions: [] }, tests);
  assert.ok(report.includes('| S-1 | MUST | A \\| B [RFC 4380 5.3] | **untested** |'));
});
