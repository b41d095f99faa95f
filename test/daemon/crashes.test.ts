/** Supervisor and engine when one of them is killed: what is left, and what comes back. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { labSkip } from '../lab/availability.js';
import { globalAddresses, hasDefaultRoute, hasTeredoRoute, waitFor } from '../lab/kernel-view.js';
import { createLab, INTERFACE, type Lab, type RunningClient } from '../lab/lab.js';
import { isLossless } from '../lab/ping.js';
import { isSingleUser } from '../lab/privilege.js';
import type { Program } from '../lab/program.js';
import { childrenOf } from './stage.js';

/** The engines of a program: its children of that name. */
const enginesOf = (pid: number): number[] =>
  childrenOf(pid).filter((child) => commandOf(child).includes('miredo-engine.js'));

const engineOf = (pid: number): number | undefined => enginesOf(pid)[0];

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

const isGone = (pid: number): boolean => commandOf(pid) === '';

/** Fields of /proc/PID/status of every thread. */
function statuses(pid: number): Record<string, string>[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    return Object.fromEntries(text.split('\n').map((line) => line.split(':\t') as [string, string]));
  });
}

/** Bits of NET_ADMIN, SETUID, SETGID, SYS_CHROOT, SETPCAP and KILL (capability.h); NET_RAW for a server. */
const SUPERVISOR_MASK = (1n << 12n) | (1n << 7n) | (1n << 6n) | (1n << 18n) | (1n << 8n) | (1n << 5n);
const NET_RAW_MASK = 1n << 13n;
const CAPABILITY_SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];

/** Of several engines the later ones may still be about to shut themselves in. */
async function assertShutIn(engine: number): Promise<void> {
  await waitFor('the filter', () => statuses(engine).every((status) => status['Seccomp'] === '2') || undefined, {
    timeout: 5000,
  });
  for (const status of statuses(engine)) {
    for (const set of CAPABILITY_SETS) assert.equal(BigInt(`0x${status[set]}`), 0n, set);
    assert.doesNotMatch(`${status['Uid']}\t${status['Gid']}`, /(^|\t)0(\t|$)/);
    assert.equal(status['Groups']?.trim(), '');
    assert.equal(status['NoNewPrivs'], '1');
  }
  assert.equal(readlinkSync(`/proc/${engine}/root`), '/run/miredo/empty');
  assert.deepEqual(readdirSync(`/proc/${engine}/root`), []);
}

function whyNoOtherUser(): string | false {
  if (process.geteuid?.() !== 0) return 'not root';
  return isSingleUser() ? 'this user namespace has one user only, and an engine needs another' : false;
}

describe('privilege', { skip: labSkip('ours') || whyNoOtherUser() }, () => {
  let lab: Lab;

  before(async () => {
    lab = await createLab({ nats: ['port-restricted'] });
  });
  after(() => lab.dispose());

  let client: RunningClient;

  test('no thread of an engine has a capability, a group or root; a supervisor has what it needs and no more', async () => {
    const server = await lab.startServer('ours', { config: { Engines: '2' } });
    const relay = await lab.startRelay('ours');
    client = await lab.startClient(0, 'ours');
    for (const { pid } of [client.program, relay, server]) {
      const engines = enginesOf(pid);
      assert.equal(engines.length, pid === server.pid ? 2 : 1);
      for (const engine of engines) await assertShutIn(engine);
      const expected = pid === server.pid ? SUPERVISOR_MASK | NET_RAW_MASK : SUPERVISOR_MASK;
      for (const status of statuses(pid)) {
        for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.equal(BigInt(`0x${status[set]}`) & ~expected, 0n, set);
      }
    }
  });

  test('an engine holds no descriptor but its own: channel, device, sockets, and what Node needs to wait', async () => {
    const { program } = client;
    const engine = engineOf(program.pid) ?? 0;
    const targets = readdirSync(`/proc/${engine}/fd`).map((fd) => readlinkSync(`/proc/${engine}/fd/${fd}`));
    const unknown = targets.filter(
      (target) =>
        !/^(\/dev\/null|\/dev\/net\/tun|socket:\[\d+\]|pipe:\[\d+\]|anon_inode:\[?(eventpoll|eventfd)\]?)$/.test(
          target,
        ),
    );
    assert.deepEqual(unknown, []);
  });
});

