/**
 * The syntax of miredo.conf(5): a directive and its value on a line, blanks between, `#` begins a comment, a value
 * may stand in quotes. CRLF and a last line without an end are fine.
 */

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly words: readonly string[];
  /** A quote that is not closed. */
  readonly openQuote: boolean;
}

/** The lines that say something. */
export function splitLines(text: string): Line[] {
  const withoutMark = text.startsWith('\ufeff') ? text.slice(1) : text;
  return withoutMark
    .split(/\r\n|\n|\r/)
    .map((line, index) => splitWords(line, index + 1))
    .filter((line) => line.words.length > 0 || line.openQuote);
}

const WORD = /"([^"]*)"|'([^']*)'|(#.*)|([^\s"'#][^\s]*)|(["'].*)/g;

function splitWords(text: string, number: number): Line {
  const words: string[] = [];
  for (const [, double, single, comment, bare, open] of text.matchAll(WORD)) {
    if (comment !== undefined) break;
    if (open !== undefined) return { number, words, openQuote: true };
    words.push(double ?? single ?? bare ?? '');
  }
  return { number, words, openQuote: false };
}
