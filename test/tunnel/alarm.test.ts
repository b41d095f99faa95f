import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Instant, NEVER } from '../../daemon/protocol/time.js';
import { Alarm } from '../../daemon/tunnel/alarm.js';

/** An alarm on mocked timers, that says when it rang. */
function rig(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const clock = (): Instant => Date.now() as Instant;
  const fired: number[] = [];
  const state = { next: NEVER };
  const timer: Alarm = new Alarm(clock, (now) => {
    fired.push(now);
    timer.set(state.next);
  });
  const at = (time: number): Instant => time as Instant;
  /** In steps: the mock sets its date to the end of a step before it fires what lies in it. */
  const tick = (ms: number): void => {
    for (let i = 0; i < ms; i++) context.mock.timers.tick(1);
  };
  return { timer, fired, state, at, tick };
}

test('it fires at the deadline, once', (context) => {
  const { timer, fired, at, tick } = rig(context);
  timer.set(at(100));
  tick(99);
  assert.deepEqual(fired, []);
  tick(1000);
  assert.deepEqual(fired, [100]);
});

test('an earlier deadline replaces a later one', (context) => {
  const { timer, fired, at, tick } = rig(context);
  timer.set(at(100));
  timer.set(at(50));
  tick(200);
  assert.deepEqual(fired, [50]);
});

test('a later deadline takes its place', (context) => {
  const { timer, fired, at, tick } = rig(context);
  timer.set(at(100));
  timer.set(at(300));
  tick(1000);
  assert.deepEqual(fired, [300]);
});

test('a deadline that was put off leaves the timer of the host alone', (context) => {
  const { timer, at } = rig(context);
  const armed = context.mock.method(globalThis, 'setTimeout');
  for (let deadline = 100; deadline < 200; deadline++) timer.set(at(deadline));
  assert.equal(armed.mock.callCount(), 1);
});

test('what rings may set the next deadline', (context) => {
  const { timer, fired, state, at, tick } = rig(context);
  timer.set(at(100));
  state.next = at(300);
  tick(200);
  state.next = NEVER;
  tick(1000);
  assert.deepEqual(fired, [100, 300]);
});

test('a deadline that has passed fires at once', (context) => {
  const { timer, fired, at, tick } = rig(context);
  tick(500);
  timer.set(at(100));
  tick(1);
  assert.equal(fired.length, 1);
});

test('never is never, and what is cancelled is silent', (context) => {
  const { timer, fired, at, tick } = rig(context);
  timer.set(NEVER);
  tick(1000);
  timer.set(at(2000));
  timer.cancel();
  tick(3000);
  timer.set(at(5000));
  timer.set(NEVER);
  tick(5000);
  assert.deepEqual(fired, []);
});
