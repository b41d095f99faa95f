/** One run of a hook: what it may take, what of it is logged, and that nothing of it is left. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runHook } from '../../../daemon/service/hooks/hook-run.js';
import { hasEnded, waitFor } from '../../lab/kernel-view.js';

const NOBODY = 65534;

function install(path: string, text: string, mode = 0o755): string {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const script = (body: string): string => `#!/bin/sh\n${body}\n`;

describe('one run of a hook', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'miredo-hook-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'one-hook');
  /** Runs it, and returns what is logged. */
  async function run(body: string, timeLimit = 10_000, asRoot = true): Promise<string[]> {
    install(path, script(body));
    const lines: string[] = [];
    const call = { hook: { path, asRoot }, event: 'state', environment: {}, uid: NOBODY, gid: NOBODY } as const;
    await runHook({ ...call, timeLimit }, (level, message) => lines.push(`${level} ${message}`)).ended;
    return lines;
  }

  test('its output and its fault are logged', async () => {
    const lines = await run('echo one; printf two; exit 3');
    assert.deepEqual(lines.sort(), [
      'info hook one-hook: one',
      'info hook one-hook: two',
      'warning hook one-hook ended with exit code 3',
    ]);
  });

  test('one that takes too long is ended, with its children, and with those that hold its output', async () => {
    const began = performance.now();
    // Its shell waits; the child ignores what can be ignored.
    const lines = await run('(trap "" TERM HUP INT; sleep 1000) & echo $!; wait', 300);
    assert.ok(performance.now() - began < 20_000);
    const child = Number(/: (\d+)$/.exec(lines.find((line) => line.startsWith('info')) ?? '')?.[1]);
    assert.ok(child > 0, lines.join('\n'));
    assert.match(lines.join('\n'), /was ended: it took longer than 0\.3 s/);
    await waitFor('its end', () => hasEnded(child) || undefined, { timeout: 10_000 });
  });

  test('what it leaves behind in its process group is ended with it', async () => {
    const [line = ''] = await run('sleep 1000 & echo $!');
    await waitFor('its end', () => hasEnded(Number(line.split(': ')[1])) || undefined, { timeout: 10_000 });
  });

  test('much output is cut, in lines and in length', async () => {
    const lines = await run('yes | head -n 5000; head -c 1000000 /dev/zero | tr "\\0" x');
    assert.equal(lines.length, 101);
    assert.match(lines.at(-1) ?? '', /4901 more lines are not shown/);
    const long = await run('head -c 1000000 /dev/zero | tr "\\0" x; echo; echo after');
    assert.deepEqual(
      long.map((line) => line.length),
      [500 + 'info hook one-hook: '.length, 'info hook one-hook: after'.length],
    );
  });

  test('one whose interpreter there is not is a line in the log', async () => {
    install(path, '#!/no/such/shell\n');
    const lines: string[] = [];
    const call = { hook: { path, asRoot: true }, event: 'state', environment: {}, uid: NOBODY, gid: NOBODY } as const;
    await runHook(call, (level, message) => lines.push(`${level} ${message}`)).ended;
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^warning hook \/.*\/one-hook cannot be run \(.*\)/);
  });

  test('one that the user may not read says so', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
    install(path, script('echo no'), 0o700);
    const lines: string[] = [];
    const call = { hook: { path, asRoot: false }, event: 'state', environment: {}, uid: NOBODY, gid: NOBODY } as const;
    await runHook(call, (level, message) => lines.push(`${level} ${message}`)).ended;
    assert.match(lines[0] ?? '', /cannot be run .*chmod 755/);
  });
});
