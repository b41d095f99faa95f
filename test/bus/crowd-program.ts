/** Starts crowd.ts. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lookupUser } from '../../daemon/io/users.js';
import type { Answers, What } from './crowd.js';

export interface Crowd {
  readonly answers: Answers;
  /** All of them go at once. */
  leave(): Promise<void>;
}

/** Returns when all their calls are answered; those of `pending` when all are under way. */
export async function gather(
  context: TestContext,
  user: string,
  what: What,
  numbers: [number, number],
): Promise<Crowd> {
  const { uid, gid } = lookupUser(user) ?? assert.fail(user);
  const program = fileURLToPath(new URL('./crowd.js', import.meta.url));
  const child = spawn(process.execPath, [program, uid, gid, what, ...numbers].map(String), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  context.after(() => child.kill('SIGKILL'));
  const line = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const [text] = await Promise.race([line, ended.then(() => assert.fail('the crowd has ended'))]);
  return {
    answers: JSON.parse(text) as Answers,
    leave: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
