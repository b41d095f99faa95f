/**
 * The program's log: levels by pino, repeats said once, and each message to one destination only.
 *
 * - In the foreground: standard error; under systemd, journald itself, with fields.
 * - Detached: journald, or the system log where there is none.
 */
import type { SyslogFacility } from '../config/values.js';
import { JournalDestination } from './journal.js';
import type { Level, Log } from './log.js';
import { LogDelivery } from './log-delivery.js';
import { LevelledLogger } from './log-levels.js';
import { type Destination, type LogRecord, PRIORITY, type SendDatagram } from './log-record.js';
import { RepeatFilter } from './log-repeats.js';
import { isJournalStream, plainLine, StderrDestination } from './log-stderr.js';
import { SyslogDestination } from './syslog.js';

export interface LogOptions {
  readonly program: string;
  readonly foreground: boolean;
  readonly send: SendDatagram;
  /** Default: daemon, as in the file of configuration. */
  readonly facility?: SyslogFacility;
  /** The least severe that is said; default: info. */
  readonly level?: Level;
  readonly environment?: NodeJS.ProcessEnv;
  /** Default: the system's. */
  readonly sockets?: { readonly journal?: string; readonly syslog?: string };
}

export interface Logger {
  readonly log: Log;
  setLevel(level: Level): void;
  setFacility(facility: SyslogFacility): void;
  /**
   * Hands every further message of `level` or worse to `print` too, as a line without its end: for whoever started us
   * and waits. Ends with undefined.
   */
  echo(print: ((line: string) => void) | undefined, level?: Level): void;
}

export function openLog(options: LogOptions): Logger {
  return new ProgramLog(options);
}

class ProgramLog implements Logger {
  readonly #program: string;
  readonly #delivery: LogDelivery;
  readonly #repeats: RepeatFilter;
  readonly #levels: LevelledLogger;
  #facility: SyslogFacility;
  #print: ((line: string) => void) | undefined;
  #printLevel: Level = 'warning';

  constructor(options: LogOptions) {
    this.#program = options.program;
    this.#facility = options.facility ?? 'daemon';
    this.#delivery = new LogDelivery(
      chooseDestinations(options, () => ({ program: options.program, facility: this.#facility })),
    );
    this.#repeats = new RepeatFilter((record) => this.#delivery.deliver(record));
    this.#levels = new LevelledLogger(options.level ?? 'info', (record) => this.#take(record));
    process.once('exit', () => this.#finish());
  }

  readonly log: Log = (level, message, fields) => this.#levels.say(level, message, fields);

  setLevel(level: Level): void {
    this.#levels.setLevel(level);
  }

  setFacility(facility: SyslogFacility): void {
    this.#facility = facility;
  }

  echo(print: ((line: string) => void) | undefined, level: Level = 'warning'): void {
    this.#print = print;
    this.#printLevel = level;
  }

  #finish(): void {
    this.#repeats.flush();
    this.#delivery.finish();
  }

  #take(record: LogRecord): void {
    if (PRIORITY[record.level] <= PRIORITY[this.#printLevel]) {
      this.#print?.(plainLine(this.#program, record).trimEnd());
    }
    this.#repeats.take(record);
  }
}

type Identity = () => { readonly program: string; readonly facility: SyslogFacility };

/** The best first; the others are for when it fails. */
function chooseDestinations(options: LogOptions, identity: Identity): Destination[] {
  const { program, send, sockets = {}, environment = process.env } = options;
  const journal = new JournalDestination(identity, send, sockets.journal);
  const syslog = new SyslogDestination(identity, send, sockets.syslog);
  if (!options.foreground) return [journal, syslog];
  const stderr = new StderrDestination(program, environment);
  return isJournalStream(environment) ? [journal, stderr, syslog] : [stderr, syslog];
}
