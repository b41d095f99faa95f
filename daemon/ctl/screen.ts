/** Where miredoctl writes: standard output for what was asked for, standard error for progress and complaints. */
import { PLAIN, type Style, styleFor } from './terminal.js';

export interface Screen {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether a person looks at it. */
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Of the terminal; undefined when there is none. */
  readonly columns: number | undefined;
  readonly style: Style;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function processScreen(): Screen {
  const { stdout, stderr, env } = process;
  // The reader went away, as in `miredoctl monitor | head -1`: nothing is left to do.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const outIsTerminal = stdout.isTTY ?? false;
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    outIsTerminal,
    errIsTerminal: stderr.isTTY ?? false,
    // Some terminals do not know their width and say 0.
    columns: (stdout.isTTY ? stdout.columns : stderr.columns) || undefined,
    style: outIsTerminal ? styleFor(true, env) : PLAIN,
    now: Date.now,
  };
}
