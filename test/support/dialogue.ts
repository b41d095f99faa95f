/** A program on a terminal of its own, and the person in front of it. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Ended {
  readonly code: number;
  /** All that the terminal has shown, the keys that were pressed included. */
  readonly text: string;
}

export class Dialogue {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  #wake: () => void = () => {};
  text = '';

  /** `argv` has to make the terminal, with script(1), say. */
  constructor(argv: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => resolve({ code: code ?? -1, text: this.text }));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async shows(pattern: RegExp): Promise<void> {
    let hasEnded = false;
    void this.ended.then(() => {
      hasEnded = true;
      this.#wake();
    });
    while (!pattern.test(this.text)) {
      if (hasEnded) throw new Error(`ended without ${pattern}: ${this.text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
