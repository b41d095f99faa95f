/**
 * A long-running program in a namespace of the lab: its output goes to a file, and it can be stopped and waited for.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { inNamespace } from './namespaces.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly pid: number;
  readonly name: string;
  readonly argv: readonly string[];
  /** Both output streams, as written. */
  readonly logFile: string;
  /** `performance.now()` of the start. */
  readonly startedAt: number;
  readonly exited: Promise<Exit>;
  /** Set once it has ended. */
  readonly exit: () => Exit | undefined;
  readonly log: () => string;
  /** SIGTERM, and SIGKILL after two seconds. */
  readonly stop: () => Promise<Exit>;
  readonly signal: (signal: NodeJS.Signals) => void;
}

const PATIENCE = 2_000;

export interface ProgramOptions {
  readonly name: string;
  readonly namespace: string;
  readonly argv: readonly string[];
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function startProgram(options: ProgramOptions): Program {
  const { name, logFile } = options;
  const [command = '', ...args] = inNamespace(options.namespace, options.argv);
  const log = openSync(logFile, 'a');
  const startedAt = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...process.env, ...options.env } });
  closeSync(log);
  if (child.pid === undefined) throw new Error(`${name}: cannot start ${options.argv.join(' ')}`);
  const pid = child.pid;
  let ended: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.on('exit', (code, signal) => {
      ended = { code, signal };
      resolve(ended);
    });
  });
  const signal = (which: NodeJS.Signals): void => {
    if (ended === undefined) child.kill(which);
  };
  const stop = async (): Promise<Exit> => {
    signal('SIGTERM');
    const timer = setTimeout(() => signal('SIGKILL'), PATIENCE);
    const exit = await exited;
    clearTimeout(timer);
    return exit;
  };
  return {
    pid,
    name,
    argv: options.argv,
    logFile,
    startedAt,
    exited,
    exit: () => ended,
    log: () => readFileSync(logFile, 'utf8'),
    stop,
    signal,
  };
}

/** Why waiting for a program's effect is pointless: it has ended. For {@link WaitOptions.abort}. */
export function endedReason(program: Program): string | undefined {
  const exit = program.exit();
  if (exit === undefined) return undefined;
  const ending = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  return `${program.name} ended with ${ending}:\n${program.log()}`;
}
