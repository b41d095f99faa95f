/** The options that miredo(8) and miredo-server(8) share. */
import { existsSync, readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { defaultConfiguration } from './default-configuration.js';
import { EXIT_OK, EXIT_USAGE } from './exit-codes.js';

export interface ProgramOptions {
  readonly config: string;
  /** Whether `config` was given, and not the usual place. */
  readonly isConfigNamed: boolean;
  readonly foreground: boolean;
  readonly pidfile: string;
  readonly user: string | undefined;
  readonly chroot: string | undefined;
  /** The server named on the command line. */
  readonly server: string | undefined;
  /** Users start and stop the tunnel and choose the server, on the message bus. */
  readonly managed: boolean;
}

export interface Program {
  readonly name: string;
  readonly summary: string;
  readonly config: string;
  /** Read when there is no `config`: where distributions had it before. */
  readonly olderConfig: string;
  readonly pidfile: string;
  /** Whether a server may be named as the last word. */
  readonly takesServer: boolean;
  /** Whether it can leave it to its users when there is a tunnel. */
  readonly isManageable: boolean;
}

/** The C program's other words for --user and --chroot. */
interface Synonyms {
  readonly username?: string;
  readonly chrootdir?: string;
}

/** The version of package.json, which lies beside a bundle, or above this file. */
export function version(): string {
  const places = ['./package.json', '../../../package.json'].map((place) => new URL(place, import.meta.url));
  const file = places.find((place) => existsSync(place));
  if (file === undefined) return 'unknown';
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** What the user asked for, or the exit code when there is nothing left to do: help, version, or a mistake. */
export function parseCommandLine(program: Program, words: readonly string[]): ProgramOptions | number {
  const command = describe(program);
  try {
    command.parse([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    throw error;
  }
  const options = command.opts<Omit<ProgramOptions, 'server'> & Synonyms>();
  const isNamed = command.getOptionValueSource('config') !== 'default';
  return {
    config: isNamed ? options.config : defaultConfiguration(program),
    foreground: options.foreground ?? false,
    pidfile: options.pidfile,
    user: options.user ?? options.username,
    chroot: options.chroot ?? options.chrootdir,
    server: command.args[0],
    isConfigNamed: isNamed,
    managed: options.managed ?? false,
  };
}

/** The command as data: the manual is checked against it. */
export function describe(program: Program): Command {
  const command = new Command(program.name)
    .description(program.summary)
    .addOption(new Option('-c, --config <file>', 'configuration file').default(program.config))
    .addOption(new Option('-f, --foreground', 'stay in the foreground and log to standard error'))
    .addOption(new Option('-p, --pidfile <file>', 'file that holds the process id').default(program.pidfile))
    .addOption(new Option('-u, --user <user>', 'user to run as once privilege is no longer needed'))
    .addOption(new Option('-t, --chroot <dir>', 'directory to use as root after start'))
    .addOption(new Option('--username <user>', 'the same as --user').hideHelp())
    .addOption(new Option('--chrootdir <dir>', 'the same as --chroot').hideHelp())
    .helpOption('-h, --help', 'show the options and exit')
    .version(`${program.name} ${version()}\nLicence: MIT`, '-V, --version', 'show the version and exit')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${program.name}: ${text}`) });
  if (program.isManageable) {
    command.addOption(new Option('--managed', 'be idle until users start the tunnel on the message bus'));
  }
  if (program.takesServer) command.argument('[server_name]', 'Teredo server, instead of ServerAddress');
  return command;
}
