/** What the entry points of both daemons do: command line, going to the background, log, and the daemon's life. */
import { releaseStartUpPages } from '../io/start-up-pages.js';
import { sendUnixDatagram } from '../io/unix-datagram.js';
import { type Program, type ProgramOptions, parseCommandLine } from './command-line.js';
import { Daemon } from './daemon.js';
import { unreadConfiguration } from './default-configuration.js';
import { detach, detachedStart } from './detach.js';
import { absoluteWords } from './detach-words.js';
import { closeInherited } from './inherited.js';
import type { Log } from './log.js';
import { openLog } from './log-open.js';
import type { Role } from './role.js';
import { createNotifier } from './systemd-notify.js';

const STDERR = 2;

/** `role` is made when there is a log to complain to. Returns when the service works, or does not return. */
export async function programMain<Settings extends { readonly syslogFacility: Facility }>(
  program: Program,
  makeRole: (options: ProgramOptions, log: Log) => Role<Settings>,
): Promise<void> {
  const words = process.argv.slice(2);
  const options = parseCommandLine(program, words);
  if (typeof options === 'number') process.exit(options);
  const start = detachedStart();
  if (!options.foreground && start === undefined) {
    process.exit(await detach({ program: program.name, words: absoluteWords(program, words) }));
  }
  // Otherwise ps(1), pidof(8) and their like would know us as "node".
  process.title = program.name;
  if (start === undefined) closeInherited(STDERR);
  const logger = openLog({ program: program.name, foreground: options.foreground, send: sendUnixDatagram });
  const notifier = createNotifier({ send: sendUnixDatagram });
  if (start !== undefined) logger.echo((line) => start.report(line));
  const role = withWarning(program, options, makeRole(options, logger.log), logger.log);
  const daemon = new Daemon(program, options, role, { logger, notifier });
  await daemon.run();
  logger.echo(undefined);
  start?.ready();
  releaseStartUpPages();
}

/** Each time that the configuration is read, from where the command line does not say. */
function withWarning<Settings>(
  program: Program,
  { isConfigNamed }: ProgramOptions,
  role: Role<Settings>,
  log: Log,
): Role<Settings> {
  if (isConfigNamed) return role;
  const load = (): Settings | undefined => {
    const warning = unreadConfiguration(program);
    if (warning !== undefined) log('warning', warning);
    return role.load();
  };
  return { ...role, load };
}

type Facility = Parameters<ReturnType<typeof openLog>['setFacility']>[0];
