/** What may be written to a terminal: colours when they are wanted, and nothing that would move its cursor. */

export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly busy: (text: string) => string;
  readonly faint: (text: string) => string;
}

const sgr =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;
const asIs = (text: string): string => text;

export const COLOURED: Style = { good: sgr(32), bad: sgr(31), busy: sgr(33), faint: sgr(2) };
export const PLAIN: Style = { good: asIs, bad: asIs, busy: asIs, faint: asIs };

/** Colours on a terminal only, and never against the user's wish: https://no-color.org. */
export function styleFor(isTerminal: boolean, environment: NodeJS.ProcessEnv): Style {
  const { NO_COLOR, TERM } = environment;
  const isUnwanted = (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb';
  return isTerminal && !isUnwanted ? COLOURED : PLAIN;
}

/** Text of others, such as a server's name, without control characters. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, '\u{fffd}');

/** As much of a text as fits in so many columns. */
export const fitted = (text: string, columns: number): string =>
  [...text].length <= columns ? text : `${[...text].slice(0, columns - 1).join('')}…`;

/** Lines of at most so many columns, the second and later ones indented; words that are too long stay whole. */
export function wrapped(text: string, columns: number, indent: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > Math.max(20, columns - indent)) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

/** Rows of a label and its value, the values below each other. */
export function aligned(rows: readonly (readonly [label: string, value: string])[], style: Style): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${style.faint(label.padEnd(width))}  ${value}\n`).join('');
}

export interface Column {
  readonly title: string;
  /** Printable. */
  readonly cells: readonly string[];
}

/** Rows below a line of titles. Columns with nothing in them are left out; the last one gives way on a narrow terminal. */
export function table(columns: readonly Column[], room: number | undefined, style: Style): string[] {
  const shown = columns.filter(({ cells }) => cells.some((cell) => cell !== ''));
  const widths = shown.map(({ title, cells }) => Math.max(title.length, ...cells.map((cell) => cell.length)));
  const line = (cells: readonly string[]): string => {
    const text = cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
    return room === undefined ? text : fitted(text, room);
  };
  const rows = columns[0]?.cells.map((_, row) => line(shown.map(({ cells }) => cells[row] ?? ''))) ?? [];
  return [style.faint(line(shown.map(({ title }) => title))), ...rows];
}
