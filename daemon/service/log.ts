/** One line per event a person can act on: what the program calls to tell it, and what it means. */
import type { Fields, Level } from './log-record.js';

export type { Fields, Level } from './log-record.js';

/** Neither throws nor blocks, whatever the state of the destinations. */
export type Log = (level: Level, message: string, fields?: Fields) => void;

/** The arguments of {@link Log}: `log(...entry)`. */
export type LogEntry = readonly [level: Level, message: string, fields?: Fields];
