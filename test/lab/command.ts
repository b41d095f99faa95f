/**
 * Running one program to its end and collecting what it says. No shell is involved.
 */
import { spawn, spawnSync } from 'node:child_process';

/** `ip` and `nft` live in the system's folders, which are not in every user's PATH. */
process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`;

export interface CommandOptions {
  /** Written to standard input, which is closed after it. */
  readonly input?: string;
  /** Milliseconds until the program is killed; 10,000 by default. */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface CommandResult {
  /** Exit code, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that had to succeed and did not, with everything it said. */
export class CommandFailure extends Error {
  readonly code = 'command-failed';

  constructor(argv: readonly string[], result: CommandResult, input: string | undefined) {
    const ending = result.signal === null ? `exit code ${result.code}` : `signal ${result.signal}`;
    const fed = input === undefined ? '' : `\nits input was:\n${input}`;
    super(`${argv.join(' ')} ended with ${ending}\n${result.stderr}${result.stdout}${fed}`);
  }
}

const DEFAULT_TIMEOUT = 10_000;

/** Resolves whatever the exit code; rejects only when the program cannot be started. */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [command, ...args] = argv;
  if (command === undefined) throw new TypeError('run: empty command');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: options.env ?? process.env });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? DEFAULT_TIMEOUT);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
    child.stdin.on('error', () => undefined); // the program may end without reading it all
    child.stdin.end(options.input ?? '');
  });
}

/** As {@link run}, but anything other than exit code 0 is a {@link CommandFailure}. */
export async function mustRun(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const result = await run(argv, options);
  if (result.code !== 0) throw new CommandFailure(argv, result, options.input);
  return result;
}

/** For exit handlers, where nothing asynchronous runs any more. */
export function runNow(argv: readonly string[], input = ''): CommandResult {
  const [command, ...args] = argv;
  if (command === undefined) throw new TypeError('runNow: empty command');
  const result = spawnSync(command, args, { input, encoding: 'utf8', timeout: DEFAULT_TIMEOUT });
  return { code: result.status, signal: result.signal, stdout: result.stdout ?? '', stderr: result.stderr ?? '' };
}
