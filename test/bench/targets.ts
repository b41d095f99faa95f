/** What is to be reached: ratios within one run, and two absolute bounds on memory. */
import type { Results } from './results.js';

interface Against {
  readonly metric: string;
  /** Who is measured. */
  readonly who: string;
  /** Divided by this one's value of the same metric. */
  readonly against: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const OURS = { who: 'ours', against: 'c' } as const;
const VXLAN = { who: 'ours', against: 'vxlan' } as const;

const RATIOS: readonly Against[] = [
  { metric: 'tcp-1-up', ...OURS, atLeast: 16 },
  { metric: 'tcp-1-down', ...OURS, atLeast: 12 },
  { metric: 'tcp-1-up', ...VXLAN, atLeast: 0.75 },
  { metric: 'tcp-1-down', ...VXLAN, atLeast: 0.75 },
  { metric: 'tcp-8-up', ...OURS, atLeast: 12 },
  { metric: 'tcp-8-down', ...OURS, atLeast: 12 },
  { metric: 'packets-up', ...OURS, atLeast: 6 },
  { metric: 'packets-down', ...OURS, atLeast: 6 },
  { metric: 'mixed-bursts', ...OURS, atLeast: 2 },
  { metric: 'mixed-single', ...OURS, atLeast: 2 },
  { metric: 'cpu-client-up', ...OURS, atMost: 1 / 15 },
  { metric: 'cpu-client-down', ...OURS, atMost: 1 / 15 },
  { metric: 'rtt-idle-p50', ...OURS, atMost: 1 },
  { metric: 'rtt-idle-p99', ...OURS, atMost: 1 },
  { metric: 'rtt-beside-up-p99', ...OURS, atMost: 3 },
  { metric: 'rtt-beside-down-p99', ...OURS, atMost: 3 },
  { metric: 'rtt-slow-up-p99', ...OURS, atMost: 3 },
  { metric: 'solicitations', ...OURS, atLeast: 3 },
];

const CLIENT_MEGABYTES = 100;
const BEYOND_NODE_MEGABYTES = 10;

export interface Verdict {
  readonly metric: string;
  /** What the value is: `ours / C miredo`. */
  readonly meaning: string;
  readonly value: number;
  readonly bound: string;
  readonly reached: boolean;
}

const names: Readonly<Record<string, string>> = { c: 'C miredo', vxlan: 'VXLAN' };

/** Rounded to what a reader compares: two digits below one, else one. */
const short = (value: number): string => (value < 1 ? value.toFixed(3) : value.toFixed(1));

function ratioVerdict(results: Results, { metric, who, against, atLeast, atMost }: Against): Verdict | undefined {
  const value = results.median(metric, who);
  const other = results.median(metric, against);
  if (value === undefined || other === undefined) return undefined;
  const ratio = value / other;
  const reached = atLeast === undefined ? ratio <= (atMost ?? Number.NaN) : ratio >= atLeast;
  const bound = atLeast === undefined ? `≤ ${short(atMost ?? Number.NaN)}` : `≥ ${atLeast}`;
  return { metric, meaning: `${who} / ${names[against] ?? against}`, value: ratio, bound, reached };
}

function memoryVerdicts(results: Results): Verdict[] {
  const ours = results.median('rss-client', 'ours');
  const bare = results.median('rss-client', 'two bare Node processes');
  if (ours === undefined || bare === undefined) return [];
  const verdict = (meaning: string, value: number, most: number): Verdict => ({
    metric: 'rss-client',
    meaning,
    value,
    bound: `≤ ${most}`,
    reached: value <= most,
  });
  return [
    verdict('ours, MB', ours, CLIENT_MEGABYTES),
    verdict('ours beyond two bare Node processes, MB', ours - bare, BEYOND_NODE_MEGABYTES),
  ];
}

/** Of the targets whose metrics were measured. */
export function judge(results: Results): Verdict[] {
  const ratios = RATIOS.map((target) => ratioVerdict(results, target)).filter((verdict) => verdict !== undefined);
  return [...ratios, ...memoryVerdicts(results)];
}

export const verdictText = ({ metric, meaning, value, bound, reached }: Verdict): string =>
  `${reached ? '✓' : '✗'} ${metric.padEnd(24)} ${meaning.padEnd(42)} ${short(value).padStart(8)}   wanted ${bound}`;
