/** Few questions are open at a time, and nobody waits for another. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { QuestionLines } from '../../../daemon/service/bus/question-lines.js';

/** Questions that are answered when the test says so. */
class Questions {
  readonly lines = new QuestionLines();
  readonly open: { readonly name: string; readonly answer: () => void; readonly fail: () => void }[] = [];
  readonly settled: string[] = [];

  ask(line: string, name: string): void {
    const answer = this.lines.take(
      line,
      () =>
        new Promise<void>((resolve, reject) => {
          this.open.push({ name, answer: resolve, fail: () => reject(new Error('no')) });
        }),
    );
    void answer.then(
      () => this.settled.push(name),
      () => this.settled.push(`${name} failed`),
    );
  }

  get names(): string[] {
    return this.open.map(({ name }) => name);
  }
}

/** All that follows from what has happened so far. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('lines of questions', () => {
  test('four of a line are open, the others follow in their order', async () => {
    const questions = new Questions();
    for (const name of 'abcdefg') questions.ask('one', name);
    await settle();
    assert.deepEqual(questions.names, ['a', 'b', 'c', 'd']);
    questions.open[1]?.answer();
    await settle();
    assert.deepEqual(questions.names, ['a', 'b', 'c', 'd', 'e']);
    questions.open[0]?.fail();
    await settle();
    assert.deepEqual(questions.names.at(-1), 'f', 'a failure gives its place on as well');
    assert.deepEqual(questions.settled, ['b', 'a failed']);
  });

  test('one that is full does not hold up another', async () => {
    const questions = new Questions();
    for (const name of 'abcdefg') questions.ask('one', name);
    questions.ask('two', 'z');
    await settle();
    assert.ok(questions.names.includes('z'));
  });

  test('places come back', async () => {
    const questions = new Questions();
    for (let round = 0; round < 3; round += 1) {
      for (const name of 'abcdef') questions.ask('one', name);
      for (let at = 0; at < 6; at += 1) {
        await settle();
        assert.ok(questions.open.length <= 6 * round + 4 + at);
        questions.open[6 * round + at]?.answer();
      }
      await settle();
      assert.equal(questions.settled.length, 6 * (round + 1));
    }
  });
});
