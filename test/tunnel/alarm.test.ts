/** One timer for one deadline, under a clock and timers that the test moves. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Instant, NEVER } from '../../daemon/protocol/time.js';
import { Alarm } from '../../daemon/tunnel/alarm.js';

const at = (milliseconds: number): Instant => milliseconds as Instant;

/** The clock goes with the timers; it may lie ahead of them by a fraction, as real ones do. */
class Bench {
  readonly rung: number[] = [];
  readonly alarm: Alarm;
  /** Timers that were started. */
  armed = 0;
  /** What the owner asks for when it rings. */
  next: Instant = NEVER;
  readonly #context: TestContext;
  #now = 0;

  constructor(context: TestContext) {
    this.#context = context;
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const start = globalThis.setTimeout;
    context.mock.method(globalThis, 'setTimeout', (action: () => void, delay: number) => {
      this.armed++;
      return start(action, delay);
    });
    this.alarm = new Alarm(
      () => at(this.#now),
      (now) => {
        this.rung.push(now);
        this.alarm.set(this.next);
      },
    );
  }

  /** One millisecond after the other: node:test runs all timers of a tick at its end. */
  pass(milliseconds: number): void {
    for (let i = 0; i < milliseconds; i++) {
      this.#now++;
      this.#context.mock.timers.tick(1);
    }
  }

  /** A jump of any length. */
  leap(milliseconds: number): void {
    this.#now += milliseconds;
    this.#context.mock.timers.tick(milliseconds);
  }

  /** The clock alone goes on: the event loop was busy. */
  delay(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

test('rings once, at the deadline', (t) => {
  const bench = new Bench(t);
  bench.alarm.set(at(10));
  bench.pass(9);
  assert.deepEqual(bench.rung, []);
  bench.pass(1);
  assert.deepEqual(bench.rung, [10]);
  bench.pass(100);
  assert.deepEqual(bench.rung, [10]);
});

test('a fraction of a millisecond is waited for, not rung before', (t) => {
  const bench = new Bench(t);
  bench.alarm.set(at(9.25));
  bench.pass(20);
  assert.deepEqual(bench.rung, [10]);
  assert.equal(bench.armed, 1);
});

test('an earlier deadline counts, with a timer of its own', (t) => {
  const bench = new Bench(t);
  bench.alarm.set(at(100));
  bench.pass(5);
  bench.alarm.set(at(10));
  bench.pass(200);
  assert.deepEqual(bench.rung, [10]);
});

test('a deadline that moves away with each packet costs no timer', (t) => {
  const bench = new Bench(t);
  for (let packet = 0; packet < 99; packet++) {
    bench.alarm.set(at(packet + 100));
    bench.pass(1);
  }
  assert.equal(bench.armed, 1);
  // The timer of the first packet fires at 100, sees that it is too early, and waits for the rest.
  bench.pass(98);
  assert.deepEqual(bench.rung, []);
  assert.equal(bench.armed, 2);
  bench.pass(1);
  assert.deepEqual(bench.rung, [198]);
});

test('the same deadline again is no change', (t) => {
  const bench = new Bench(t);
  for (let i = 0; i < 10; i++) bench.alarm.set(at(10));
  assert.equal(bench.armed, 1);
});

test('NEVER takes the deadline back', (t) => {
  const bench = new Bench(t);
  bench.alarm.set(at(10));
  bench.alarm.set(NEVER);
  bench.pass(100);
  assert.deepEqual(bench.rung, []);
  assert.equal(bench.armed, 1);
  bench.alarm.set(at(150));
  bench.pass(50);
  assert.deepEqual(bench.rung, [150]);
});

test('NEVER taken back before the old timer fired', (t) => {
  const bench = new Bench(t);
  bench.alarm.set(at(10));
  bench.alarm.set(NEVER);
  bench.alarm.set(at(20));
  bench.pass(30);
  assert.deepEqual(bench.rung, [20]);
});

test('a deadline that has passed rings in the next turn, never from within set', (t) => {
  const bench = new Bench(t);
  bench.delay(50);
  bench.alarm.set(at(10));
  assert.deepEqual(bench.rung, []);
  bench.leap(0);
  bench.pass(1);
  assert.equal(bench.rung.length, 1);
});

test('what is set while it rings holds', (t) => {
  const bench = new Bench(t);
  bench.next = at(30);
  bench.alarm.set(at(10));
  bench.pass(29);
  assert.deepEqual(bench.rung, [10]);
  bench.next = NEVER;
  bench.pass(100);
  assert.deepEqual(bench.rung, [10, 30]);
});

test('cancelled, it does not ring; it can be set again', (t) => {
  const bench = new Bench(t);
  bench.alarm.set(at(10));
  bench.alarm.cancel();
  bench.pass(50);
  assert.deepEqual(bench.rung, []);
  bench.alarm.set(at(60));
  bench.pass(10);
  assert.deepEqual(bench.rung, [60]);
});

test('longer than a timer of Node can wait', (t) => {
  const bench = new Bench(t);
  const month = 30 * 24 * 3600 * 1000;
  bench.alarm.set(at(month));
  bench.leap(month - 1);
  assert.deepEqual(bench.rung, []);
  bench.leap(1);
  assert.deepEqual(bench.rung, [month]);
});
