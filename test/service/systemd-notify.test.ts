/** What systemd hears of the service, over a real socket, and when it does not. */
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import type { SendDatagram } from '../../daemon/service/log-record.js';
import { createNotifier } from '../../daemon/service/systemd-notify.js';
import { Receiver, sendByPython, temporaryFolder } from './log-sockets.js';

const read = async (systemd: Receiver): Promise<string> => (await systemd.next()).toString();

test('start, reload, status and end, in the words of sd_notify(3)', async (t) => {
  const systemd = await Receiver.open(t, `${temporaryFolder(t)}/notify`);
  const notifier = createNotifier({ send: sendByPython, environment: { NOTIFY_SOCKET: systemd.path } });
  assert.equal(notifier.active, true);
  notifier.ready('qualified');
  notifier.status('failed');
  const before = process.hrtime.bigint() / 1000n;
  notifier.reloading();
  const after = process.hrtime.bigint() / 1000n;
  notifier.stopping();
  assert.equal(await read(systemd), 'READY=1\nSTATUS=qualified');
  assert.equal(await read(systemd), 'STATUS=failed');
  const time = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=.+$/.exec(await read(systemd))?.[1];
  assert.ok(time !== undefined && BigInt(time) >= before && BigInt(time) <= after);
  assert.equal(await read(systemd), 'STOPPING=1\nSTATUS=Ending');
});

test('an abstract address', async (t) => {
  const systemd = await Receiver.open(t, `@miredo-test-${process.pid}`);
  createNotifier({ send: sendByPython, environment: { NOTIFY_SOCKET: systemd.path } }).ready('up');
  assert.equal(await read(systemd), 'READY=1\nSTATUS=up');
});

test('no text can say anything but the status', async (t) => {
  const systemd = await Receiver.open(t, `${temporaryFolder(t)}/notify`);
  const notifier = createNotifier({ send: sendByPython, environment: { NOTIFY_SOCKET: systemd.path } });
  notifier.status('a\nMAINPID=1\nSTOPPING=1');
  assert.equal(await read(systemd), 'STATUS=a\\nMAINPID=1\\nSTOPPING=1');
});

/** What would go to systemd, without it. */
function record(environment: NodeJS.ProcessEnv) {
  const sent: string[] = [];
  const state = { errno: '' };
  const send: SendDatagram = (_path, bytes) => {
    if (state.errno !== '') return { ok: false, errno: state.errno, sentence: '' };
    sent.push(Buffer.from(bytes).toString());
    return { ok: true };
  };
  return { sent, state, notifier: createNotifier({ send, environment }) };
}

test('without systemd, or with an address that is none, nothing is sent', () => {
  for (const path of [undefined, '', '@', 'relative', 'vsock:2:1234']) {
    const environment = { ...(path === undefined ? {} : { NOTIFY_SOCKET: path }), WATCHDOG_USEC: '2000' };
    const { sent, notifier } = record(environment);
    notifier.ready('up');
    notifier.reloading();
    notifier.stopping();
    notifier.watchdog(async () => true)();
    assert.deepEqual([notifier.active, sent], [false, []]);
  }
});

test('children do not inherit the variables', () => {
  const environment = { NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '1', WATCHDOG_PID: '1', PATH: '/bin' };
  record(environment);
  assert.deepEqual(environment, { PATH: '/bin' });
});

test('what did not go out follows, in order', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const { sent, state, notifier } = record({ NOTIFY_SOCKET: '/n' });
  state.errno = 'EAGAIN';
  notifier.ready('up');
  notifier.status('on');
  assert.deepEqual(sent, []);
  state.errno = '';
  mock.timers.tick(200);
  assert.deepEqual(sent, ['READY=1\nSTATUS=up', 'STATUS=on']);
});

/** Lets what promises have brought about happen; no time passes. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function startWatched(t: TestContext, environment: NodeJS.ProcessEnv = {}) {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  return record({ NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '20000000', ...environment });
}

test('a healthy service reports twice as often as it has to', async (t) => {
  const { sent, notifier } = startWatched(t, { WATCHDOG_PID: String(process.pid) });
  const stop = notifier.watchdog(async () => true);
  await settle();
  for (const expected of [1, 1, 2, 3]) {
    assert.equal(sent.length, expected);
    mock.timers.tick(expected === 1 && sent.length === 1 ? 5_000 : 10_000);
    await settle();
  }
  stop();
  mock.timers.tick(60_000);
  await settle();
  assert.ok(sent.every((text) => text === 'WATCHDOG=1'));
  assert.equal(sent.length, 4);
});

test('one that says no, throws, or does not answer does not report', async (t) => {
  const answers = [
    async () => false,
    async () => {
      throw new Error('broken');
    },
    () => new Promise<boolean>(() => {}),
  ];
  const { sent, notifier } = startWatched(t);
  for (const health of answers) {
    const stop = notifier.watchdog(health);
    mock.timers.tick(100_000);
    await settle();
    stop();
  }
  assert.deepEqual(sent, []);
});

test('an answer that comes too late does not count, and the next question is asked after it', async (t) => {
  const { sent, notifier } = startWatched(t);
  const waiting: ((healthy: boolean) => void)[] = [];
  t.after(notifier.watchdog(() => new Promise((resolve) => waiting.push(resolve))));
  mock.timers.tick(30_000);
  assert.equal(waiting.length, 1);
  waiting[0]?.(true);
  await settle();
  assert.deepEqual(sent, []);
  mock.timers.tick(10_000);
  waiting[1]?.(true);
  await settle();
  assert.deepEqual(sent, ['WATCHDOG=1']);
});

test('who is not watched does not report', async (t) => {
  for (const environment of [{ WATCHDOG_PID: '1' }, { WATCHDOG_USEC: '0' }, { WATCHDOG_USEC: 'x' }]) {
    await t.test(JSON.stringify(environment), async (t) => {
      const { sent, notifier } = startWatched(t, environment);
      notifier.watchdog(async () => true);
      mock.timers.tick(100_000);
      await settle();
      assert.deepEqual(sent, []);
    });
  }
});
