/** The load generator (native/): compiled when its sources are newer, run in the places of a lab. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandFailure, run } from '../lab/command.js';
import { waitFor } from '../lab/kernel-view.js';
import type { Lab } from '../lab/lab.js';
import { inNamespace } from '../lab/namespaces.js';
import { endedReason, type Program } from '../lab/program.js';
import type { Place } from '../lab/topology.js';

/** Seen from build/test/bench. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCES = join(ROOT, 'test/bench/native');
const FOLDER = join(ROOT, 'build/bench');
const PROGRAM = join(FOLDER, 'traffic');

const files = (): string[] => readdirSync(SOURCES).map((name) => join(SOURCES, name));

export function compileLoadGenerator(): void {
  const isFresh = existsSync(PROGRAM) && files().every((file) => statSync(file).mtimeMs <= statSync(PROGRAM).mtimeMs);
  if (isFresh) return;
  mkdirSync(FOLDER, { recursive: true });
  const sources = files().filter((file) => file.endsWith('.cc'));
  execFileSync(process.env['CXX'] ?? 'c++', ['-O2', '-std=c++17', '-Wall', '-Wextra', '-o', PROGRAM, ...sources]);
}

export type Numbers = Readonly<Record<string, number>>;

const STARTING = 10_000;

/** The line of JSON that a part ends with. */
function numbersIn(text: string): Numbers | undefined {
  const line = text
    .trim()
    .split('\n')
    .findLast((candidate) => candidate.startsWith('{'));
  return line === undefined ? undefined : (JSON.parse(line) as Numbers);
}

/** Runs a part to its end. */
export async function traffic(place: Place, words: readonly (string | number)[], timeout = 60_000): Promise<Numbers> {
  const argv = inNamespace(place.namespace, [PROGRAM, ...words.map(String)]);
  const result = await run(argv, { timeout });
  const numbers = result.code === 0 ? numbersIn(result.stdout) : undefined;
  if (numbers === undefined) throw new CommandFailure(argv, result, undefined);
  return numbers;
}

/** Starts a part that listens, and waits until it does. */
export async function listen(lab: Lab, place: Place, words: readonly (string | number)[]): Promise<Program> {
  const program = lab.spawn(place, [PROGRAM, ...words.map(String)]);
  await waitFor(`traffic ${words[0]}`, () => (program.log().includes('ready') ? true : undefined), {
    timeout: STARTING,
    abort: () => endedReason(program),
  });
  return program;
}

/** Waits for a listener that ends by itself. */
export async function resultOf(program: Program): Promise<Numbers> {
  const { code } = await program.exited;
  const numbers = code === 0 ? numbersIn(program.log()) : undefined;
  if (numbers === undefined) throw new Error(`${program.argv.join(' ')} ended with ${code}:\n${program.log()}`);
  return numbers;
}
