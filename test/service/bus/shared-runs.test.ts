/** One piece of work at a time, shared by those who ask for the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedRuns } from '../../../daemon/service/bus/shared-runs.js';

interface Work {
  readonly key: string;
  readonly say: (part: string) => void;
  readonly signal: AbortSignal;
  readonly end: (result: string) => void;
  readonly fail: (error: Error) => void;
}

function rig() {
  const runs = new SharedRuns<string, string>(0);
  const works: Work[] = [];
  let wake: () => void = () => {};
  const ask = (key: string) => {
    const heard: string[] = [];
    const controller = new AbortController();
    const begin = (say: (part: string) => void, signal: AbortSignal): Promise<string> =>
      new Promise((end, fail) => {
        works.push({ key, say, signal, end, fail });
        wake();
      });
    const answer = runs.join(key, begin, { heard: (part) => heard.push(part), signal: controller.signal });
    return { heard, answer, leave: () => controller.abort() };
  };
  const work = async (index: number): Promise<Work> => {
    for (;;) {
      const found = works[index];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { ask, work, works };
}

test('who asks for the same shares the work, and hears what was said before', async () => {
  const { ask, work, works } = rig();
  const first = ask('a');
  const run = await work(0);
  run.say('one');
  const second = ask('a');
  run.say('two');
  run.end('done');
  assert.deepEqual(await Promise.all([first.answer, second.answer]), Array(2).fill({ ok: true, result: 'done' }));
  assert.deepEqual([first.heard, second.heard, works.length], [['one', 'two'], ['one', 'two'], 1]);
});

test('work of another kind waits for its turn', async () => {
  const { ask, work, works } = rig();
  const first = ask('a');
  const other = ask('b');
  (await work(0)).end('a is done');
  assert.deepEqual(await first.answer, { ok: true, result: 'a is done' });
  (await work(1)).end('b is done');
  assert.deepEqual(await other.answer, { ok: true, result: 'b is done' });
  assert.deepEqual(
    works.map(({ key }) => key),
    ['a', 'b'],
  );
});

test('an answer is not given twice: who asks later gets a new one', async () => {
  const { ask, work } = rig();
  const first = ask('a');
  (await work(0)).end('old');
  await first.answer;
  const later = ask('a');
  (await work(1)).end('new');
  assert.deepEqual(await later.answer, { ok: true, result: 'new' });
});

test('work goes on while one waits for it, and is given up when nobody does', async () => {
  const { ask, work } = rig();
  const [first, second] = [ask('a'), ask('a')];
  const { signal, end } = await work(0);
  first.leave();
  assert.deepEqual([await first.answer, signal.aborted], [{ ok: false, why: 'gone' }, false]);
  second.leave();
  assert.deepEqual([await second.answer, signal.aborted], [{ ok: false, why: 'gone' }, true]);
  // Not the one that was given up.
  const third = ask('a');
  end('nobody hears it');
  (await work(1)).end('new');
  assert.deepEqual(await third.answer, { ok: true, result: 'new' });
});

test('work that nobody waits for any more never begins', async () => {
  const { ask, work, works } = rig();
  const first = ask('a');
  const gone = ask('b');
  gone.leave();
  (await work(0)).end('done');
  await first.answer;
  const last = ask('c');
  (await work(1)).end('done');
  await last.answer;
  assert.deepEqual(
    works.map(({ key }) => key),
    ['a', 'c'],
  );
});

test('too many kinds at a time: busy', async () => {
  const { ask, work } = rig();
  const first = ask('0');
  await work(0);
  const waiting = Array.from({ length: 8 }, (_, index) => ask(`${index + 1}`));
  assert.deepEqual(await ask('9').answer, { ok: false, why: 'busy' });
  assert.ok(ask('0').heard.length === 0, 'what is under way can be shared all the same');
  for (const { leave } of waiting) leave();
  first.leave();
});

test('work that fails fails for all who wait, and not for the next', async () => {
  const { ask, work } = rig();
  const [first, second] = [ask('a'), ask('a')];
  (await work(0)).fail(new Error('broken'));
  await assert.rejects(first.answer, /broken/);
  await assert.rejects(second.answer, /broken/);
  const third = ask('a');
  (await work(1)).end('done');
  assert.deepEqual(await third.answer, { ok: true, result: 'done' });
});
