/**
 * Which requirement of the RFCs is covered by which test: `node build/test/coverage-of-rfc.js` writes
 * coverage-of-rfc.md, and coverage-of-rfc.test.ts fails when that is out of date.
 *
 * The name of a test begins with the ids of the requirements that it covers: 'S-4 F-1: a datagram from …'. So may the
 * first column of a table of cases, each of which becomes a test: ['C-QUAL-16: mapped port 0', …].
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

/** This file is build/test/coverage-of-rfc.js; what it reads are sources. */
const TEST_FOLDER = fileURLToPath(new URL('../../test/', import.meta.url));
export const COVERAGE_FILE = join(TEST_FOLDER, 'coverage-of-rfc.md');

interface Requirement {
  readonly id: string;
  readonly section: string;
  /** RFC key word; lower case where the RFC writes it so, "stated" for a plain fact. */
  readonly level: string;
  readonly summary: string;
  readonly reference: string;
}

interface Requirements {
  /** Families of ids that belong to later work: "L" for L-1, L-2, … */
  readonly later: readonly string[];
  readonly requirements: readonly Requirement[];
  readonly contradictions: readonly { readonly id: string; readonly text: string }[];
}

/** A test's name and the file that holds it. */
export interface NamedTest {
  readonly name: string;
  readonly file: string;
}

/** A name that begins with an id which no requirement has. */
export interface UnknownId extends NamedTest {
  readonly id: string;
}

const familyOf = (id: string): string => id.slice(0, id.lastIndexOf('-'));

export function readRequirements(): Requirements {
  return JSON.parse(readFileSync(join(TEST_FOLDER, 'fixtures/requirements.json'), 'utf8')) as Requirements;
}

/** All tests in test/**, in the order of files and lines. Names made from a template appear as they are written. */
export function readTestNames(): readonly NamedTest[] {
  const files = readdirSync(TEST_FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.test.ts'),
  );
  return files.sort().flatMap((file) => {
    const source = readFileSync(join(TEST_FOLDER, file), 'utf8');
    const calls = source.matchAll(/\b(?:test|it|describe)(?:\.\w+)?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs);
    const cases = source.matchAll(/^\s*\[\s*'((?:[A-Z]+-)+\d+\b[^']*: [^']*)',/gm);
    const names = [...[...calls].map(([, , name = '']) => name), ...[...cases].map(([, name = '']) => name)];
    return names.map((name) => ({ name: name.replace(/\\(.)/g, '$1'), file: relative('', file) }));
  });
}

/** The words before the first colon that look like ids of one of the families. */
export function idsOf(name: string, families: ReadonlySet<string>): readonly string[] {
  const colon = name.indexOf(':');
  if (colon < 0) return [];
  const words = name.slice(0, colon).split(/[\s,]+/);
  return words.filter((word) => /^[A-Z][A-Z-]*-\d+$/.test(word) && families.has(familyOf(word)));
}

/** Tests by requirement id, and the ids that are nobody's. */
export function cover(
  requirements: readonly Requirement[],
  tests: readonly NamedTest[],
): { readonly byId: ReadonlyMap<string, readonly NamedTest[]>; readonly unknown: readonly UnknownId[] } {
  const families = new Set(requirements.map(({ id }) => familyOf(id)));
  const byId = new Map<string, NamedTest[]>(requirements.map(({ id }) => [id, []]));
  const unknown: UnknownId[] = [];
  for (const test of tests) {
    for (const id of idsOf(test.name, families)) {
      const covered = byId.get(id);
      if (covered === undefined) unknown.push({ ...test, id });
      else covered.push(test);
    }
  }
  return { byId, unknown };
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(
  requirements: readonly Requirement[],
  byId: ReadonlyMap<string, readonly NamedTest[]>,
  without: string,
): string[] {
  const rows = requirements.map(({ id, level, summary, reference }) => {
    const tests = byId.get(id) ?? [];
    const cited = tests.map(({ name, file }) => `${cell(name)} (${file})`).join('<br>');
    return `| ${id} | ${level} | ${cell(summary)} [${reference}] | ${cited || without} |`;
  });
  return ['| id | level | requirement | tests |', '|---|---|---|---|', ...rows];
}

/** The whole report. */
export function render({ later, requirements, contradictions }: Requirements, tests: readonly NamedTest[]): string {
  const { byId } = cover(requirements, tests);
  const isLater = ({ id }: Requirement): boolean => later.includes(familyOf(id));
  const now = requirements.filter((requirement) => !isLater(requirement));
  const tested = now.filter(({ id }) => (byId.get(id)?.length ?? 0) > 0);
  const lines = [
    '# Coverage of the RFCs by tests',
    '',
    'Made by `node build/test/coverage-of-rfc.js`; do not edit. The summaries are ours, the words of the RFCs decide.',
    'Level: upper case is the key word of the RFC, lower case how RFC 4380 writes it without capitals, "stated" a plain',
    'fact of the protocol. U is RFC 5991, F are the filters, X-n the contradictions at the end.',
    '',
    `${tested.length} of ${now.length} requirements have a test; ${requirements.length - now.length} more are for later.`,
  ];
  const heading = (list: readonly Requirement[], level: string, without: string): void => {
    for (const section of new Set(list.map((requirement) => requirement.section))) {
      const members = list.filter((requirement) => requirement.section === section);
      lines.push('', `${level} ${section}`, '', ...table(members, byId, without));
    }
  };
  heading(now, '##', '**untested**');
  lines.push('', '## Later');
  heading(requirements.filter(isLater), '###', 'later');
  lines.push('', '## Contradictions and gaps of the RFCs', '');
  for (const { id, text } of contradictions) lines.push(`- **${id}** ${text}`);
  return `${lines.join('\n')}\n`;
}

if (argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(COVERAGE_FILE, render(readRequirements(), readTestNames()));
