/**
 * pino as the logger: it decides by level what is said.
 *
 * Imported in the plain way, so that it goes into the programs' bundles: there it costs 6 ms of start-up, and 20 ms or
 * more when Node looks for its files one by one.
 */
import { type DestinationStream, pino } from 'pino';
import { type Fields, type Level, type LogRecord, PRIORITY } from './log-record.js';
import { oneLine } from './log-text.js';

/** What pino carries beside the text. */
interface Carried {
  readonly fields: Fields;
  readonly time: number;
}

const LEVELS = new Map(Object.entries(PRIORITY).map(([name, value]) => [value as number, name as Level]));

export class LevelledLogger {
  readonly #pino: ReturnType<typeof createPino>;

  /** `level`: the least severe that is said. */
  constructor(level: Level, pass: (record: LogRecord) => void) {
    this.#pino = createPino(level, recordStream(pass));
  }

  say(level: Level, message: string, fields: Fields = {}): void {
    if (!this.#pino.isLevelEnabled(level)) return; // before the work on the text
    const carried: Carried = { fields, time: Date.now() };
    this.#pino[level](carried, oneLine(message));
  }

  setLevel(level: Level): void {
    this.#pino.level = level;
  }
}

function createPino(level: Level, stream: DestinationStream) {
  const options = {
    level,
    customLevels: PRIORITY,
    useOnlyCustomLevels: true as const,
    levelComparison: 'DESC' as const,
    base: null,
    timestamp: false,
  };
  return pino(options, stream);
}

/** pino writes JSON to a stream; with this symbol on it, it leaves beside it what the JSON was made of. */
function recordStream(pass: (record: LogRecord) => void): DestinationStream {
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
