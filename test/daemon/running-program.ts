/** A program of ours that runs, seen from outside: its lines, its end, its children. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type ProgramName = 'miredo' | 'miredo-server';

const FILES: { readonly [name in ProgramName]: string } = { miredo: 'main.js', 'miredo-server': 'server-main.js' };

/** Milliseconds; whatever is waited for takes far less. */
const PATIENCE = 15_000;

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class RunningProgram {
  readonly startedAt = performance.now();
  readonly exited: Promise<Ending>;
  output = '';
  #ending: Ending | undefined;
  readonly #child: ChildProcess;
  #wake: (() => void)[] = [];

  constructor(name: ProgramName, args: readonly string[]) {
    const file = fileURLToPath(new URL(`../../daemon/${FILES[name]}`, import.meta.url));
    this.#child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#wakeAll();
      });
    }
    this.exited = new Promise((resolve) => {
      // "close": all output is there by then. A program's children do not hold its standard error.
      this.#child.on('close', (code, signal) => {
        this.#ending = { code, signal };
        resolve(this.#ending);
        this.#wakeAll();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until the output matches, from its `from`th character on. */
  async says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const match = pattern.exec(this.output.slice(from));
      if (match !== null) return match;
      if (this.#ending !== undefined) throw new Error(`It ended without ${pattern}:\n${this.output}`);
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`No ${pattern} in ${PATIENCE} ms:\n${this.output}`);
      await this.#somethingHappened(left);
    }
  }

  /** Signals it, and waits for its end; how it ended, and after how many milliseconds. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending & { readonly after: number }> {
    const before = performance.now();
    this.signal(signal);
    const ending = await this.exited;
    return { ...ending, after: performance.now() - before };
  }

  /** Processes that it started and that live. */
  children(): number[] {
    const text = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    return text.trim().split(' ').filter(Boolean).map(Number);
  }

  #somethingHappened(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Asks until the answer is yes: for what the kernel does not announce. */
export async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`Not in ${PATIENCE} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
