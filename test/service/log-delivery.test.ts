/** Which destination gets a record, and what becomes of those that none takes. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { LogDelivery } from '../../daemon/service/log-delivery.js';
import type { Destination, LogRecord, Outcome } from '../../daemon/service/log-record.js';

class Place implements Destination {
  outcome: Outcome = 'done';
  readonly taken: string[] = [];

  write(record: LogRecord): Outcome {
    if (this.outcome === 'done') this.taken.push(record.message);
    return this.outcome;
  }
}

function start(t: { after(f: () => void): void }) {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const first = new Place();
  const second = new Place();
  const delivery = new LogDelivery([first, second]);
  const say = (message: string): void => delivery.deliver({ level: 'info', message, fields: {}, time: 0 });
  return { first, second, delivery, say };
}

test('the first destination gets everything, the second nothing', (t) => {
  const { first, second, say } = start(t);
  say('a');
  say('b');
  assert.deepEqual([first.taken, second.taken], [['a', 'b'], []]);
});

test('one that fails is passed over, and asked again the next time', (t) => {
  const { first, second, say } = start(t);
  first.outcome = 'failed';
  say('a');
  first.outcome = 'done';
  say('b');
  assert.deepEqual([first.taken, second.taken], [['b'], ['a']]);
});

test('one that is busy is waited for, in order', (t) => {
  const { first, second, say } = start(t);
  first.outcome = 'busy';
  say('a');
  say('b');
  mock.timers.tick(1000);
  assert.deepEqual([first.taken, second.taken], [[], []]);
  first.outcome = 'done';
  mock.timers.tick(1000);
  assert.deepEqual([first.taken, second.taken], [['a', 'b'], []]);
});

test('one that stays busy is given up for the next when too much waits, and at the end', (t) => {
  const { first, second, delivery, say } = start(t);
  first.outcome = 'busy';
  for (let n = 0; n < 513; n++) say(String(n));
  assert.equal(second.taken.length, 513);
  say('last');
  assert.equal(second.taken.length, 513);
  delivery.finish();
  assert.deepEqual([first.taken, second.taken.at(-1)], [[], 'last']);
});

test('one that is busy is waited for at the end too, for a moment', (t) => {
  const { first, second, delivery, say } = start(t);
  first.outcome = 'busy';
  say('a');
  let attempts = 0;
  t.mock.method(first, 'write', (record: LogRecord) => {
    attempts += 1;
    if (attempts < 4) return 'busy';
    first.taken.push(record.message);
    return 'done';
  });
  delivery.finish();
  assert.deepEqual([first.taken, second.taken], [['a'], []]);
});

test('when nobody takes anything, the newest are kept, and the log says how many were not', (t) => {
  const { first, second, say } = start(t);
  first.outcome = second.outcome = 'failed';
  for (let n = 0; n < 612; n++) say(String(n));
  second.outcome = 'done';
  mock.timers.tick(1000);
  assert.equal(second.taken[0], '100 messages were lost here: nobody took them');
  assert.deepEqual([second.taken[1], second.taken.at(-1), second.taken.length], ['100', '611', 513]);
  say('x');
  assert.equal(second.taken.at(-1), 'x');
});
