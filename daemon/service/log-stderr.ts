/** Standard error as a destination: plain lines for people, lines with a priority for journald. */
import { constants, fstatSync, openSync, type Stats, writeSync } from 'node:fs';
import { type Destination, type LogRecord, type Outcome, PRIORITY } from './log-record.js';

const STDERR = 2;
const NOTHING = new Uint8Array();

/** What a person reads on a terminal. */
export function plainLine(program: string, { level, message }: LogRecord): string {
  const word = level === 'error' || level === 'warning' ? `${level}: ` : '';
  return `${program}: ${word}${message}\n`;
}

/** With the priority where journald looks for it, see sd-daemon(3); it knows the program by itself. */
export function journalLine({ level, message }: LogRecord): string {
  return `<${PRIORITY[level]}>${message}\n`;
}

/**
 * Whether journald reads our standard error: systemd gives device and inode of the stream that it connected, which may
 * have been redirected since, see sd_journal_stream_fd(3) and systemd.exec(5), $JOURNAL_STREAM.
 */
export function isJournalStream(environment: NodeJS.ProcessEnv, fd: number = STDERR): boolean {
  const stream = environment['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

export class StderrDestination implements Destination {
  readonly #fd: number;
  readonly #format: (record: LogRecord) => string;
  /** End of a line of which only the beginning could be written. */
  #rest: Uint8Array = NOTHING;

  constructor(program: string, environment: NodeJS.ProcessEnv = process.env) {
    this.#fd = openUnblocking();
    this.#format = isJournalStream(environment) ? journalLine : (record) => plainLine(program, record);
  }

  write(record: LogRecord): Outcome {
    const before = this.#put(this.#rest);
    if (before !== 'done') return before;
    const bytes = Buffer.from(this.#format(record));
    const outcome = this.#put(bytes);
    if (outcome !== 'busy') return outcome;
    if (this.#rest.length < bytes.length) return 'done'; // it has begun: it is ours to finish
    this.#rest = NOTHING;
    return 'busy';
  }

  #put(bytes: Uint8Array): Outcome {
    this.#rest = bytes;
    try {
      while (this.#rest.length > 0) this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest));
      return 'done';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 'busy';
      this.#rest = NOTHING;
      return 'failed';
    }
  }
}

/**
 * A descriptor for standard error that never makes us wait for who reads it. Whether writing waits is a property of
 * the open file, which we share with the shell; so pipes and terminals are opened anew. A socket cannot be, and a file
 * must not be (its offset is shared), but never waits either.
 */
function openUnblocking(): number {
  let kind: Stats;
  try {
    kind = fstatSync(STDERR);
  } catch {
    return STDERR;
  }
  if (kind.isSocket()) void process.stderr; // looked at, it becomes a stream of Node's, which does not wait
  if (!kind.isFIFO() && !kind.isCharacterDevice()) return STDERR;
  try {
    return openSync(`/proc/self/fd/${STDERR}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return STDERR; // another user's pipe, or no /proc
  }
}
