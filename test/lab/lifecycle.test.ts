/**
 * A lab is made and removed whole, whatever becomes of its owner.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { labSkip } from './availability.js';
import { run } from './command.js';
import { createLab } from './lab.js';
import { NAMESPACE_DIRECTORY } from './namespaces.js';
import { collectAbandonedLabs } from './owner.js';
import { isSingleUser } from './privilege.js';
import { namespacesOf } from './topology.js';

interface Report {
  readonly directory: string;
  readonly namespaces: readonly string[];
  readonly pid: number;
  readonly answers: number;
}

const LONE_OWNER = fileURLToPath(new URL('./lone-owner.js', import.meta.url));

const start = (argv: readonly string[]): ChildProcess =>
  spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });

async function firstReport(owner: ChildProcess): Promise<Report> {
  assert.ok(owner.stdout);
  for await (const line of createInterface({ input: owner.stdout })) return JSON.parse(line) as Report;
  throw new Error('the owner ended without a word');
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);
const standing = (namespaces: readonly string[]): string[] =>
  namespaces.filter((name) => existsSync(join(NAMESPACE_DIRECTORY, name)));

function assertGone(report: Report): void {
  assert.deepEqual(standing(report.namespaces), []);
  assert.equal(isAlive(report.pid), false, 'the program inside has ended');
  assert.equal(existsSync(report.directory), false, 'no files are left');
}

describe('life of a lab', { skip: labSkip() }, () => {
  test('dispose removes namespaces, programs and files, and leaves another lab alone', async () => {
    const [one, other] = await Promise.all([createLab({ nats: ['full-cone'] }), createLab({ nats: ['symmetric'] })]);
    const program = one.spawn(one.host, ['sleep', '1000']);
    await one.dispose();
    assertGone({ directory: one.directory, namespaces: namespacesOf(one.topology), pid: program.pid, answers: 0 });
    const address = other.host.ipv4[0] ?? '';
    const result = await other.ping(other.client(0), address);
    assert.equal(result.received, 1, result.output);
    await other.dispose();
    assert.deepEqual(standing(namespacesOf(other.topology)), []);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${signal} to the owner removes it, even when it comes twice`, async () => {
      const owner = start([process.execPath, LONE_OWNER]);
      const report = await firstReport(owner);
      assert.equal(report.answers, 1, 'the lab works');
      const ended = once(owner, 'exit');
      owner.kill(signal);
      await delay(1);
      owner.kill(signal);
      const [, endedBy] = await ended;
      assert.equal(endedBy, signal);
      assertGone(report);
    });
  }

  test('the owner ends by itself: it is removed', async () => {
    const owner = start([process.execPath, LONE_OWNER, 'exit']);
    const ended = once(owner, 'exit');
    const report = await firstReport(owner);
    await ended;
    assertGone(report);
  });

  test('the owner is killed: the next one collects what is left', async () => {
    const owner = start([process.execPath, LONE_OWNER]);
    const report = await firstReport(owner);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    assert.deepEqual(standing(report.namespaces), report.namespaces, 'nobody could clean up');
    collectAbandonedLabs();
    assertGone(report);
  });

  test('a lab whose owner lives is not collected', async () => {
    const lab = await createLab({ nats: [] });
    assert.equal(collectAbandonedLabs().includes(lab.host.namespace), false);
    assert.deepEqual(standing(namespacesOf(lab.topology)), namespacesOf(lab.topology));
    await lab.dispose();
  });
});

/** What `nobody` needs of this tree, at a place where `nobody` may read. */
function copyForNobody(): string {
  const copy = mkdtempSync(join(tmpdir(), 'teredo-lab-nobody-'));
  const from = fileURLToPath(new URL('../../../', import.meta.url));
  for (const part of ['build/test/lab', 'test/lab/needed-programs.txt']) {
    cpSync(join(from, part), join(copy, part), { recursive: true });
  }
  cpSync(join(from, 'package.json'), join(copy, 'package.json'));
  mkdirSync(join(copy, 'bin'));
  cpSync(process.execPath, join(copy, 'bin/node'));
  return copy;
}

const otherUserSkip = isSingleUser() ? 'there is no other user in this user namespace' : labSkip();

describe('without root', { skip: otherUserSkip }, () => {
  test('a lab works in an unprivileged user namespace', async () => {
    const copy = copyForNobody();
    try {
      await run(['chmod', '-R', 'a+rX', copy]);
      const script = `
        import { labAccess, runInUserNamespace } from '${copy}/build/test/lab/privilege.js';
        const access = labAccess();
        if (access.kind !== 'user-namespace') throw new Error(JSON.stringify(access));
        process.exit(await runInUserNamespace('${copy}/build/test/lab/lone-owner.js', ['exit']));`;
      const drop = ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', '--'];
      const node = [join(copy, 'bin/node'), '--input-type=module', '--eval', script];
      const result = await run([...drop, ...node], { env: { PATH: '/usr/bin:/bin' }, timeout: 20_000 });
      assert.equal(result.code, 0, result.stderr);
      const report = JSON.parse(result.stdout) as Report;
      assert.equal(report.answers, 1, 'a packet crossed the NAT and came back');
      assertGone(report);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});
