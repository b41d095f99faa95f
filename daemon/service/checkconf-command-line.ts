/** The options of miredo-checkconf(8). */
import { Command, CommanderError, Option } from 'commander';
import type { FileKind } from './checkconf.js';
import { version } from './command-line.js';
import { defaultConfiguration } from './default-configuration.js';
import { EXIT_OK, EXIT_USAGE } from './exit-codes.js';
import { MIREDO, MIREDO_SERVER } from './programs.js';

export const CHECKCONF = {
  name: 'miredo-checkconf',
  summary: 'Checks configuration files of miredo and miredo-server, and tells every fault.',
} as const;

export interface CheckRequest {
  readonly files: readonly string[];
  /** undefined: each file tells by what is in it. */
  readonly kind: FileKind | undefined;
  /** Only what keeps the program from starting counts. */
  readonly onlyErrorsCount: boolean;
}

interface Options {
  readonly config?: readonly string[];
  readonly foreground?: true;
  readonly server?: true;
}

/** What to check, or the exit code when there is nothing left to do: help, version, or a mistake. */
export function parseCheckCommandLine(words: readonly string[]): CheckRequest | number {
  const command = describeCheckconf();
  try {
    command.parse([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    throw error;
  }
  const { config, foreground, server } = command.opts<Options>();
  const files = [...(config ?? []), ...command.args];
  return {
    files: files.length > 0 ? files : [defaultConfiguration(server ? MIREDO_SERVER : MIREDO)],
    kind: server ? 'miredo-server' : undefined,
    onlyErrorsCount: foreground ?? false,
  };
}

/**
 * The command as data: the manual is checked against it.
 *
 * -f, -p, -t and -u are miredo's. Start scripts hand the arguments of miredo to this program as well: Debian's unit
 * runs `miredo-checkconf -f FILE` before it starts miredo, and a warning must not keep that from starting.
 */
export function describeCheckconf(): Command {
  const gather = (file: string, files: readonly string[] | undefined): string[] => [...(files ?? []), file];
  const ofMiredo = 'taken and ignored, as an option of miredo';
  return new Command(CHECKCONF.name)
    .description(CHECKCONF.summary)
    .argument('[file...]', 'file to check')
    .addOption(new Option('-c, --config <file>', 'another way to name a file').argParser(gather))
    .addOption(new Option('--server', 'take the files for those of miredo-server'))
    .addOption(new Option('-f, --foreground', 'judge as for a start: warnings are told and do not count'))
    .addOption(new Option('-p, --pidfile <file>', ofMiredo))
    .addOption(new Option('-u, --user <user>', ofMiredo))
    .addOption(new Option('-t, --chroot <dir>', ofMiredo))
    .addOption(new Option('--username <user>', 'the same as --user').hideHelp())
    .addOption(new Option('--chrootdir <dir>', 'the same as --chroot').hideHelp())
    .helpOption('-h, --help', 'show the options and exit')
    .version(`${CHECKCONF.name} ${version()}\nLicence: MIT`, '-V, --version', 'show the version and exit')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${CHECKCONF.name}: ${text}`) });
}
