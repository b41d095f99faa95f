/** What `npm run bench` can be told. */
import { parseArgs } from 'node:util';

export const PARTS = ['tcp', 'udp', 'rtt', 'memory', 'qualify', 'server', 'relay', 'core'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly parts: ReadonlySet<Part>;
  /** Each measurement is made this often, and its median counts. */
  readonly rounds: number;
  /** Seconds of one measurement. */
  readonly seconds: number;
  readonly quick: boolean;
  readonly chart: boolean;
  readonly contestants: readonly string[] | undefined;
  /** Of our server and relay; undefined: as many as they take by themselves. */
  readonly engines: number | undefined;
  readonly output: string | undefined;
}

export const HELP = `npm run bench [-- OPTION…]

Measures, in network namespaces of its own, our programs beside C miredo, kernel VXLAN and plain IPv4, in turns.
Prints a table, writes build/bench/results.json. Takes about 20 minutes; the machine should have nothing else to do.

  --quick          one short round of everything (2 to 3 minutes): shows that it works, not how fast
  --only PART,…    ${PARTS.join(', ')}
  --rounds N       rounds (default 5); the median counts
  --seconds N      length of one measurement (default 2)
  --pairs NAME,…   only these of: ours, c, ours-c (our client, C relay), c-ours, vxlan, ipv4
  --engines N      engines of our server and relay (default: what they take by themselves)
  --output FILE    instead of build/bench/results.json
  --chart          draw docs/bench.svg too, from this run
  --redraw         table and docs/bench.svg from the last results.json; measures nothing
  --help           this text

Needs root (or unprivileged user namespaces), iperf3, a C++ compiler, and for the comparison the packages miredo
and miredo-server.`;

const number = (text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0)) throw new Error(`${text} is not a number above 0`);
  return value;
};

function readParts(text: string | undefined): ReadonlySet<Part> {
  if (text === undefined) return new Set(PARTS);
  const names = text.split(',');
  const wrong = names.find((name) => !(PARTS as readonly string[]).includes(name));
  if (wrong !== undefined) throw new Error(`--only ${wrong}: choose of ${PARTS.join(', ')}`);
  return new Set(names as Part[]);
}

export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'redraw' }
  | { readonly kind: 'run'; readonly options: BenchOptions };

export function readOptions(argv: readonly string[]): Request {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: flag,
      chart: flag,
      redraw: flag,
      help: flag,
      only: text,
      rounds: text,
      seconds: text,
      pairs: text,
      engines: text,
      output: text,
    },
  });
  if (values.help) return { kind: 'help' };
  if (values.redraw) return { kind: 'redraw' };
  const options = {
    parts: readParts(values.only),
    rounds: number(values.rounds, values.quick ? 1 : 5),
    seconds: number(values.seconds, values.quick ? 1 : 2),
    quick: values.quick,
    chart: values.chart,
    contestants: values.pairs?.split(','),
    engines: values.engines === undefined ? undefined : number(values.engines, 1),
    output: values.output,
  };
  return { kind: 'run', options };
}
