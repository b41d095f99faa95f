/** However many call, and whatever they want: the tunnel goes on, the daemon does not grow, and others are answered. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { createLab, type Lab, type RunningClient } from '../lab/lab.js';
import { inNamespace } from '../lab/namespaces.js';
import { gather } from './crowd-program.js';
import {
  as,
  enterBusStage,
  property,
  STRANGER,
  startBus,
  startPolkit,
  stopBus,
  stopPolkit,
  waitForName,
} from './private-bus.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 180_000 };
const CALLERS = 200;
const CALLS = 50;

/** Pings until it is told to stop; then the sequence numbers that were sent before the last answer, and have none. */
function startPing(lab: Lab, address: string): { readonly stop: () => Promise<{ sent: number; lost: number[] }> } {
  const [command = '', ...words] = inNamespace(lab.client(0).namespace, ['ping', '-n', '-i', '0.01', address]);
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, LC_ALL: 'C' } });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  return {
    stop: async () => {
      child.kill('SIGINT');
      await ended;
      const answered = new Set(
        [...text.matchAll(/ bytes from .*icmp_seq=(\d+) /g)].map(([, number]) => Number(number)),
      );
      const sent = Math.max(0, ...answered);
      const numbers = Array.from({ length: sent }, (_, index) => index + 1);
      return { sent, lost: numbers.filter((number) => !answered.has(number)) };
    },
  };
}

interface Footprint {
  readonly megabytes: number;
  readonly descriptors: number;
  readonly matchRules: number;
}

async function footprint(pid: number): Promise<Footprint> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const words = ['--system', '--json=short', 'call', 'org.freedesktop.DBus', '/org/freedesktop/DBus'];
  const { stdout, stderr } = await as(
    'root',
    'busctl',
    ...words,
    'org.freedesktop.DBus.Debug.Stats',
    'GetConnectionStats',
    's',
    'org.miredo',
  );
  const [, rules] = /"MatchRules":\{"type":"u","data":(\d+)\}/.exec(stdout) ?? assert.fail(stdout + stderr);
  return {
    megabytes: Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) / 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    matchRules: Number(rules),
  };
}

describe('many callers', OPTIONS, () => {
  let lab: Lab;
  let client: RunningClient;

  before(async () => {
    await startBus();
    await startPolkit();
    lab = await createLab({ nats: ['port-restricted'] });
    await lab.startServer('ours');
    await lab.startRelay('ours');
    client = await lab.startClient(0, 'ours');
    await waitForName('org.miredo');
  });
  after(async () => {
    await lab.dispose();
    await stopPolkit();
    await stopBus();
  });

  test('10,000 calls of 200 at the same time: all are answered, no packet is lost, nothing leaks', async (t) => {
    const [host = ''] = lab.host.ipv6;
    const first = await lab.ping(lab.client(0), host, { count: 1, wait: 20 });
    assert.equal(first.received, 1, lab.logs());
    const { pid } = client.program;
    // The first round is for what is made once.
    await (await gather(t, STRANGER, 'mixed', [CALLERS, CALLS])).leave();
    const before = await footprint(pid);

    const ping = startPing(lab, host);
    const begun = performance.now();
    const crowd = gather(t, STRANGER, 'mixed', [CALLERS, CALLS]);
    const reads: number[] = [];
    let isOver = false;
    void crowd.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const asked = performance.now();
      assert.equal(await property('State'), 's "qualified"');
      reads.push(performance.now() - asked);
    }
    const { answers, leave } = await crowd;
    const took = performance.now() - begun;
    await leave();
    const { sent, lost } = await ping.stop();
    const after = await footprint(pid);

    const tenth = (CALLERS * CALLS) / 10;
    assert.deepEqual(answers, {
      ok: 5 * tenth,
      'org.freedesktop.DBus.Error.UnknownMethod': tenth,
      'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired': tenth,
      'org.freedesktop.DBus.Error.UnknownProperty': tenth,
      'org.freedesktop.DBus.Error.InvalidArgs': tenth,
      'org.freedesktop.DBus.Error.UnknownObject': tenth,
    });
    t.diagnostic(`${CALLERS * CALLS} calls in ${took.toFixed(0)} ms; ${sent} packets meanwhile, ${lost.length} lost`);
    t.diagnostic(
      `another caller was answered in ${Math.max(...reads).toFixed(0)} ms at most (busctl's start included)`,
    );
    t.diagnostic(`${before.megabytes.toFixed(0)} MB before, ${after.megabytes.toFixed(0)} MB after`);
    assert.ok(sent > 20, `${sent} packets`);
    assert.deepEqual(lost, []);
    assert.equal(after.descriptors, before.descriptors);
    assert.equal(after.matchRules, before.matchRules);
    assert.ok(after.megabytes - before.megabytes < 30, `${before.megabytes} MB, then ${after.megabytes} MB`);
    assert.equal(client.program.exit(), undefined);
    assert.equal(client.program.log().match(/qualified: /g)?.length, 1, 'the tunnel did not notice');
  });
});
