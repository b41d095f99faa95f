/** The main results as a drawing for the README: bars, each labelled with its number. */
import { type Contestant, TITLES } from './arenas.js';
import type { Results } from './results.js';
import { figure } from './table.js';

interface Panel {
  readonly metric: string;
  readonly title: string;
}

const PANELS: readonly Panel[] = [
  { metric: 'tcp-1-up', title: 'TCP from the client, one stream, Gbit/s' },
  { metric: 'tcp-1-down', title: 'TCP to the client, one stream, Gbit/s' },
  { metric: 'tcp-8-up', title: 'TCP from the client, eight streams, Gbit/s' },
  { metric: 'udp-64-up', title: '64-byte datagrams of one flow, delivered a second' },
  { metric: 'cpu-client-up', title: 'Processor seconds of the client for each GB sent (less is better)' },
  { metric: 'rtt-idle-p50', title: 'Round trip, median, µs (less is better)' },
  { metric: 'solicitations', title: 'Solicitations that the server answers a second' },
];

const SHOWN: readonly Contestant[] = ['ours', 'c', 'vxlan', 'ipv4'];

const WIDTH = 760;
const LABEL = 110;
const BAR = 480;
const ROW = 20;
const HEAD = 30;

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

function panel(
  results: Results,
  { metric, title }: Panel,
  top: number,
): { readonly svg: string; readonly height: number } {
  const rows = SHOWN.map((name) => ({ name, value: results.median(metric, name) }));
  const shown = rows.filter((row): row is { name: Contestant; value: number } => row.value !== undefined);
  if (shown.length === 0) return { svg: '', height: 0 };
  const most = Math.max(...shown.map(({ value }) => value));
  const bars = shown.map(({ name, value }, i) => {
    const y = top + HEAD + i * ROW;
    const width = Math.max(1, (value / most) * BAR).toFixed(1);
    return `<text x="${LABEL - 8}" y="${y + 13}" text-anchor="end">${escaped(TITLES[name])}</text>
<rect class="${name === 'ours' ? 'ours' : 'other'}" x="${LABEL}" y="${y + 2}" width="${width}" height="${ROW - 5}" rx="2"/>
<text x="${LABEL + Number(width) + 6}" y="${y + 13}">${figure(value)}</text>`;
  });
  const heading = `<text class="title" x="8" y="${top + 20}">${escaped(title)}</text>`;
  return { svg: [heading, ...bars].join('\n'), height: HEAD + shown.length * ROW + 6 };
}

/** Readable on a light and on a dark page. */
const STYLE = `text { font: 12px sans-serif; fill: #57606a }
.title { font-weight: bold }
.ours { fill: #1f883d } .other { fill: #8c959f }
@media (prefers-color-scheme: dark) { text { fill: #c9d1d9 } .ours { fill: #3fb950 } .other { fill: #6e7681 } }`;

export function chart(results: Results, caption: string): string {
  let top = 0;
  const parts: string[] = [];
  for (const one of PANELS) {
    const { svg, height } = panel(results, one, top);
    parts.push(svg);
    top += height;
  }
  const height = top + 28;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>Miredo beside C miredo, kernel VXLAN and plain IPv4</title>
<style>${STYLE}</style>
${parts.filter(Boolean).join('\n')}
<text x="8" y="${top + 18}">${escaped(caption)}</text>
</svg>
`;
}
