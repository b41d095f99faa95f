/** Runs the program that changes /etc/gai.conf: by itself as root, for others by pkexec(1), which asks polkit. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fault } from '../../dbus/fault.js';
import { isWanted, startAgent } from './password-agent.js';
import { PREFER_ACTION } from './remedies.js';

/** Beside the bundled program, or beside this folder. */
const PROGRAM = ['./miredo-prefer.js', '../prefer-main.js']
  .map((place) => fileURLToPath(new URL(place, import.meta.url)))
  .find((file) => existsSync(file));

/** Of pkexec: the question was closed; it may not be done, or could not even be asked. */
const DISMISSED = 126;
const REFUSED = 127;

export type Faulty = ReturnType<typeof fault>;

/** As the program prints it. */
export type Changed =
  | { readonly ok: true; readonly isChanged: boolean }
  | { readonly ok: false; readonly code: string; readonly sentence: string };

interface Ended {
  /** undefined when it could not be started. */
  readonly code: number | undefined;
  readonly output: string;
  readonly complaint: string;
}

export async function runPreferProgram(word: 'on' | 'off', askPassword: boolean): Promise<Changed | Faulty> {
  if (PROGRAM === undefined) return fault('failed', 'The program miredo-prefer is not installed.');
  if (process.geteuid?.() === 0) return resultOf(await run(process.execPath, [PROGRAM, word]));
  // pkexec cannot be told to ask nobody.
  if (!askPassword && !(await isAllowedAlready())) return mayNot();
  // pkexec's own agent for terminals fails outside of sessions (polkit 122: "No session for cookie").
  const agent = isWanted(askPassword) ? await startAgent() : undefined;
  const ended = await run('pkexec', ['--disable-internal-agent', PROGRAM, word]);
  await agent?.end();
  if (ended.code === undefined) return fault('not-authorised', `pkexec cannot be run (${PREFER_ACTION}).`);
  if (ended.output !== '') return resultOf(ended);
  if (ended.code === DISMISSED) return fault('dismissed', 'The question for a password was closed.');
  return ended.code === REFUSED ? mayNot() : resultOf(ended);
}

const mayNot = (): Faulty => fault('not-authorised', `polkit does not allow this (${PREFER_ACTION}).`);

async function isAllowedAlready(): Promise<boolean> {
  const words = ['--action-id', PREFER_ACTION, '--process', String(process.pid)];
  return (await run('pkcheck', words)).code === 0;
}

function resultOf({ output, complaint, code }: Ended): Changed | Faulty {
  try {
    return JSON.parse(output) as Changed;
  } catch {
    const why = complaint.trim().split('\n').at(-1) || `exit code ${code}`;
    return fault('failed', `miredo-prefer has failed: ${why}`);
  }
}

function run(program: string, words: readonly string[]): Promise<Ended> {
  // Where that is no shell of the system's, pkexec does nothing at all.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'SHELL'));
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: ['inherit', 'pipe', 'pipe'], env });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', ({ message }) => resolve({ code: undefined, output: '', complaint: message }));
    child.on('close', (code) => resolve({ code: code ?? -1, output, complaint }));
  });
}
