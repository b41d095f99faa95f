/** The supervisor against probes that are not what they should be. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Probed, type ProbeFailure, runProbe } from '../../../daemon/service/probe/probe-process.js';
import { measure } from '../../../daemon/service/probe/server-probe.js';
import { TEREDO_PREFIX } from '../../../daemon/wire/teredo-address.js';
import { waitFor } from '../../lab/kernel-view.js';
import { v4 } from '../../protocol/rig.js';

const HOSTILE = fileURLToPath(new URL('./hostile-probe.js', import.meta.url));
const USER = { root: '/', uid: 0, gid: 0, keepUser: true, parent: process.pid };
const TARGETS = [
  { primary: v4('203.0.113.120'), secondary: v4('203.0.113.121') },
  { primary: v4('203.0.113.130'), secondary: v4('203.0.113.131') },
];

interface Trial {
  readonly result: Probed | ProbeFailure;
  readonly log: readonly string[];
  /** Targets that were told of. */
  readonly heard: readonly number[];
}

async function attempt(
  scenario: string,
  options: { cone?: boolean; signal?: AbortSignal; timeout?: number } = {},
): Promise<Trial> {
  const log: string[] = [];
  const heard: number[] = [];
  const result = await runProbe({
    role: { name: 'probe', prefix: TEREDO_PREFIX, targets: TARGETS, cone: options.cone ?? true },
    confinement: USER,
    directedBroadcasts: [],
    bindAddress: v4('127.0.0.1'),
    log: (level, message) => log.push(`${level}: ${message}`),
    program: [HOSTILE, scenario],
    signal: options.signal,
    timeout: options.timeout,
    heard: (target) => heard.push(target),
  });
  return { result, log, heard };
}

const sockets = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;

/** Probes of ours that live. */
const children = (): string[] =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter(
      (pid) => pid !== '' && existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`).includes(HOSTILE),
    );

test('an honest probe is believed', async () => {
  const { result, log, heard } = await attempt('honest');
  assert.ok(result.ok);
  assert.deepEqual([...result.cone], [[0, 'secondary']]);
  assert.ok(result.localPort > 0);
  assert.deepEqual([log, heard], [[], [0, 1]]);
});

/** Scenario, what is said of it, and what it could say before. */
const ATTACKS: readonly (readonly [scenario: string, fault: RegExp, heard?: readonly number[]])[] = [
  ['unknown-type', /no known form/],
  ['state', /no known form/],
  ['not-json', /not JSON/],
  ['array', /no known form/],
  ['null', /no known form/],
  ['deep-nesting', /not JSON/],
  ['endless-line', /more than \d+ bytes/],
  ['oversize', /more than \d+ bytes|no known form/],
  ['before-ready', /speaks before it is ready/],
  ['done-before-ready', /speaks before it is ready/],
  ['ready-twice', /says twice that it is ready/],
  ['flood-of-ready', /says twice that it is ready/],
  ['flood-of-probed', /a server that it was not asked about/, [0]],
  ['flood-of-malformed', /no known form/],
  ['many-lacking', /no known form/],
  ['early-done', /is done before its time/, [0]],
  ['unknown-target', /a server that it was not asked about/],
  ['target-64', /no known form/],
  ['half-target', /no known form/],
  ['target-text', /no known form/],
  ['told-twice', /a server that it was not asked about/, [0]],
  ['cone-twice', /a NAT that it was not asked about/],
  ['cone-word', /no known form/],
  ['cone-unknown-target', /a NAT that it was not asked about/],
  ['private-mapping', /no known form/],
  ['port-0', /no known form/],
  ['port-65536', /no known form/],
  ['negative-time', /no known form/],
  ['endless-time', /no known form/],
  ['long-time', /no known form/],
  ['name-of-a-server', /no known form/],
  ['prototype', /no known form/],
  ['lies-then-breaks', /says twice that it is ready/, [0, 1]],
];

for (const [scenario, fault, before = []] of ATTACKS) {
  test(`a probe that tries "${scenario}" is ended, is logged once, and is not believed`, async () => {
    const { result, log, heard } = await attempt(scenario);
    assert.ok(!result.ok);
    assert.match(result.sentence, fault);
    assert.deepEqual([result.code, result.isDistrusted], ['internal', true]);
    assert.equal(log.length, 1, log.join('\n'));
    assert.match(log[0] ?? '', /^error: The probe of servers .*; it is ended\.$/);
    assert.deepEqual(heard, before);
  });
}

test('a NAT that was not asked about is not told of', async () => {
  const { result } = await attempt('honest', { cone: false });
  assert.ok(!result.ok && result.isDistrusted);
});

test('what was said before it broke the rules does not count in the end', async () => {
  const name = (text: string) => ({ text, address: v4(text) });
  const targets = ['127.0.0.1', '203.0.113.120', '203.0.113.130'].map((text) => ({
    name: text,
    primary: name(text),
    secondary: undefined,
  }));
  const progress: boolean[] = [];
  const { results, sightings, localPort } = await measure(
    targets,
    {
      user: USER,
      log: () => {},
      bindAddress: v4('127.0.0.1'),
      program: [HOSTILE, 'lies-then-breaks'],
      heard: ({ reachable }) => progress.push(reachable),
    },
    true,
  );
  assert.deepEqual(
    results.map(({ reachable, secondary, roundTrip }) => [reachable, secondary, roundTrip]),
    targets.map(() => [false, false, undefined]),
  );
  assert.ok(
    sightings.every(({ mapped, mappedBySecondary, cone }) =>
      [mapped, mappedBySecondary, cone].every((fact) => fact === undefined),
    ),
  );
  assert.equal(localPort, undefined);
});

test('a probe that says it is broken over and over is heard once, and its words cannot move a cursor', async () => {
  const { result, log } = await attempt('broken');
  assert.deepEqual(result, { ok: false, code: 'internal', sentence: 'I am ?[2Jill', isDistrusted: false });
  assert.deepEqual(log, []);
});

test('a probe that quits half way has failed', async () => {
  const { result } = await attempt('quits-half-way');
  assert.ok(!result.ok);
  assert.match(result.sentence, /ended/);
});

for (const scenario of ['hangs', 'silent']) {
  test(`a probe that does not come to an end (${scenario}) is ended`, async () => {
    const { result, log } = await attempt(scenario, { timeout: 500 });
    assert.ok(!result.ok);
    assert.match(result.sentence, /does not come to an end/);
    assert.deepEqual(log, []);
  });
}

test('a probe that is given up is ended at once, also before it was started', async () => {
  const controller = new AbortController();
  const trial = attempt('hangs', { signal: controller.signal });
  controller.abort();
  const { result } = await trial;
  assert.ok(!result.ok && result.code === 'aborted');
  const again = await attempt('hangs', { signal: controller.signal });
  assert.ok(!again.result.ok && again.result.code === 'aborted');
});

test('what a probe writes to its standard error reaches the log without control characters, and not without end', async () => {
  const { log } = await attempt('complaints');
  const text = log.join('\n');
  assert.ok(text.length < 8192, String(text.length));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f]/);
});

test('nothing of it is left: no process, no socket', async () => {
  const before = sockets();
  for (const scenario of ['honest', 'told-twice', 'quits-half-way']) await attempt(scenario);
  await waitFor('the end of all probes', () => children().length === 0 || undefined, { timeout: 5000 });
  assert.ok(sockets() <= before, `${sockets()} sockets, ${before} before`);
});
