/** One line per event a person can act on: what the program calls to tell it, and what it means. */
import type { Fields, Level } from './log-record.js';
import { StderrDestination } from './log-stderr.js';
import { oneLine } from './log-text.js';

export type { Fields, Level } from './log-record.js';

/** Neither throws nor blocks, whatever the state of the destinations. */
export type Log = (level: Level, message: string, fields?: Fields) => void;

/** The arguments of {@link Log}: `log(...entry)`. */
export type LogEntry = readonly [level: Level, message: string, fields?: Fields];

/** To standard error, without the wait, the levels and the other destinations of log-open.ts: for the first lines. */
export function stderrLog(program: string): Log {
  const destination = new StderrDestination(program);
  return (level, message, fields = {}) => {
    destination.write({ level, message: oneLine(message), fields, time: Date.now() });
  };
}