describe('crashes', { skip: labSkip('ours') }, () => {
  let lab: Lab;
  let relay: Program;

  before(async () => {
    lab = await createLab({ nats: ['port-restricted'] });
    [, relay] = await Promise.all([lab.startServer('ours'), lab.startRelay('ours')]);
  });
  after(() => lab.dispose());

  const startClient = async () => {
    try {
      return await lab.startClient(0, 'ours');
    } catch (error) {
      throw new Error(`${error}\n${lab.logs()}`);
    }
  };

  const interfaceIndex = async (): Promise<string> => {
    const { stdout } = await lab.run(lab.client(0), ['ip', '-o', 'link', 'show', INTERFACE]);
    return stdout.split(':')[0] ?? '';
  };

  test('kill -9 of the engine: address and routes go within a second, and come back on the same interface', async () => {
    const { program, address } = await startClient();
    const index = await interfaceIndex();
    const engine = engineOf(program.pid);
    assert.ok(engine !== undefined);
    const killedAt = performance.now();
    process.kill(engine, 'SIGKILL');
    const isBare = (): true | undefined =>
      !globalAddresses(program.pid, INTERFACE).includes(address) && !hasDefaultRoute(program.pid, INTERFACE)
        ? true
        : undefined;
    await waitFor('the end of the address', isBare, { timeout: 5000 });
    assert.ok(performance.now() - killedAt < 1000, `${performance.now() - killedAt} ms`);
    const again = await lab.waitForAddress(program);
    assert.notEqual(again, address, 'random bits and mapping make it another');
    assert.equal(await interfaceIndex(), index);
    assert.notEqual(engineOf(program.pid), engine);
    const ping = await lab.ping(lab.client(0), lab.host.ipv6[0] ?? '', { count: 2 });
    assert.ok(isLossless(ping), ping.output + lab.logs());
    assert.match(program.log(), /The engine ended \(SIGKILL\)/);
    await program.stop();
  });

  test("a relay's route goes with its engine, and comes back with the next", async () => {
    const engine = engineOf(relay.pid);
    assert.ok(engine !== undefined);
    process.kill(engine, 'SIGKILL');
    const routed = (): boolean => hasTeredoRoute(relay.pid, INTERFACE);
    await waitFor('the end of the route', () => !routed() || undefined, { timeout: 5000 });
    await waitFor('the route', () => routed() || undefined, { timeout: 5000 });
  });

  test('an engine that ends is started again each time', async () => {
    const { program } = await startClient();
    for (let round = 0; round < 3; round++) {
      const engine = engineOf(program.pid);
      assert.ok(engine !== undefined);
      process.kill(engine, 'SIGSEGV');
      await waitFor('another engine', () => (engineOf(program.pid) ?? engine) !== engine || undefined, {
        timeout: 5000,
      });
      await lab.waitForAddress(program);
    }
    await program.stop();
  });

  test('kill -9 of the supervisor: engine and interface go by themselves, and the next start works at once', async () => {
    const { program } = await startClient();
    const engine = engineOf(program.pid);
    assert.ok(engine !== undefined);
    program.signal('SIGKILL');
    await program.exited;
    const next = await startClient();
    assert.ok(isGone(engine));
    await next.program.stop();
    const links = await lab.run(lab.client(0), ['ip', '-o', 'link']);
    assert.doesNotMatch(links.stdout, new RegExp(`: ${INTERFACE}:|dev ${INTERFACE} `));
  });

  test('SIGTERM ends supervisor and engine at once, with exit code 0, and leaves nothing', async () => {
    const { program } = await startClient();
    const engine = engineOf(program.pid);
    assert.ok(engine !== undefined);
    const askedAt = performance.now();
    const exit = await program.stop();
    const took = performance.now() - askedAt;
    assert.deepEqual(exit, { code: 0, signal: null });
    // Less than what is waited at most for the engine; a tenth of it on a machine that is not busy.
    assert.ok(took < 900, `${took} ms`);
    await waitFor('the end of the engine', () => isGone(engine) || undefined, { timeout: 2000 });
    const [links, routes] = await Promise.all([
      lab.run(lab.client(0), ['ip', '-o', 'link']),
      lab.run(lab.client(0), ['ip', '-6', 'route']),
    ]);
    assert.doesNotMatch(links.stdout + routes.stdout, new RegExp(`: ${INTERFACE}:|dev ${INTERFACE} `));
    assert.ok(!existsSync(program.argv.at(-1) ?? ''), 'its pid file');
  });

  test('the interface is deleted under the daemon: it is made again', async () => {
    const { program } = await startClient();
    const before = await interfaceIndex();
    await lab.run(lab.client(0), ['ip', 'link', 'delete', INTERFACE]);
    await waitFor('another interface', () => /Starting again/.test(program.log()) || undefined, { timeout: 5000 });
    await lab.waitForAddress(program);
    assert.notEqual(await interfaceIndex(), before);
    await program.stop();
  });
});
