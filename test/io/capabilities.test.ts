/** Capabilities of a real Node before and after, and of a program that it starts. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CapabilityName, limitCapabilities } from '../../daemon/io/capabilities.js';
import { parseThreadStatus, threadStatuses } from '../support/thread-status.js';

const CHILD = fileURLToPath(new URL('./capabilities-child.js', import.meta.url));

const NUMBERS = { CAP_KILL: 5, CAP_SETUID: 7, CAP_SETPCAP: 8, CAP_NET_ADMIN: 12, CAP_SYS_CHROOT: 18 } as const;

/** As /proc shows it. */
const setOf = (names: readonly (keyof typeof NUMBERS)[]): string =>
  names
    .map((name) => 1n << BigInt(NUMBERS[name]))
    .reduce((set, bit) => set | bit, 0n)
    .toString(16)
    .padStart(16, '0');

const own = parseThreadStatus(readFileSync('/proc/self/status', 'utf8')).capabilities;
const hasAll = Object.values(NUMBERS).every((number) => (BigInt(`0x${own[1]}`) >> BigInt(number)) & 1n);
const OPTIONS = { skip: hasAll ? false : 'not root', timeout: 20_000 };

interface Outcome {
  readonly ok: boolean;
  readonly held: readonly string[];
  readonly step?: string;
  readonly errno?: string;
  readonly sentence?: string;
}

interface Run {
  readonly outcome: Outcome;
  readonly child: ChildProcess;
  /** What a program sees that it starts. */
  readonly started: readonly string[];
}

/** The child lives on until the test ends. `prefix` is a command before Node's. */
async function limit(t: TestContext, names: readonly string[], prefix: readonly string[] = []): Promise<Run> {
  const [command = '', ...words] = [...prefix, process.execPath, CHILD, JSON.stringify(names)];
  const child = spawn(command, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  t.after(() => child.kill('SIGKILL'));
  const messages: unknown[] = [];
  while (messages.length < 2) messages.push((await once(child, 'message'))[0]);
  const [outcome, status] = messages;
  return { outcome: outcome as Outcome, child, started: parseThreadStatus(String(status)).capabilities };
}

/** One a thread: inheritable, permitted, effective, bounding, ambient. */
function capabilitiesOf(child: ChildProcess): (readonly string[])[] {
  assert.ok(child.pid !== undefined);
  const list = threadStatuses(child.pid).map(({ capabilities }) => capabilities);
  assert.ok(list.length >= 2, `${list.length} threads`);
  return list;
}

const NONE = setOf([]);

test('only the named ones are left, in every thread and to programs started as root', OPTIONS, async (t) => {
  const names: readonly (keyof typeof NUMBERS)[] = ['CAP_KILL', 'CAP_SETUID', 'CAP_NET_ADMIN'];
  const left = setOf(names);
  const { outcome, child, started } = await limit(t, names);
  assert.deepEqual(outcome, { ok: true, held: names });
  for (const capabilities of capabilitiesOf(child)) assert.deepEqual(capabilities, [NONE, left, left, left, NONE]);
  assert.deepEqual(started, [NONE, left, left, left, NONE]);
});

test('inheritable and ambient ones are reduced too', OPTIONS, async (t) => {
  const raised = '+kill,+net_admin';
  const prefix = ['setpriv', '--inh-caps', raised, '--ambient-caps', raised];
  const { child } = await limit(t, ['CAP_KILL', 'CAP_SETPCAP'], prefix);
  const kill = setOf(['CAP_KILL']);
  const left = setOf(['CAP_KILL', 'CAP_SETPCAP']);
  for (const capabilities of capabilitiesOf(child)) assert.deepEqual(capabilities, [kill, left, left, left, kill]);
});

test('what was not there before is not there afterwards', OPTIONS, async (t) => {
  const { outcome, started } = await limit(t, ['CAP_NET_ADMIN', 'CAP_KILL'], ['setpriv', '--bounding-set=-net_admin']);
  assert.deepEqual(outcome, { ok: true, held: ['CAP_KILL'] });
  assert.equal(started[3], setOf(['CAP_KILL']));
});

test('none at all', OPTIONS, async (t) => {
  const { outcome, child, started } = await limit(t, []);
  assert.deepEqual(outcome, { ok: true, held: [] });
  for (const capabilities of capabilitiesOf(child)) assert.deepEqual(capabilities, Array(5).fill(NONE));
  assert.deepEqual(started, Array(5).fill(NONE));
});

test('without CAP_SETPCAP the bounding set stays, which is told; the rest goes', OPTIONS, async (t) => {
  const prefix = ['setpriv', '--bounding-set=-setpcap'];
  const { outcome, child } = await limit(t, ['CAP_NET_ADMIN'], prefix);
  assert.deepEqual(outcome, {
    ok: false,
    step: 'bounding-set',
    errno: 'EPERM',
    sentence:
      'Cannot limit the capabilities of programs that are started: EPERM; ' +
      'that needs the capability CAP_SETPCAP (or root).',
    held: ['CAP_NET_ADMIN'],
  });
  for (const [, permitted, effective] of capabilitiesOf(child)) {
    assert.deepEqual([permitted, effective], [setOf(['CAP_NET_ADMIN']), setOf(['CAP_NET_ADMIN'])]);
  }
});

test('a name that is none is a fault of the caller, and nothing is done', () => {
  for (const name of ['CAP_NONE', 'net_admin', '', 'CAP_NET_ADMIN\0']) {
    assert.throws(() => limitCapabilities(['CAP_KILL', name as CapabilityName]), TypeError);
  }
  assert.deepEqual(parseThreadStatus(readFileSync('/proc/self/status', 'utf8')).capabilities, own);
});

test('what is lent reaches the program that is started for it, and no other', OPTIONS, async () => {
  const program = `
    import { spawnSync } from 'node:child_process';
    import { keepCapabilitiesToOneself, lendCapabilities } from '${new URL('../../daemon/io/capabilities.js', import.meta.url)}';
    const look = () => spawnSync('cat', ['/proc/self/status'], { encoding: 'utf8' }).stdout;
    keepCapabilitiesToOneself();
    const texts = [look(), lendCapabilities(['CAP_NET_ADMIN'], look), look()];
    process.stdout.write(JSON.stringify(texts));`;
  const raised = '--inh-caps=-all,+net_admin,+kill';
  const user = ['--reuid=1', '--regid=1', '--clear-groups', raised, '--ambient-caps=-all,+net_admin,+kill'];
  const words = [...user, process.execPath, '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync('setpriv', words, { encoding: 'utf8', timeout: 20_000 });
  assert.equal(stderr, '');
  const effective = (JSON.parse(stdout) as string[]).map((text) => parseThreadStatus(text).capabilities[2]);
  assert.deepEqual(effective, [NONE, setOf(['CAP_NET_ADMIN']), NONE]);
});
