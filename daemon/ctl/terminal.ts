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

/** Rows of a label and its value, the values below each other. */
export function aligned(rows: readonly (readonly [label: string, value: string])[], style: Style): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${style.faint(label.padEnd(width))}  ${value}\n`).join('');
}
