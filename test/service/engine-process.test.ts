/** The supervisor against engines that are not what they should be. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TunnelState } from '../../daemon/protocol/tunnel-state.js';
import { EngineProcess } from '../../daemon/service/engine-process.js';
import { formatIpv6 } from '../../daemon/wire/ipv6.js';
import { TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import { v4 } from '../protocol/rig.js';

const HOSTILE = fileURLToPath(new URL('./hostile-engine.js', import.meta.url));
const SERVERS = { primary: v4('203.0.113.120'), secondary: v4('203.0.113.121') };
const CONFINEMENT = { root: '/', uid: 0, gid: 0, keepUser: true, parent: process.pid };

/** An engine of the given scenario, what the supervisor makes of it, and what it logs. */
class Trial {
  readonly states: TunnelState[] = [];
  readonly log: string[] = [];
  readonly broken: string[] = [];
  readonly gone: Promise<void>;
  readonly told: Promise<void>;
  readonly engine: EngineProcess;
  readonly #descriptors = [openSync('/dev/null', 'r+'), openSync('/dev/null', 'r+')];
  readonly pid: number | undefined;

  constructor(scenario: string, heartbeat = 5000) {
    let resolveGone = (): void => {};
    let resolveTold = (): void => {};
    this.gone = new Promise((resolve) => {
      resolveGone = resolve;
    });
    this.told = new Promise((resolve) => {
      resolveTold = resolve;
    });
    const [device = -1, socket = -1] = this.#descriptors;
    this.engine = new EngineProcess(
      {
        role: { name: 'client', prefix: TEREDO_PREFIX, localPort: 4096, testAddresses: [] },
        confinement: CONFINEMENT,
        device,
        sockets: [socket],
        directedBroadcasts: [],
        program: [HOSTILE, scenario],
        heartbeat,
      },
      {
        stateChanged: (state) => {
          this.states.push(state);
          resolveTold();
        },
        gone: () => resolveGone(),
        ready: () => {},
        broken: (sentence) => this.broken.push(sentence),
      },
      (level, message) => this.log.push(`${level}: ${message}`),
    );
    this.pid = this.engine.pid;
    this.engine.useServers(SERVERS);
  }

