/** The commands of miredoctl(1) as data: parsed, and told by --help, the manual and the shells' completion. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from '../service/command-line.js';
import { EXIT, EXIT_SENTENCES, type ExitCode } from './exit-codes.js';
import { addPreferCommands, type PreferRequest } from './prefer-command-line.js';
import { addServerCommands, type ServerRequest } from './server-command-line.js';

/** Seconds. */
export const DEFAULT_TIMEOUT = 60;
const LONGEST_TIMEOUT = 3600;

export type CtlRequest =
  | { readonly command: 'status'; readonly json: boolean; readonly watch: boolean }
  | {
      readonly command: 'start' | 'restart';
      readonly wait: boolean;
      readonly timeout: number;
      readonly server: string | undefined;
    }
  | { readonly command: 'stop' }
  | ServerRequest
  | PreferRequest
  | { readonly command: 'monitor'; readonly json: boolean }
  | { readonly command: 'diagnose'; readonly json: boolean }
  | { readonly command: 'version' };

/** A request, and whether a password may be asked for on the terminal. */
export interface CtlWords {
  readonly request: CtlRequest;
  readonly askPassword: boolean;
}

/** What the user asked for, or the exit code when there is nothing left to do: help, version, or a mistake. */
export function parseCtlCommandLine(words: readonly string[]): CtlWords | ExitCode {
  let request: CtlRequest | undefined;
  const command = describeCtl((chosen) => {
    request = chosen;
  });
  try {
    command.parse([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
  if (request === undefined) return EXIT.usage;
  return { request, askPassword: command.opts<{ askPassword: boolean }>().askPassword };
}

interface Waiting {
  readonly wait: boolean;
  readonly timeout: number;
  readonly server?: string;
}

export function describeCtl(choose: (request: CtlRequest) => void = () => undefined): Command {
  const program = new Command('miredoctl')
    .description('Shows and controls the Teredo tunnel of the miredo daemon, over the system bus.')
    .option('--no-ask-password', 'ask for no password on this terminal')
    .helpOption('-h, --help', 'show the options and exit')
    .helpCommand(false)
    .version(`miredoctl ${version()}\nLicence: MIT`, '-V, --version', 'show the version and exit')
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`miredoctl: ${text}`) })
    .addHelpText('after', exitCodesText());
  program
    .command('status')
    .description('show the state of the tunnel; the exit code tells it too')
    .option('-j, --json', 'print one JSON object')
    .option('-w, --watch', 'go on, and show every change')
    .action(({ json = false, watch = false }: { json?: boolean; watch?: boolean }) =>
      choose({ command: 'status', json, watch }),
    );
  addStartCommands(program, choose);
  program
    .command('stop')
    .description('stop the tunnel: address and routes are gone when it returns')
    .action(() => choose({ command: 'stop' }));
  addServerCommands(program, choose);
  addReportCommands(program, choose);
  addPreferCommands(program, choose);
  const all = [...program.commands, ...program.commands.flatMap((command) => command.commands)];
  for (const command of all) command.helpOption('-h, --help', 'show the options and exit');
  return program;
}

function addStartCommands(program: Command, choose: (request: CtlRequest) => void): void {
  for (const command of ['start', 'restart'] as const) {
    const described = program
      .command(command)
      .description(command === 'start' ? 'start the tunnel' : 'qualify anew, and keep the interface')
      .option('--no-wait', 'return at once, not when the tunnel is qualified or has failed')
      .addOption(
        new Option('-t, --timeout <seconds>', 'how long to wait').argParser(readTimeout).default(DEFAULT_TIMEOUT),
      )
      .action(({ wait, timeout, server }: Waiting) => choose({ command, wait, timeout, server }));
    if (command === 'start')
      described.option(
        '-s, --server <server>',
        'use this server, for this run only; from now on when no other is known',
      );
  }
}

function addReportCommands(program: Command, choose: (request: CtlRequest) => void): void {
  program
    .command('monitor')
    .description('print what happens to the tunnel, a line each, until interrupted')
    .option('-j, --json', 'print a JSON object a line')
    .action(({ json = false }: { json?: boolean }) => choose({ command: 'monitor', json }));
  program
    .command('diagnose')
    .description('look step by step why there is no IPv6, or why programs do not use it')
    .option('-j, --json', 'print one JSON object')
    .action(({ json = false }: { json?: boolean }) => choose({ command: 'diagnose', json }));
  program
    .command('version')
    .description('show the versions of miredoctl and of the daemon')
    .action(() => choose({ command: 'version' }));
}

/** What can be run: `status`, `server list`, … Those that only group others are not among them. */
export function commandsOf(program: Command): readonly { readonly words: string; readonly command: Command }[] {
  return program.commands.flatMap((command) =>
    command.commands.length === 0
      ? [{ words: command.name(), command }]
      : commandsOf(command).map((inner) => ({ ...inner, words: `${command.name()} ${inner.words}` })),
  );
}

function readTimeout(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= LONGEST_TIMEOUT) return seconds;
  throw new InvalidArgumentError(`It is a whole number of seconds from 1 to ${LONGEST_TIMEOUT}.`);
}

function exitCodesText(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  const line = (name: keyof typeof EXIT): string => `  ${String(EXIT[name]).padStart(2)}  ${EXIT_SENTENCES[name]}`;
  return ['', 'Exit codes:', ...names.map(line)].join('\n');
}
