/**
 * pino as the logger: it decides by level what is said.
 *
 * Loading it takes as long as the rest of our start together (20 ms), so it is loaded when the program waits for
 * something anyway: the first messages wait for it, unless one of them is a warning or an error.
 */
import { createRequire } from 'node:module';
import type { default as Pino } from 'pino';
import { type Fields, type Level, type LogRecord, PRIORITY } from './log-record.js';
import { oneLine } from './log-text.js';

/** Milliseconds: sockets are open by then, and the first packet is on its way. */
const LOAD_DELAY = 30;
/** What waits for pino. */
const WAITING_LIMIT = 100;

type PinoLogger = Pino.Logger<Level, true>;

/** What pino carries beside the text. */
interface Carried {
  readonly fields: Fields;
  readonly time: number;
}

interface Said extends Carried {
  readonly level: Level;
  readonly message: string;
}

export class LevelledLogger {
  readonly #pass: (record: LogRecord) => void;
  #level: Level;
  #pino: PinoLogger | undefined;
  /** BOUNDED: by WAITING_LIMIT. */
  #waiting: Said[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `level`: the least severe that is said. */
  constructor(level: Level, pass: (record: LogRecord) => void) {
    this.#level = level;
    this.#pass = pass;
  }

  say(level: Level, message: string, fields: Fields = {}): void {
    const said = { level, message: oneLine(message), fields, time: Date.now() };
    if (this.#pino !== undefined) put(this.#pino, said);
    else this.#wait(said);
  }

  #wait(said: Said): void {
    this.#waiting.push(said);
    if (PRIORITY[said.level] <= PRIORITY.warning || this.#waiting.length >= WAITING_LIMIT) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), LOAD_DELAY).unref();
  }

  setLevel(level: Level): void {
    this.flush(); // what was said before is subject to the level of then
    this.#level = level;
    if (this.#pino !== undefined) this.#pino.level = level;
  }

  /** Whatever waits is said now. */
  flush(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    this.#pino ??= load(this.#level, this.#pass);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const said of waiting) put(this.#pino, said);
  }
}

function put(logger: PinoLogger, { level, message, fields, time }: Said): void {
  const carried: Carried = { fields, time };
  logger[level](carried, message);
}

function load(level: Level, pass: (record: LogRecord) => void): PinoLogger {
  const pino = createRequire(import.meta.url)('pino') as typeof Pino;
  const options = {
    level,
    customLevels: PRIORITY,
    useOnlyCustomLevels: true as const,
    levelComparison: 'DESC' as const,
    base: null,
    timestamp: false,
  };
  return pino(options, recordStream(pass));
}

const LEVELS = new Map(Object.entries(PRIORITY).map(([name, value]) => [value as number, name as Level]));

/** pino writes JSON to a stream; with this symbol on it, it leaves beside it what the JSON was made of. */
function recordStream(pass: (record: LogRecord) => void): Pino.DestinationStream {
  const stream = {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    lastMsg: '',
    lastObj: { fields: {}, time: 0 } as Carried,
    write(): void {
      const level = LEVELS.get(stream.lastLevel);
      if (level !== undefined) pass({ level, message: stream.lastMsg, ...stream.lastObj });
    },
  };
  return stream;
}
