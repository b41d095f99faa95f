/** Callers that mean harm: the daemon stays, answers the others, does nothing that it should not, and does not grow. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { type BusConnection, openBus } from '../../dbus/connection.js';
import { encodeMessage, METHOD_CALL, NO_REPLY_EXPECTED } from '../../dbus/message.js';
import { INTERFACE, OBJECT_PATH } from '../../dbus/org-miredo.js';
import type { Running } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { gather } from './crowd-program.js';
import { callWithDescriptors } from './descriptor-caller.js';
import { HostileCaller } from './hostile-caller.js';
import {
  as,
  call,
  enterBusStage,
  FRIEND,
  freezePolkit,
  property,
  provideBus,
  STRANGER,
  thawPolkit,
} from './private-bus.js';
import { startTunnel } from './tunnel.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 120_000 };
const MEBIBYTE = 1024 * 1024;
const OWN = { type: METHOD_CALL, destination: 'org.miredo', path: OBJECT_PATH, interface: INTERFACE } as const;
const BUSY = 'org.miredo.Error.Busy';
/** Of a caller, see daemon/service/bus/call-limits.ts. */
const CALLS_OF_CALLER = 64;

/** Most memory that the process has ever had. */
const peak = (pid: number): number =>
  Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

async function connected(context: TestContext, events: Parameters<typeof openBus>[0] = {}): Promise<BusConnection> {
  const opened = await openBus(events);
  assert.ok(opened.ok, opened.ok ? '' : opened.sentence);
  context.after(() => opened.connection.close());
  return opened.connection;
}

async function isUnharmed(client: Running): Promise<void> {
  assert.equal(await property('State'), 's "qualified"');
  assert.ok(!client.hasEnded);
  assert.deepEqual(
    client.lines.filter((line) => /fault|error|stopped/i.test(line)),
    [],
  );
}