  close(): void {
    this.engine.close();
    for (const fd of this.#descriptors) closeSync(fd);
  }
}

/** Scenario, and what the log says of it. */
const ATTACKS: readonly (readonly [string, RegExp])[] = [
  ['foreign-prefix', /claims an address outside of the Teredo prefix/],
  ['native-address', /claims an address outside of the Teredo prefix/],
  ['link-local', /claims an address outside of the Teredo prefix/],
  ['other-server', /claims another server's address/],
  ['other-server-claim', /claims another server/],
  ['other-mapping', /claims a mapping that is not the one in its address/],
  ['private-mapping', /claims a mapping nobody can reach/],
  ['strange-flags', /claims an address with flags that are never set/],
  ['address-with-command', /sends a message of no known form/],
  ['small-mtu', /claims an MTU of 100/],
  ['large-mtu', /claims an MTU of 65535/],
  ['fractional-mtu', /sends a message of no known form/],
  ['mtu-text', /sends a message of no known form/],
  ['route', /sends a message of no known form/],
  ['interface', /sends a message of no known form/],
  ['unknown-type', /sends a message of no known form/],
  ['prototype', /sends a message of no known form/],
  ['not-json', /sends a message that is not JSON/],
  ['array', /sends a message of no known form/],
  ['null', /sends a message of no known form/],
  ['deep-nesting', /sends a message/],
  ['oversize', /sends a message of more than 8192 bytes/],
  ['endless-line', /sends a message of more than 8192 bytes/],
  ['flood', /sends a flood of messages/],
  ['ready-twice', /says twice that it is ready/],
  ['invalid-utf8', /sends a message that is not JSON/],
  ['nul-in-message', /sends a message that is not JSON/],
  ['endless-number', /sends a message of no known form/],
  ['minus-zero', /claims an MTU of 0/],
  ['said-twice', /claims an MTU of 9/],
  ['absurd-statistics', /sends a message of no known form/],
  ['negative-statistics', /sends a message of no known form/],
  ['hang-up', /has closed its channel/],
];

for (const [scenario, said] of ATTACKS) {
  test(`an engine that tries "${scenario}" is ended, and nothing of what it says is believed`, {
    timeout: 20_000,
  }, async () => {
    const trial = new Trial(scenario);
    try {
      await trial.gone;
      assert.deepEqual(trial.states, []);
      assert.deepEqual(trial.broken, []);
      assert.match(trial.log.join('\n'), said);
      await isOver(trial.pid);
    } finally {
      trial.close();
    }
  });
}

test('an engine that changes its state all the time is ended before the log is full of it', async () => {
  const trial = new Trial('flapping');
  try {
    await trial.gone;
    assert.equal(trial.states.length, 30);
    assert.match(trial.log.join('\n'), /changes its state all the time/);
  } finally {
    trial.close();
  }
});

test('an engine may say more when it is told to begin anew', async () => {
  const trial = new Trial('restless');
  try {
    for (const expected of [20, 40, 60]) {
      while (trial.states.length < expected) await new Promise((resolve) => setImmediate(resolve));
      trial.engine.useServers(SERVERS);
    }
    assert.deepEqual(trial.log, []);
  } finally {
    trial.close();
  }
});

test('an engine that does not read does not make the supervisor hold what it was told', async () => {
  const trial = new Trial('deaf');
  try {
    await trial.engine.ready;
    const memory = process.memoryUsage.rss();
    for (let told = 0; told < 1_000_000 && trial.log.length === 0; told++) trial.engine.useServers(SERVERS);
    await trial.gone;
    assert.match(trial.log.join('\n'), /does not read what it is told/);
    assert.ok(process.memoryUsage.rss() - memory < 64 * 1024 * 1024);
    await isOver(trial.pid);
  } finally {
    trial.close();
  }
});

test('an engine that does not answer any more is ended, after some patience', { timeout: 20_000 }, async () => {
  const trial = new Trial('honest', 200);
  try {
    await trial.told;
    const pid = trial.pid ?? 0;
    assert.equal(await trial.engine.isHealthy(), true);
    process.kill(pid, 'SIGSTOP');
    assert.equal(await trial.engine.isHealthy(), false);
    await trial.gone;
    assert.match(trial.log.join('\n'), /does not answer any more/);
    assert.equal(await trial.engine.isHealthy(), true, 'another is on its way');
    await isOver(pid);
  } finally {
    trial.close();
  }
});

test('a claim about the servers from before is not believed, but is no reason to end who made it', async () => {
  const trial = new Trial('honest');
  try {
    await trial.engine.ready;
    trial.engine.stop();
    await trial.engine.statistics();
    assert.deepEqual(trial.states, []);
    assert.deepEqual(trial.log, []);
  } finally {
    trial.close();
  }
});

test('an honest claim is believed', async () => {
  const trial = new Trial('honest');
  try {
    await trial.told;
    const [state] = trial.states;
    assert.ok(state?.name === 'qualified');
    assert.equal(formatIpv6(state.address), '2001:0:cb00:7178:1c5c:efff:3994:9bfe');
  } finally {
    trial.close();
  }
});

test('an engine that was ended is started again, and told its servers', async () => {
  const trial = new Trial('small-mtu');
  try {
    await trial.gone;
    const first = trial.pid;
    while (trial.log.length < 2) await new Promise((resolve) => setImmediate(resolve));
    assert.notEqual(trial.engine.pid, first);
    assert.equal(trial.log.filter((line) => line.includes('claims an MTU')).length, trial.log.length);
  } finally {
    trial.close();
  }
});

test('what an engine writes to its standard error reaches the log without control characters, and not without end', async () => {
  const trial = new Trial('complaints');
  try {
    while (!trial.log.some((line) => line.includes('noise'))) await new Promise((resolve) => setImmediate(resolve));
    const text = trial.log.join('\n');
    assert.match(text, /root logged in/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(text, /[\u0000-\u0009\u001b]/);
    assert.ok(text.length < 10_000);
  } finally {
    trial.close();
  }
});

test('an engine that is closed is not started again', async () => {
  const trial = new Trial('honest');
  await trial.told;
  trial.close();
  assert.equal(trial.engine.pid, undefined);
});

/** A signal takes its time: waits for the end of the process; the test runner's patience is the limit. */
async function isOver(pid: number | undefined): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
}

/** Dead, or dead but not collected yet, is not alive. */
function isAlive(pid: number | undefined): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
