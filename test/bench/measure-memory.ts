/** Memory of a client that has carried traffic, beside what Node itself takes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Arena } from './arenas.js';
import { proportionalMegabytes, residentMegabytes } from './processes.js';
import type { Results } from './results.js';

/** Our client is two processes. */
const BARE = 2;

async function startBareNode(): Promise<ChildProcess> {
  const script = 'console.log("up"); setInterval(() => undefined, 1 << 30)';
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  if (child.stdout !== null) await once(child.stdout, 'data');
  return child;
}

export async function measureMemory(arenas: readonly Arena[], results: Results): Promise<void> {
  for (const arena of arenas) {
    if (arena.client().length === 0) continue;
    results.add('rss-client', arena.name, 'MB', residentMegabytes(arena.client()));
    results.add('pss-client', arena.name, 'MB', proportionalMegabytes(arena.client()));
    results.add('rss-relay', arena.name, 'MB', residentMegabytes(arena.relay()));
  }
  const bare = await Promise.all(Array.from({ length: BARE }, startBareNode));
  const pids = bare.map(({ pid }) => pid ?? 0);
  results.add('rss-client', 'two bare Node processes', 'MB', residentMegabytes(pids));
  results.add('pss-client', 'two bare Node processes', 'MB', proportionalMegabytes(pids));
  for (const child of bare) child.kill();
}
