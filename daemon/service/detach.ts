/**
 * Running detached, as daemon(7) describes it for old-style daemons. Node cannot fork, so the program starts itself
 * again: in a session of its own, in /, with /dev/null for standard streams, and with a pipe on which it says what went
 * wrong, and when it is up. Who started it waits for that and leaves with an exit code that means something.
 *
 *     parent   detach()                        child   detachedStart()
 *       spawn ──────────────────────────────────▶
 *       prints ◀──────────── `L` text ─────────── report(line)
 *       exits with 0 ◀────── `R` ──────────────── ready()
 *       or with the child's code ◀─────────────── exit
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { EXIT_FAILURE, EXIT_OK } from './exit-codes.js';
import { closeInherited } from './inherited.js';

/** Tells a process that it is the child; its value is the number of the pipe. */
const VARIABLE = 'MIREDO_START_PIPE';
const PIPE = 3;
/** What daemons create files with. */
const UMASK = 0o022;
/** Milliseconds from start to `ready`. */
const START_LIMIT = 60_000;
/** Milliseconds that a child has to leave nothing behind. */
const END_LIMIT = 3000;
/** Characters of one line from the child; more is not a line of ours. */
const LINE_LIMIT = 65_536;

export interface DetachOptions {
  /** For the parent's own messages. */
  readonly program: string;
  /** The command line for the child, with absolute paths: see absoluteWords in detach-words.ts. */
  readonly words: readonly string[];
  /** Default: the script that is running. */
  readonly script?: string;
  /** Where lines go; default: standard error. */
  readonly print?: (line: string) => void;
  /** Milliseconds; default: a minute. */
  readonly limit?: number;
}

/** Starts the program again, detached. Resolves to this process's exit code; nothing is left to do but to exit. */
export async function detach(options: DetachOptions): Promise<number> {
  const print = options.print ?? ((line: string) => process.stderr.write(`${line}\n`));
  const script = options.script ?? process.argv[1] ?? '';
  process.umask(UMASK);
  const child = spawn(process.execPath, [...process.execArgv, script, ...options.words], {
    cwd: '/',
    detached: true,
    env: { ...process.env, [VARIABLE]: String(PIPE) },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return new Start(options.program, child, print).outcome(options.limit ?? START_LIMIT);
}

/** What the parent knows of its child. */
class Start {
  readonly #program: string;
  readonly #child: ChildProcess;
  readonly #print: (line: string) => void;
  /** Why we end it, and with which code we leave then. */
  #given: { readonly code: number } | undefined;
  #finish: (code: number) => void = () => {};

  constructor(program: string, child: ChildProcess, print: (line: string) => void) {
    this.#program = program;
    this.#child = child;
    this.#print = print;
  }

  outcome(limit: number): Promise<number> {
    const child = this.#child;
    const timer = setTimeout(() => this.#giveUp(limit), limit);
    const unlisten = this.#listenToSignals();
    const result = new Promise<number>((resolve) => {
      this.#finish = resolve;
    });
    child.on('error', (error) => {
      this.#say(`cannot start itself again in the background: ${error.message}; run it with -f to stay here`);
      this.#finish(EXIT_FAILURE);
    });
    // After "close" nothing more comes through the pipe: the child's last words are out.
    child.on('close', (code, signal) => this.#finish(this.#codeOf(code, signal)));
    this.#readPipe(child.stdio[PIPE] as Readable);
    return result.finally(() => {
      clearTimeout(timer);
      unlisten();
    });
  }

  #readPipe(pipe: Readable): void {
    let text = '';
    pipe.setEncoding('utf8');
    pipe.on('error', () => {}); // the child is gone: "close" tells
    pipe.on('data', (chunk: string) => {
      const lines = (text + chunk).slice(-LINE_LIMIT).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    });
  }

  #take(line: string): void {
    if (line.startsWith('L')) this.#print(line.slice(1));
    else if (line === 'R' && this.#given === undefined) this.#finish(EXIT_OK);
  }

  #codeOf(code: number | null, signal: NodeJS.Signals | null): number {
    if (this.#given !== undefined) return this.#given.code;
    if (code !== null && code !== 0) return code;
    this.#say(signal === null ? 'ended during its start' : `was ended by ${signal} during its start`);
    return EXIT_FAILURE;
  }

  #giveUp(limit: number): void {
    this.#say(`is not up after ${limit / 1000} s, ending it`);
    this.#end(EXIT_FAILURE);
  }

  /** The terminal's signals reach only us: the child is in another session. */
  #listenToSignals(): () => void {
    const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
      const listener = (): void => this.#end(128 + constants.signals[signal]);
      process.on(signal, listener);
      return () => process.off(signal, listener);
    });
    return () => {
      for (const remove of listeners) remove();
    };
  }

  #end(code: number): void {
    if (this.#given !== undefined) return;
    this.#given = { code };
    this.#kill('SIGTERM');
    setTimeout(() => {
      this.#kill('SIGKILL');
      this.#finish(code);
    }, END_LIMIT).unref();
  }

  /** The whole session: processes that the child started may not outlive it. */
  #kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It is gone already.
    }
  }

  #say(sentence: string): void {
    this.#print(`${this.#program}: error: ${sentence}`);
  }
}

/** The child's side. */
export interface DetachedStart {
  /** One line for whoever started us, without its end. */
  report(line: string): void;
  /** We are up: the parent leaves. Nothing is reported any more. */
  ready(): void;
}

/** undefined when this process was not started by {@link detach}. To be called before any descriptor is opened. */
export function detachedStart(environment: NodeJS.ProcessEnv = process.env): DetachedStart | undefined {
  const isChild = environment[VARIABLE] === String(PIPE) && isStream(PIPE);
  delete environment[VARIABLE];
  if (!isChild) return undefined;
  closeInherited(PIPE);
  return new StartPipe();
}

class StartPipe implements DetachedStart {
  #open = true;

  report(line: string): void {
    if (this.#open) this.#write(`L${line.replaceAll('\n', ' ')}\n`);
  }

  ready(): void {
    if (!this.#open) return;
    this.#write('R\n');
    this.#open = false;
    closeSync(PIPE);
  }

  #write(text: string): void {
    try {
      writeSync(PIPE, text);
    } catch {
      // Whoever waited is gone. The log has it too.
    }
  }
}

function isStream(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isSocket() || stat.isFIFO();
  } catch {
    return false;
  }
}
