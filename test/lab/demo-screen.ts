/**
 * How the demo looks: a time at the left of every line, colours on a terminal only.
 */
const useColours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (code: number, text: string): string => (useColours ? `\x1b[${code}m${text}\x1b[0m` : text);
const [BOLD, DIM, RED, GREEN, CYAN] = [1, 2, 31, 32, 36];

const startedAt = performance.now();

/** Milliseconds since the start of the demo. */
const clock = (): string => paint(DIM, `${(performance.now() - startedAt).toFixed(0).padStart(6)} ms`);

export const screen = {
  step: (text: string): void => console.log(`${clock()}  ${paint(BOLD, text)}`),
  detail: (text: string): void => console.log(`${clock()}    ${text}`),
  fact: (name: string, text: string): void => console.log(`${' '.repeat(13)}${paint(CYAN, name.padEnd(8))} ${text}`),
  summary: (lines: readonly string[]): void => {
    console.log('');
    for (const line of lines) console.log(`${paint(GREEN, '✔')} ${line}`);
  },
  failure: (text: string): void => console.error(`${paint(RED, '✖')} ${text}`),
};
