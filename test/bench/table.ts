/** The results for a terminal: a line a metric, a column a contestant, and how many times C's value ours is. */
import { CONTESTANTS, TITLES } from './arenas.js';
import { median, type Results } from './results.js';
import { judge, verdictText } from './targets.js';

const WIDTH = 14;

const titles: Readonly<Record<string, string>> = TITLES;

/** Three significant digits, thousands apart. */
export function figure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}

function ratio(results: Results, metric: string): string {
  const [ours, c] = [results.median(metric, 'ours'), results.median(metric, 'c')];
  return ours === undefined || c === undefined ? '' : `${figure(ours / c)} ×`;
}

function cell(results: Results, metric: string, contestant: string): string {
  const value = results.median(metric, contestant);
  return value === undefined ? '' : figure(value);
}

/** Columns of this run: those who compete first, then the others (what Node takes, what the generator can). */
function columns(results: Results): string[] {
  const seen = new Set(results.series.map(({ contestant }) => contestant));
  const known = CONTESTANTS.filter((name) => seen.has(name));
  return [...known];
}

export function table(results: Results): string {
  const names = columns(results);
  const others = results.series.filter(({ contestant }) => !(names as string[]).includes(contestant));
  const head = ['', ...names.map((name) => titles[name] ?? name), 'ours / C'];
  const widths = head.map((text, i) => (i === 0 ? 34 : Math.max(WIDTH, text.length + 2)));
  const line = (cells: readonly string[]): string =>
    cells.map((text, i) => (i === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[i] ?? 0))).join('');
  const rows = results.metrics
    .filter((metric) => names.some((name) => results.median(metric, name) !== undefined))
    .map((metric) =>
      line([
        `${metric}, ${results.unit(metric)}`,
        ...names.map((name) => cell(results, metric, name)),
        ratio(results, metric),
      ]),
    );
  const extra = others.map(
    ({ metric, contestant, unit, values }) => `${metric}, ${contestant}: ${figure(median(values))} ${unit}`,
  );
  const verdicts = judge(results).map(verdictText);
  return [line(head), ...rows, '', ...extra, '', ...verdicts].join('\n');
}
