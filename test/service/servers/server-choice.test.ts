/** The automatic choice of a server, in virtual time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../../daemon/protocol/time.js';
import type { ReasonCode } from '../../../daemon/protocol/tunnel-state.js';
import {
  ASKED_DELAY,
  GRACE,
  ROUND_DELAY,
  ROUND_LIMIT,
  ServerChoice,
} from '../../../daemon/service/servers/server-choice.js';
import { targetNamed, World } from './world.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the first choice', () => {
  test('the fastest that answers; the silent ones are not waited for', () => {
    const world = new World({ dead: undefined, slow: 300, fast: 20, middle: 100 });
    world.start();
    world.run(GRACE + 100);
    assert.equal(world.state, 'qualified');
    assert.equal(world.used, 'fast');
    assert.deepEqual(world.rounds, [0]);
    assert.deepEqual(world.because, [undefined]);
  });

  test('one whose second address is silent is none', () => {
    const world = new World({ half: 1, whole: 200 });
    world.health('half').secondary = false;
    world.start();
    world.run(10_000);
    assert.equal(world.used, 'whole');
  });

  test('the only one is not probed', () => {
    const world = new World({ only: 20 });
    world.start();
    assert.equal(world.used, 'only');
    world.health('only').roundTrip = undefined;
    world.run(HOUR);
    assert.deepEqual(world.rounds, []);
  });

  test('however often it is asked for, rounds are apart', () => {
    const world = new World({ a: 10, b: 20 });
    world.start();
    for (let n = 0; n < 100; n += 1) {
      world.run(100);
      world.act(world.choice.reset());
      world.start();
    }
    world.run(10_000);
    assert.equal(world.state, 'qualified');
    const gaps = world.rounds.slice(1).map((at, index) => at - (world.rounds[index] ?? 0));
    assert.ok(gaps.length > 3 && gaps.every((gap) => gap >= ASKED_DELAY), String(gaps));
  });

  test('a round that does not end is ended', () => {
    const choice = new ServerChoice();
    choice.replaceTargets(['a', 'b'].map(targetNamed));
    assert.equal(choice.begin(0 as Instant)?.type, 'probe');
    assert.equal(choice.wake((ROUND_LIMIT - 1) as Instant), undefined);
    const decision = choice.wake(ROUND_LIMIT as Instant);
    assert.equal(decision?.type === 'use' && decision.target.name, 'a');
  });

  test('with none there is nothing to do', () => {
    const world = new World({});
    assert.equal(world.choice.begin(0 as Instant), undefined);
    assert.equal(world.choice.deadline, Number.POSITIVE_INFINITY);
  });

  test('when none answers the first one tries on, and whoever comes up is found', () => {
    const world = new World({ a: undefined, b: undefined, c: undefined });
    world.start();
    world.run(10 * MINUTE);
    assert.equal(world.used, 'a');
    assert.equal(world.state, 'failed');
    world.health('c').roundTrip = 30;
    world.run(30 * MINUTE);
    assert.equal(world.used, 'c');
    assert.equal(world.state, 'qualified');
  });
});

describe('fail-over', () => {
  function qualified(): World {
    const world = new World({ a: 10, b: 50, c: 90 });
    world.start();
    world.run(5 * MINUTE);
    assert.equal(world.used, 'a');
    return world;
  }

  test('a server that dies is replaced by the next best, for a reason that is said', () => {
    const world = qualified();
    world.health('a').roundTrip = undefined;
    world.run(MINUTE);
    assert.equal(world.used, 'b');
    assert.equal(world.state, 'qualified');
    assert.deepEqual(world.because, [undefined, 'server-lost']);
    assert.equal(world.rounds.length, 2);
  });

  test('it does not go back by itself when the old one is there again', () => {
    const world = qualified();
    world.health('a').roundTrip = undefined;
    world.run(MINUTE);
    world.health('a').roundTrip = 10;
    world.run(5 * HOUR);
    assert.equal(world.used, 'b');
    assert.equal(world.rounds.length, 2, 'no probes while all is well');
  });

  test('loss of the network changes nothing, however long', () => {
    const world = qualified();
    world.isConnected = false;
    world.run(3 * HOUR);
    assert.equal(world.used, 'a');
    assert.ok(world.rounds.length < 3 * 4 + 8, `${world.rounds.length} rounds`);
    world.isConnected = true;
    world.run(20 * MINUTE);
    assert.equal(world.used, 'a');
    assert.equal(world.state, 'qualified');
  });

  for (const code of ['no-network', 'symmetric-nat', 'native-ipv6', 'internal', 'user'] satisfies ReasonCode[]) {
    test(`${code} is not the server's fault`, () => {
      const world = qualified();
      world.say(code === 'no-network' ? 'waiting' : 'failed', code);
      world.run(10_000);
      assert.equal(world.rounds.length, 1);
      assert.equal(world.used, 'a');
    });
  }

  test('a name that cannot be resolved is', () => {
    const world = qualified();
    world.health('a').roundTrip = undefined;
    world.say('waiting', 'dns-failed');
    world.run(10_000);
    assert.equal(world.used, 'b');
    assert.deepEqual(world.because, [undefined, 'dns-failed']);
  });

  test('one that answers probes gets another try, and is left when it fails again', () => {
    const world = qualified();
    world.health('a').fails = 'authentication-failed';
    world.say('failed', 'server-lost');
    world.run(20_000);
    assert.equal(world.used, 'a', 'it answers');
    world.run(10 * MINUTE);
    assert.equal(world.used, 'b');
    assert.deepEqual(world.because, [undefined, 'authentication-failed']);
  });

  test('two that only half work are not flapped between', () => {
    const world = new World({ a: 10, b: 20 });
    for (const name of ['a', 'b']) world.health(name).fails = 'server-silent';
    world.start();
    world.run(10 * HOUR);
    assert.ok(world.because.length < 60, `${world.because.length} changes in ten hours`);
    assert.ok(world.because.length > 2);
  });

  test('a server that is gone from the list is given up', () => {
    const world = qualified();
    world.choice.replaceTargets(['b', 'c'].map(targetNamed));
    assert.equal(world.choice.current, undefined);
    world.start();
    world.run(10_000);
    assert.equal(world.used, 'b');
  });

  test('stopped in the middle of a round, nothing comes after', () => {
    const world = new World({ a: 10, b: 50 });
    world.start();
    world.act(world.choice.reset());
    world.run(HOUR);
    assert.equal(world.used, undefined);
    assert.equal(world.rounds.length, 1);
  });
});

test('whatever dies and comes back: rounds are far apart, and who lives is used in the end', () => {
  const names = ['a', 'b', 'c'] as const;
  const event = fc.record({
    after: fc.integer({ min: 0, max: 20 * MINUTE }),
    name: fc.constantFrom(...names, 'network' as const),
    lives: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), fc.constantFrom(...names), (events, survivor) => {
      const world = new World({ a: 10, b: 20, c: 30 });
      world.start();
      for (const { after, name, lives } of events) {
        world.run(after);
        if (name === 'network') world.isConnected = lives;
        else world.health(name).roundTrip = lives ? 10 : undefined;
      }
      world.isConnected = true;
      for (const name of names) world.health(name).roundTrip = name === survivor ? 10 : undefined;
      world.run(HOUR);
      assert.equal(world.state, 'qualified');
      assert.equal(world.used, survivor);
      for (const [index, at] of world.rounds.entries()) {
        const previous = world.rounds[index - 1];
        if (previous !== undefined) assert.ok(at - previous >= ROUND_DELAY, `${at - previous} ms between rounds`);
      }
    }),
    { numRuns: 300 },
  );
});
