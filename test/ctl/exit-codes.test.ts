/** How miredoctl ends, for each state and each fault: scripts depend on the numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT, EXIT_SENTENCES, exitCodeOfFault, exitCodeOfState } from '../../daemon/ctl/exit-codes.js';
import { faultOfError } from '../../dbus/fault.js';

test('the numbers are those that were promised', () => {
  assert.deepEqual(EXIT, {
    ok: 0,
    failure: 1,
    usage: 2,
    stopped: 3,
    busy: 4,
    failed: 5,
    noDaemon: 6,
    notAuthorised: 7,
    noAnswer: 8,
    faultFound: 9,
    noSuchServer: 10,
    notPreferred: 11,
  });
  assert.deepEqual(Object.keys(EXIT_SENTENCES), Object.keys(EXIT));
});

for (const [state, code] of [
  ['qualified', 0],
  ['stopped', 3],
  ['waiting', 4],
  ['resolving', 4],
  ['qualifying', 4],
  ['a word of a later version', 4],
  ['failed', 5],
] as const) {
  test(`state ${state}: ${code}`, () => assert.equal(exitCodeOfState(state), code));
}

for (const [name, code] of [
  ['org.freedesktop.DBus.Error.ServiceUnknown', 6],
  ['org.freedesktop.DBus.Error.NameHasNoOwner', 6],
  ['org.freedesktop.DBus.Error.Spawn.ExecFailed', 6],
  ['org.freedesktop.DBus.Error.Disconnected', 6],
  ['org.freedesktop.DBus.Error.NoReply', 6],
  ['org.freedesktop.DBus.Error.AccessDenied', 7],
  ['org.freedesktop.DBus.Error.InteractiveAuthorizationRequired', 7],
  ['org.miredo.Error.NotRunning', 3],
  ['org.miredo.Error.NoSuchServer', 10],
  ['org.miredo.Error.InvalidServer', 1],
  ['org.miredo.Error.Busy', 1],
  ['org.miredo.Error.Failed', 1],
  ['org.freedesktop.DBus.Error.InvalidArgs', 1],
  ['org.freedesktop.DBus.Error.UnknownMethod', 1],
  ['net.example.Unheard', 1],
] as const) {
  test(`${name}: ${code}`, () => {
    const { fault } = faultOfError(name, 'Why.');
    assert.equal(exitCodeOfFault(fault), code);
    assert.equal(fault.name, name);
  });
}
