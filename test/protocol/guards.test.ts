/** Each guard is needed: without it, the test that it is there for fails. See guards-table.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { GUARDS, type Guard } from './guards-table.js';
import { Mutants, type TestResult } from './mutants.js';

/** Two processes at a time, each in a copy of the program of its own. */
const WORKERS = 2;

const idle: Mutants[] = [];
/** What each test file says of the program as it is. */
const sound = new Map<string, readonly TestResult[]>();

before(async () => {
  for (let i = 0; i < WORKERS; i++) idle.push(await Mutants.prepare());
  for (const testFile of new Set(GUARDS.map((guard) => guard.testFile))) {
    sound.set(testFile, (await idle[0]?.run(testFile, '')) ?? []);
  }
});

after(async () => {
  for (const mutants of idle) await mutants.remove();
});

async function isNeeded(mutants: Mutants, { file, testFile, test: name, guard, without }: Guard): Promise<void> {
  const named = (sound.get(testFile) ?? []).filter((result) => result.name.startsWith(name));
  assert.deepEqual(
    named.map(({ verdict }) => verdict),
    ['ok'],
    `"${name}" must be the beginning of the name of just one test in ${testFile}, and that must pass`,
  );
  const results = await mutants.runWithout(file, guard, without, testFile, name);
  assert.ok(results !== undefined, `the table is out of date: this does not stand in ${file} just once: ${guard}`);
  assert.deepEqual(
    results,
    [{ name: named[0]?.name, verdict: 'not ok' }],
    `the test does not need its guard: ${guard}`,
  );
}

describe('guards', { concurrency: WORKERS }, () => {
  for (const guard of GUARDS) {
    test(`the test "${guard.test}" fails without ${guard.guard.split('\n')[0]}`, async () => {
      const mutants = idle.pop();
      assert.ok(mutants !== undefined, 'there are as many copies as tests run at a time');
      try {
        await isNeeded(mutants, guard);
      } finally {
        idle.push(mutants);
      }
    });
  }
});
