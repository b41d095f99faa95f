/** A copy of the compiled program in which one text at a time is replaced, and the run of one test against it. */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This file is build/test/protocol/mutants.js. */
const BUILD = fileURLToPath(new URL('../../', import.meta.url));
const ROOT = join(BUILD, '..');
/** A mutant may loop for ever. */
const PATIENCE_MS = 20_000;

/** What a test said: passed, failed, or it was not there (or did not come to its end). */
export type Verdict = 'ok' | 'not ok' | 'absent';

/** A directory of its own; one mutant at a time lives in it. */
export class Mutants {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async prepare(): Promise<Mutants> {
    const directory = await mkdtemp(join(tmpdir(), 'miredo-mutants-'));
    const isCode = (path: string): boolean => !/\.(map|tsbuildinfo|md)$/.test(path);
    await cp(join(BUILD, 'daemon'), join(directory, 'daemon'), { recursive: true, filter: isCode });
    await cp(join(BUILD, 'test'), join(directory, 'test'), { recursive: true, filter: isCode });
    await cp(join(ROOT, 'package.json'), join(directory, 'package.json'));
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    return new Mutants(directory);
  }

  remove(): Promise<void> {
    return rm(this.#directory, { recursive: true, force: true });
  }

  /** Runs the tests whose names begin with `name` in the program as it is. */
  run(testFile: string, name: string): Promise<readonly TestResult[]> {
    return runTests(this.#directory, testFile, name);
  }

  /** Runs them with the one occurrence of `text` in `file` replaced; undefined when there is not just one. */
  async runWithout(
    file: string,
    text: string,
    replacement: string,
    testFile: string,
    name: string,
  ): Promise<readonly TestResult[] | undefined> {
    const path = join(this.#directory, file);
    const original = await readFile(path, 'utf8');
    const parts = original.split(text);
    if (parts.length !== 2) return undefined;
    await writeFile(path, parts.join(replacement));
    try {
      return await runTests(this.#directory, testFile, name);
    } finally {
      await writeFile(path, original);
    }
  }
}

export interface TestResult {
  readonly name: string;
  readonly verdict: Verdict;
}

/** Runs one file without a further process under it, and reads the TAP that it prints. */
async function runTests(directory: string, testFile: string, name: string): Promise<readonly TestResult[]> {
  const pattern = `^${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}`;
  const options = ['--test-reporter=tap', `--test-name-pattern=${pattern}`, join(directory, testFile)];
  const child = spawn(process.execPath, options, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'ignore'],
    // The outer runner tells its children to report to it in its own format.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    timeout: PATIENCE_MS,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return [...output.matchAll(/^(ok|not ok) \d+ - (.*)$/gm)].flatMap(([, verdict, rest = '']) => {
    const [title = '', directive] = rest.split(' # ');
    if (directive !== undefined || !title.startsWith(name)) return [];
    return [{ name: title, verdict: verdict === 'ok' ? 'ok' : 'not ok' } as const];
  });
}
