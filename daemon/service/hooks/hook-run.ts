/** One run of one hook: a process group of its own, with nothing of ours but the environment it is given. */
import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import type { Log } from '../log.js';
import type { HookEvent } from './hook-event.js';
import type { Hook } from './hook-files.js';

/** Milliseconds that a hook may take. */
export const HOOK_TIME_LIMIT = 30_000;
/** Milliseconds to wait for the end of its output, should somebody who left its process group hold it. */
const OUTPUT_PATIENCE = 500;
/** BOUNDED: what one run may put into the log, in lines and in characters of a line. */
const LINES = 100;
const LINE_LENGTH = 500;

export interface HookCall {
  readonly hook: Hook;
  readonly event: HookEvent;
  readonly environment: { readonly [name: string]: string };
  /** Of the user without privilege. */
  readonly uid: number;
  readonly gid: number;
  /** Milliseconds, instead of HOOK_TIME_LIMIT. */
  readonly timeLimit?: number;
}

export interface HookRun {
  /** Resolves when nothing of it is left, whatever came of it. */
  readonly ended: Promise<void>;
  kill(): void;
}

export function runHook(call: HookCall, log: Log): HookRun {
  const { hook, timeLimit = HOOK_TIME_LIMIT } = call;
  const name = basename(hook.path);
  const fields = { EVENT: 'hook', HOOK: hook.path };
  const child = start(call);
  if (child instanceof Error) {
    log('warning', cannotRun(hook, child), fields);
    return { ended: Promise.resolve(), kill: () => {} };
  }
  const say = (line: string): void => log('info', `hook ${name}: ${line}`, fields);
  const output = new HookOutput(say);
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) output.read(stream);
  let isKilled = false;
  const kill = (): void => {
    isKilled = true;
    killGroup(child);
  };
  const timer = setTimeout(() => {
    log('warning', `hook ${name} was ended: it took longer than ${timeLimit / 1000} s`, fields);
    kill();
  }, timeLimit);
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      clearTimeout(timer);
      log('warning', cannotRun(hook, error), fields);
      resolve();
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      // What it left behind must not pile up.
      killGroup(child);
      if (code !== 0 && !isKilled) {
        log('warning', `hook ${name} ended with ${signal ?? `exit code ${code}`}`, fields);
      }
      const patience = setTimeout(() => output.destroy(), OUTPUT_PATIENCE);
      child.on('close', () => {
        clearTimeout(patience);
        output.end();
        resolve();
      });
    });
  });
  return { ended, kill };
}

function start({ hook, event, environment, uid, gid }: HookCall): ChildProcess | Error {
  try {
    return spawn(hook.path, [event], {
      cwd: '/',
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(hook.asRoot ? {} : { uid, gid }),
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function cannotRun({ path, asRoot }: Hook, { message }: Error): string {
  const who = asRoot ? 'root' : 'the user without privilege, who has to be able to read it';
  return `hook ${path} cannot be run (${message}); it is run as ${who}: chmod 755 ${path}`;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it is left.
  }
}

/** What a hook says, line by line. */
class HookOutput {
  readonly #say: (line: string) => void;
  /** What came after the last end of a line. */
  readonly #rests = new Map<Readable, string>();
  #lines = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  read(stream: Readable): void {
    this.#rests.set(stream, '');
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${this.#rests.get(stream) ?? ''}${text}`.split('\n');
      this.#rests.set(stream, (lines.pop() ?? '').slice(0, LINE_LENGTH));
      for (const line of lines) this.#line(line);
    });
  }

  end(): void {
    for (const rest of this.#rests.values()) if (rest !== '') this.#line(rest);
    if (this.#lines > LINES) this.#say(`${this.#lines - LINES} more lines are not shown`);
  }

  destroy(): void {
    for (const stream of this.#rests.keys()) stream.destroy();
  }

  #line(line: string): void {
    this.#lines += 1;
    if (this.#lines <= LINES) this.#say(line.slice(0, LINE_LENGTH));
  }
}
