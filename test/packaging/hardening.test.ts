/** docs/hardening.md tells each directive of the units, with its value, and those that are not set; and nothing else. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingSentence } from '../lab/needed-programs.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Those with a column of their own. */
const TOLD = ['miredo', 'miredo-server'] as const;
const UNITS = [...TOLD, 'miredo-relay'] as const;
type Unit = (typeof UNITS)[number];

const textOf = (unit: Unit): string => readFileSync(join(ROOT, `packaging/systemd/${unit}.service`), 'utf8');

/** What says who it is, and not what it does. */
const NAMES = ['Description', 'Documentation'];

/** The values of each directive. */
function directivesOf(unit: Unit): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, name = '', value = ''] of textOf(unit).matchAll(/^(\w+)=(.*)$/gm)) {
    if (!NAMES.includes(name)) found.set(name, [...(found.get(name) ?? []), value]);
  }
  return found;
}

const DOCUMENT = readFileSync(join(ROOT, 'docs/hardening.md'), 'utf8');
const [REST = '', RELAY = ''] = DOCUMENT.split('## The relay');
const [SET = '', NOT_SET = ''] = REST.split('## What is not set');

/** The cells of each row, heads left out; a bar within a cell is escaped. */
const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => /^\| [A-Z]\w+ /.test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')))
    .map((cells) => cells.slice(1, -1));

const codesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]*)`/g)].map(([, code = '']) => code);

describe('docs/hardening.md', () => {
  const units = {
    miredo: directivesOf('miredo'),
    'miredo-server': directivesOf('miredo-server'),
    'miredo-relay': directivesOf('miredo-relay'),
  };

  test('has each directive of the units, once, with its value and what it is for', () => {
    const told = new Map(rowsOf(SET).map(([name = '', ...cells]) => [name, cells]));
    assert.equal(told.size, rowsOf(SET).length);
    const names = new Set(TOLD.flatMap((unit) => [...units[unit].keys()]));
    assert.deepEqual([...told.keys()].sort(), [...names].sort());
    for (const [name, [ours = '', servers = '', purpose = '']] of told) {
      assert.deepEqual(codesIn(ours), units.miredo.get(name) ?? [], name);
      const expected = servers === 'the same' ? codesIn(ours) : codesIn(servers);
      assert.deepEqual(expected, units['miredo-server'].get(name) ?? [], name);
      assert.ok(purpose !== '', name);
    }
  });

  test('has what the relay’s unit has otherwise than the client’s, and all of that', () => {
    const expected = new Map(units.miredo);
    for (const [name = '', cell = '', purpose = ''] of rowsOf(RELAY)) {
      assert.ok(purpose !== '', name);
      if (cell === '–') assert.ok(expected.delete(name), name);
      else expected.set(name, codesIn(cell));
    }
    const sorted = (directives: ReadonlyMap<string, string[]>) => [...directives].sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(sorted(units['miredo-relay']), sorted(expected));
  });

  test('says of none that is set that it is not', () => {
    const names = rowsOf(NOT_SET).map(([name = '']) => name);
    assert.ok(names.includes('MemoryDenyWriteExecute'));
    assert.deepEqual(
      names.filter((name) => UNITS.some((unit) => units[unit].has(name))),
      [],
    );
  });
});

describe('the units', { skip: missingSentence(['package']) ?? false }, () => {
  for (const unit of UNITS) {
    test(`${unit}.service depends on neither network nor bus to start`, () => {
      assert.doesNotMatch(textOf(unit), /^(Requires|Requisite|BindsTo|Wants|PartOf)=|network-online/m);
    });

    test(`${unit}.service is started again for ever, and slowly where the pause does not grow`, () => {
      const [limit, pause] = ['StartLimitIntervalSec', 'RestartSec'].map((name) => directivesOf(unit).get(name));
      assert.deepEqual([limit, pause], [['0'], ['5s']]);
    });

    test(`systemd finds nothing in ${unit}.service but what it is too old for`, (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'miredo-units-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const file = join(folder, `${unit}.service`);
      // The programs are not installed here.
      writeFileSync(file, textOf(unit).replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true'));
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
      const complaints = stderr.split('\n').filter((line) => line.includes(`${unit}.service:`));
      const others = complaints.filter((line) => !/Unknown key.*'Restart(Steps|MaxDelaySec)'/.test(line));
      assert.deepEqual(others, []);
    });
  }
});