describe('hostile callers', OPTIONS, () => {
  // So much that a message as large as D-Bus allows reaches the daemon, and is not the bus's to refuse.
  provideBus({
    max_message_size: 128 * MEBIBYTE,
    max_incoming_bytes: 256 * MEBIBYTE,
    max_outgoing_bytes: 256 * MEBIBYTE,
  });

  for (const [what, signature, values] of [
    ['of a wrong signature', 'as', [['y'.repeat(64 * MEBIBYTE - 64)]]],
    ['of the right one', 'a{sv}', [{ wait: { signature: 's', value: 'y'.repeat(64 * MEBIBYTE - 64) } }]],
  ] as const) {
    test(`an array of 64 MiB ${what} arrives, and is not even held`, async (t) => {
      const client = await startTunnel(t);
      const before = peak(client.pid);
      const hostile = await HostileCaller.open();
      t.after(() => hostile.leave());
      const answer = hostile.send(2, encodeMessage(2, { ...OWN, member: 'Start', signature }, values));
      await isUnharmed(client);
      assert.equal((await answer)?.errorName, 'org.freedesktop.DBus.Error.InvalidArgs');
      const grown = peak(client.pid) - before;
      t.diagnostic(`the daemon had ${before.toFixed(0)} MB, and at most ${grown.toFixed(0)} MB more`);
      assert.ok(grown < 40, `${grown} MB`);
      await isUnharmed(client);
    });
  }

  test('variants in variants, as many as one likes: an error, or the end of that connection', async (t) => {
    const client = await startTunnel(t);
    for (const depth of [1, 10, 30, 31, 32, 61, 62, 63, 64, 65, 200]) {
      const hostile = await HostileCaller.open();
      t.after(() => hostile.leave());
      let nested: unknown = { signature: 'b', value: true };
      for (let n = 0; n < depth; n += 1) nested = { signature: 'v', value: nested };
      const header = { ...OWN, interface: 'org.freedesktop.DBus.Properties', member: 'Set', signature: 'ssv' };
      const answer = await hostile.ask(2, header, [INTERFACE, 'State', nested]);
      if (answer !== undefined) assert.match(answer.errorName ?? '', /(PropertyReadOnly|InvalidArgs)$/, `${depth}`);
    }
    await isUnharmed(client);
  });

  test('file descriptors do not get in: the bus keeps them out, since the daemon takes none', async (t) => {
    const client = await startTunnel(t);
    const descriptors = (): number => readdirSync(`/proc/${client.pid}/fd`).length;
    const before = descriptors();
    const answers = await callWithDescriptors();
    assert.match(answers, /END-OF-TEST/);
    assert.equal(answers.match(/org\.freedesktop\.DBus\.Error\.NotSupported/g)?.length, 3, answers);
    await isUnharmed(client);
    assert.equal(descriptors(), before);
  });

  test('10,000 match rules: signals come all the same, and the next caller gets his answer', async (t) => {
    const client = await startTunnel(t);
    const crowd = await gather(t, STRANGER, 'rules', [20, 500]);
    assert.deepEqual(crowd.answers, { ok: 10_000 });
    const greedy = await gather(t, STRANGER, 'rules', [1, 10_000]);
    assert.deepEqual(greedy.answers, { ok: 512, 'org.freedesktop.DBus.Error.LimitsExceeded': 9_488 });
    const heard: (string | undefined)[] = [];
    const listener = await connected(t, {
      signalled: ({ path, member }) => path === OBJECT_PATH && heard.push(member),
    });
    await listener.callBus('AddMatch', 's', [`type='signal',sender='org.miredo'`]);
    assert.equal((await call(FRIEND, 'Restart')).code, 0);
    await client.line(/qualified: /, 2);
    await waitFor('the signal', () => heard.includes('QualificationChanged') || undefined, { timeout: 10_000 });
    assert.equal(await property('State'), 's "qualified"');
    await Promise.all([crowd.leave(), greedy.leave()]);
  });

  test('one that listens and does not read holds up nobody', async (t) => {
    const client = await startTunnel(t);
    const deaf = await HostileCaller.open();
    t.after(() => deaf.leave());
    const bus = 'org.freedesktop.DBus';
    const match = { type: METHOD_CALL, destination: bus, path: '/', interface: bus, member: 'AddMatch' };
    await deaf.ask(2, { ...match, signature: 's' }, [`sender='org.miredo'`]);
    deaf.stopReading();
    for (let serial = 3; serial < 1000; serial += 1) {
      const introspect = { ...OWN, interface: `${bus}.Introspectable`, member: 'Introspect' };
      void deaf.send(serial, encodeMessage(serial, introspect));
    }
    for (let round = 2; round < 5; round += 1) {
      assert.equal((await call(FRIEND, 'Restart')).code, 0);
      await client.line(/qualified: /, round);
      assert.equal(await property('State'), 's "qualified"');
    }
  });

  test('calls that want no reply: denied ones do nothing, others are done', async (t) => {
    const client = await startTunnel(t);
    const crowd = await gather(t, STRANGER, 'unanswered', [10, 60]);
    assert.deepEqual(crowd.answers, { ok: 600 });
    await crowd.leave();
    // Those are denied before this one is.
    assert.equal((await call(STRANGER, 'Stop')).code, 1);
    await isUnharmed(client);
    // One that stays until it is done: what is asked by nobody any more is not.
    const root = await connected(t);
    void root.call({ ...OWN, member: 'Stop', flags: NO_REPLY_EXPECTED });
    await client.line(/stopped: /);
  });

  test('thousands that wait for a password keep nobody else from asking polkit', async (t) => {
    const client = await startTunnel(t);
    const [callers, calls] = [20, 100];
    freezePolkit();
    t.after(thawPolkit);
    const before = peak(client.pid);
    const crowd = await gather(t, STRANGER, 'pending', [callers, calls]);
    const friend = call(FRIEND, 'Stop');
    assert.equal(await property('State'), 's "qualified"');
    assert.equal((await call('root', 'Restart')).code, 0);
    await client.line(/qualified: /, 2);
    thawPolkit();
    assert.equal((await friend).code, 0, (await friend).stderr);
    assert.equal(await property('State'), 's "stopped"');
    const refused = callers * (calls - CALLS_OF_CALLER);
    assert.ok((crowd.answers[BUSY] ?? 0) >= refused, JSON.stringify(crowd.answers));
    assert.ok(peak(client.pid) - before < 40, `${before} MB, then ${peak(client.pid)} MB`);
    await crowd.leave();
  });

  test('who leaves while thousands of his questions wait gets nothing done', async (t) => {
    const client = await startTunnel(t);
    freezePolkit();
    t.after(thawPolkit);
    const crowd = await gather(t, FRIEND, 'pending', [20, 60]);
    await crowd.leave();
    thawPolkit();
    // A line of the same user: it is asked after them.
    const interactive = ['--system', 'call', 'org.miredo', OBJECT_PATH, INTERFACE, 'Restart'];
    assert.equal((await as(FRIEND, 'busctl', ...interactive)).code, 0);
    await client.line(/qualified: /, 2);
    await isUnharmed(client);
  });
});
