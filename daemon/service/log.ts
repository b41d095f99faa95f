/** One line per event a person can act on. */

export type Level = 'error' | 'warning' | 'notice' | 'info';

export type Log = (level: Level, message: string) => void;

/** Priorities of syslog(3), which journald reads from the start of a line when it holds our standard error. */
const PRIORITY: Readonly<Record<Level, number>> = { error: 3, warning: 4, notice: 5, info: 6 };

/** To standard error: with a priority for journald, with the program's name for everybody else. */
export function stderrLog(program: string): Log {
  const toJournal = process.env['JOURNAL_STREAM'] !== undefined;
  return (level, message) => {
    const word = level === 'error' || level === 'warning' ? `${level}: ` : '';
    process.stderr.write(toJournal ? `<${PRIORITY[level]}>${message}\n` : `${program}: ${word}${message}\n`);
  };
}
