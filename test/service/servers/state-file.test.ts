/** What outlasts the daemon: comes back as it was, or is known to be damaged; a power cut leaves the old or the new. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { readEntry, type ServerEntry } from '../../../daemon/config/server-entry.js';
import {
  formatState,
  NOTHING_SAVED,
  parseState,
  type SavedState,
} from '../../../daemon/service/servers/saved-state.js';
import { StateFile } from '../../../daemon/service/servers/state-file.js';

function entry(name: string, fields: Parameters<typeof readEntry>[1] = {}): ServerEntry {
  const read = readEntry(name, fields);
  assert.ok(read.ok, read.ok ? '' : read.problem);
  return read.entry;
}

const STATE: SavedState = {
  enabled: true,
  choice: 'my own server',
  servers: [
    entry('my own server', { primary: 't.example', secondary: '203.0.113.9', comment: 'a; b # c = "d" [e]' }),
    entry('teredo.example.net'),
    entry('constructor'),
  ],
};
const OTHER: SavedState = { enabled: false, choice: 'auto', servers: [] };

/** A file of the test's own, and what the log says. */
function stage(t: TestContext): { path: string; said: string[]; file: StateFile } {
  const folder = mkdtempSync(join(tmpdir(), 'state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const said: string[] = [];
  const path = join(folder, 'miredo', 'state.ini');
  return { path, said, file: new StateFile(path, (level, message) => said.push(`${level}: ${message}`)) };
}

test('what can be chosen comes back', () => {
  assert.deepEqual(parseState(formatState(STATE)), STATE);
  assert.deepEqual(parseState(formatState(NOTHING_SAVED)), NOTHING_SAVED);
  const text = fc.string({ unit: fc.constantFrom('a', 'B', '.', '-', '_', ' ', 'é', 'true', 'null', '1') });
  const comment = fc.string({
    unit: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 1 }),
      fc.constantFrom(';', '#', '"', "'", '=', '[', ']', 'x'),
    ),
  });
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.option(text, { nil: undefined }),
      fc.array(fc.tuple(text, comment)),
      (enabled, chosen, list) => {
        const servers = new Map<string, ServerEntry>();
        for (const [name, words] of list) {
          const read = readEntry(name, { primary: 'a.example', comment: words });
          if (read.ok) servers.set(name, read.entry);
        }
        const named = chosen !== undefined && readEntry(chosen, { primary: 'a.example' }).ok ? chosen : undefined;
        const state = { enabled, choice: named, servers: [...servers.values()] };
        const back = parseState(formatState(state));
        assert.deepEqual(
          { ...back, servers: sorted(back?.servers ?? []) },
          { ...state, servers: sorted(state.servers) },
        );
      },
    ),
    { numRuns: 2000 },
  );
});

// Names that are numbers go first in an object.
const sorted = (servers: readonly ServerEntry[]) => [...servers].sort((a, b) => (a.name < b.name ? -1 : 1));

test('cut off or changed at any byte it is damaged', () => {
  const whole = Buffer.from(formatState(STATE));
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(parseState(whole.subarray(0, length).toString()), undefined, `${length} bytes`);
    for (const bits of [1, 0x20, 0x80, 0xff]) {
      const changed = Buffer.from(whole);
      changed[length] = (changed[length] ?? 0) ^ bits;
      assert.equal(parseState(changed.toString()), undefined, `byte ${length}`);
    }
  }
  assert.equal(parseState(`${whole}\n`), undefined, 'longer');
});

test('a damaged file is put aside, at any length of it, and said; the next choice is kept', async (t) => {
  const { path, said, file } = stage(t);
  assert.deepEqual(file.load(), NOTHING_SAVED);
  assert.deepEqual(said, [], 'none is no fault');
  assert.equal(await file.save(STATE), undefined);
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(path, whole.subarray(0, length));
    assert.deepEqual(file.load(), NOTHING_SAVED);
    assert.deepEqual(readFileSync(`${path}.bad`), whole.subarray(0, length));
    assert.ok(!existsSync(path));
    assert.match(said.pop() ?? '', /^error: .*state\.ini is damaged; it is put aside as .*state\.ini\.bad/);
  }
  assert.equal(await file.save(OTHER), undefined);
  assert.deepEqual(file.load(), OTHER);
});

test('a writer that got as far as any byte has harmed nothing', async (t) => {
  const { path, said, file } = stage(t);
  await file.save(STATE);
  const next = Buffer.from(formatState(OTHER));
  for (let length = 0; length <= next.length; length += 1) {
    writeFileSync(`${path}.new`, next.subarray(0, length));
    assert.deepEqual(file.load(), STATE);
  }
  assert.equal(await file.save(OTHER), undefined, 'what it left is no obstacle');
  assert.deepEqual(file.load(), OTHER);
  assert.ok(!existsSync(`${path}.new`));
  assert.deepEqual(said, []);
});

test('a writer that is killed leaves the old state or the new one', { timeout: 60_000 }, async (t) => {
  const { path, said, file } = stage(t);
  const program = fileURLToPath(new URL('state-writer.js', import.meta.url));
  for (let round = 0; round < 12; round += 1) {
    const writer = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let seen = 0;
    for await (const line of createInterface({ input: writer.stdout })) {
      seen = Number(line);
      if (seen === round * 7 + 1) writer.kill('SIGKILL');
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
    const { servers } = file.load();
    // What it has said to be done is there, or what it did after that.
    assert.ok(servers.length === seen % 50 || servers.length === (seen + 1) % 50, `${servers.length} after ${seen}`);
  }
  assert.deepEqual(said, []);
});

test('for root alone; the folder is made; many at a time end with the last', async (t) => {
  const { path, file } = stage(t);
  const results = await Promise.all(Array.from({ length: 50 }, (_, n) => file.save({ ...OTHER, choice: `s${n}` })));
  assert.deepEqual(new Set(results), new Set([undefined]));
  assert.equal(file.load().choice, 's49');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('what cannot be written or read is said, and no more', async (t) => {
  const { path, said, file } = stage(t);
  mkdirSync(path, { recursive: true });
  assert.deepEqual(file.load(), NOTHING_SAVED);
  assert.match(said.pop() ?? '', /^error: .*cannot be read \(EISDIR\)/);
  assert.match((await file.save(STATE)) ?? '', /cannot be written \(E/);
  assert.match(said.pop() ?? '', /^error: .*forgotten at the next start/);
});
