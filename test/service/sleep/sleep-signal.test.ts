/** Whose signals count, and what the clocks tell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SleepClock } from '../../../daemon/service/sleep/sleep-clock.js';
import { LOGIND, readSleepSignal } from '../../../daemon/service/sleep/sleep-signal.js';
import { type Incoming, SIGNAL } from '../../../dbus/message.js';

const OWNER = ':1.7';
const BUS = 'org.freedesktop.DBus';

function signal(changes: Partial<Incoming>, ...values: unknown[]): Incoming {
  const { path, interface: name } = LOGIND;
  const prepare = { sender: OWNER, path, interface: name, member: 'PrepareForSleep', signature: 'b' };
  return { type: SIGNAL, flags: 0, serial: 1, ...prepare, ...changes, values: () => [...values] };
}

const ownerChanged = (sender: string, ...names: string[]): Incoming =>
  signal({ sender, interface: BUS, member: 'NameOwnerChanged', signature: 'sss' }, ...names);

test('logind says that the machine sleeps, and that it is awake', () => {
  for (const isAsleep of [true, false]) {
    assert.deepEqual(readSleepSignal(signal({}, isAsleep), OWNER), { type: 'prepare', isAsleep });
  }
});

for (const [what, message, owner] of [
  ["somebody else's", signal({ sender: ':1.8' }, true), OWNER],
  ['by the name, which no sender has', signal({ sender: LOGIND.destination }, true), OWNER],
  ['of nobody while there is no logind', signal({}, true), undefined],
  ['of another path', signal({ path: '/org/freedesktop/login1/x' }, true), OWNER],
  ['of another interface', signal({ interface: 'org.example' }, true), OWNER],
  ['of another name', signal({ member: 'PrepareForShutdown' }, true), OWNER],
  ['with another signature', signal({ signature: 's' }, 'true'), OWNER],
  ['that cannot be read', { ...signal({}), values: () => undefined }, OWNER],
  ['that logind has gone, and not by the bus', ownerChanged(OWNER, LOGIND.destination, OWNER, ''), OWNER],
  ['that another name has gone', ownerChanged(BUS, 'org.example', ':1.9', ''), OWNER],
] as const) {
  test(`a signal ${what} is none`, () => assert.equal(readSleepSignal(message, owner), undefined));
}

test('who logind is, the bus says', () => {
  const { destination } = LOGIND;
  const signals = [ownerChanged(BUS, destination, OWNER, ''), ownerChanged(BUS, destination, '', ':1.9')];
  assert.deepEqual(
    signals.map((message) => readSleepSignal(message, OWNER)),
    [
      { type: 'owner', owner: undefined },
      { type: 'owner', owner: ':1.9' },
    ],
  );
});

test('a step between the clocks is a sleep, once; the roughness of one of them is none', () => {
  let slept = -900;
  const clock = new SleepClock(() => slept);
  const seen = [-900, 1000, 2000, 61_000, 61_999, 60_100, 64_000].map((now) => {
    slept = now;
    return clock.hasSlept();
  });
  assert.deepEqual(seen, [false, false, false, true, false, false, true]);
  slept = 100_000;
  clock.forget();
  assert.equal(clock.hasSlept(), false, 'what is known is no news');
});
