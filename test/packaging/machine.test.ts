/** A machine goes whole, whatever becomes of its owner, and no command meant for it runs elsewhere. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hasEnded, waitFor } from '../lab/kernel-view.js';
import { createLab } from '../lab/lab.js';
import { collectAbandonedLabs } from '../lab/owner.js';
import { bootSkip } from './boot-stage.js';
import { freshTree, MARK } from './fresh-tree.js';
import { Machine } from './machine.js';

const LONE_MACHINE = fileURLToPath(new URL('./lone-machine.js', import.meta.url));

/** Where control groups of the second version are to be seen here. */
function groupFolders(): string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  return mounts.filter(([, , type]) => type === 'cgroup2').map(([, place = '']) => place);
}

async function assertGone(name: string, processes: readonly number[]): Promise<void> {
  await waitFor('its end', () => processes.every(hasEnded) || undefined, { timeout: 20_000 });
  assert.doesNotMatch(readFileSync('/proc/mounts', 'utf8'), new RegExp(`${name}/machine`));
  assert.deepEqual(
    groupFolders().filter((folder) => existsSync(join(folder, name))),
    [],
  );
}

describe('a booted machine', { skip: bootSkip(), timeout: 500_000 }, () => {
  before(freshTree);

  test('is gone when its owner is killed', async () => {
    const owner = spawn(process.execPath, [LONE_MACHINE], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: owner.stdout })) {
      const { name, processes } = JSON.parse(line) as { name: string; processes: number[] };
      assert.ok(processes.length >= 3 && !processes.some(hasEnded));
      owner.kill('SIGKILL');
      await assertGone(name, processes);
    }
    collectAbandonedLabs();
  });

  test('takes no command when that would run on another root', async (t) => {
    const lab = await createLab({ nats: ['port-restricted'] });
    t.after(() => lab.dispose());
    const machine = await Machine.make({ lab, place: lab.client(0), tree: await freshTree(), shared: lab.directory });
    t.after(() => machine.dispose());
    await machine.boot();
    await machine.must(['rm', MARK]);
    const { code, stdout } = await machine.run(['echo', 'here']);
    assert.deepEqual([code, stdout], [99, '']);
    const { processes } = machine;
    await machine.dispose();
    await assertGone(lab.name, processes);
  });
});
