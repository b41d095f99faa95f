/** A message that comes again and again. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { LogRecord } from '../../daemon/service/log-record.js';
import { RepeatFilter } from '../../daemon/service/log-repeats.js';

const WINDOW = 30_000;

function start(t: { after(f: () => void): void }) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  t.after(() => mock.timers.reset());
  const passed: string[] = [];
  const filter = new RepeatFilter(({ level, message }) => passed.push(`${level} ${message}`), WINDOW);
  const say = (message: string, level: LogRecord['level'] = 'info'): void => {
    filter.take({ level, message, fields: {}, time: Date.now() });
  };
  return { filter, passed, say };
}

test('is said once, and then how often it came, before the next one', (t) => {
  const { passed, say } = start(t);
  for (const message of ['a', 'a', 'a', 'b', 'b', 'c']) say(message);
  assert.deepEqual(passed, [
    'info a',
    'info last message repeated 2 times',
    'info b',
    'info last message repeated 1 time',
    'info c',
  ]);
});

test('is counted within the window only, and said again after it', (t) => {
  const { passed, say } = start(t);
  say('a');
  mock.timers.tick(WINDOW - 1);
  say('a');
  assert.deepEqual(passed, ['info a']);
  mock.timers.tick(1);
  assert.deepEqual(passed, ['info a', 'info last message repeated 1 time']);
  say('a');
  assert.equal(passed.at(-1), 'info a');
  mock.timers.tick(WINDOW);
  say('a');
  assert.equal(passed.filter((line) => line === 'info a').length, 3);
});

test('a flood of one message is two lines in a window', (t) => {
  const { passed, say } = start(t);
  for (let n = 0; n < 60_000; n++) {
    say('a');
    mock.timers.tick(1);
  }
  assert.equal(passed.length, 4);
});

test('the same words at another level are another message', (t) => {
  const { passed, say } = start(t);
  say('a');
  say('a', 'error');
  assert.deepEqual(passed, ['info a', 'error a']);
});

test('a clock that is set back does not make the window longer', (t) => {
  const { filter, passed } = start(t);
  filter.take({ level: 'info', message: 'a', fields: {}, time: 5000 });
  filter.take({ level: 'info', message: 'a', fields: {}, time: 0 });
  assert.deepEqual(passed, ['info a', 'info a']);
});

test('what was counted is said at the end', (t) => {
  const { filter, passed, say } = start(t);
  say('a');
  say('a');
  filter.flush();
  filter.flush();
  assert.deepEqual(passed, ['info a', 'info last message repeated 1 time']);
});
