/** What an engine finds around itself: the root it was given, and nothing of whoever started the program. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../lab/kernel-view.js';
import { enterStage, Running, Stage } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url), timeout: 30_000 };
const PROGRAM = fileURLToPath(new URL('../../bin/miredo.js', import.meta.url));
const RELAY = 'RelayType relay\n';

const engineOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
const targets = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));

/** It shuts itself in while its supervisor goes on. */
const isRootOf = (pid: number, root: string): Promise<true> =>
  waitFor(`${root} as root`, () => readlinkSync(`/proc/${pid}/root`) === root || undefined, { timeout: 5000 });

describe('the root of -t', OPTIONS, () => {
  test('may be a symbolic link: what it leads to counts', async (t) => {
    const stage = new Stage(t);
    const root = join(stage.directory, 'root');
    mkdirSync(root);
    symlinkSync('root', join(stage.directory, 'link'));
    const program = stage.start('miredo', { config: RELAY, words: ['-t', join(stage.directory, 'link')] });
    await program.line(/relaying /);
    await isRootOf(engineOf(program.pid), root);
    await program.stop();
  });

  test('may be relative', async (t) => {
    const stage = new Stage(t);
    const root = join(stage.directory, 'root');
    mkdirSync(root);
    const config = join(stage.directory, 'relay.conf');
    writeFileSync(config, RELAY);
    const words = [PROGRAM, '-f', '-c', config, '-p', stage.pidFile, '-t', join(basename(stage.directory), 'root')];
    const child = spawn(process.execPath, words, {
      cwd: dirname(stage.directory),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    for await (const line of createInterface({ input: child.stderr })) if (line.includes('relaying ')) break;
    await isRootOf(engineOf(child.pid ?? 0), root);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});

test('descriptors that the caller had open reach neither supervisor nor engine', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const secret = join(stage.directory, 'secret');
  writeFileSync(secret, 'secret\n');
  const config = join(stage.directory, 'relay.conf');
  writeFileSync(config, RELAY);
  // Far from the others: Node itself looks after low numbers.
  const script = `exec 200<"$1"; shift; exec "$@"`;
  const words = ['-c', script, 'bash', secret, process.execPath, PROGRAM, '-f', '-c', config, '-p', stage.pidFile];
  const child = spawn('bash', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stderr })) if (line.includes('relaying ')) break;
  const pid = child.pid ?? 0;
  assert.ok(targets(engineOf(pid)).includes('/dev/net/tun'));
  assert.ok(!targets(pid).includes(secret));
  assert.ok(!targets(engineOf(pid)).includes(secret));
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a user whose group is root is refused: an engine may have neither', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const users = join(stage.directory, 'passwd');
  writeFileSync(users, 'root:x:0:0::/:/bin/sh\nwheel:x:4711:0::/:/bin/sh\n');
  const config = join(stage.directory, 'relay.conf');
  writeFileSync(config, RELAY);
  const script = 'mount --bind "$1" /etc/passwd && shift && exec "$@"';
  const program = [process.execPath, PROGRAM, '-f', '-c', config, '-p', stage.pidFile, '-u', 'wheel'];
  const running = new Running('unshare', ['--mount', 'sh', '-c', script, 'sh', users, ...program], false);
  assert.equal((await running.exited).code, 1);
  assert.match(running.lines.join('\n'), /cannot have the group root; name another user with -u/);
});
