/**
 * `npm run bench`. Numbers are printed, never asserted: they depend on the machine and on what else it does. All who
 * are compared play in turns within one run, so that they share its luck.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingSentence } from '../lab/needed-programs.js';
import { labAccess, prepareUserNamespace, runInUserNamespace } from '../lab/privilege.js';
import { type Arena, absence, CONTESTANTS, type Contestant, closeArenas, openArenas, TITLES } from './arenas.js';
import { chart } from './chart.js';
import { compileLoadGenerator } from './load-generator.js';
import { measureMemory } from './measure-memory.js';
import { measureQualification } from './measure-qualification.js';
import { measureRelay, PEER_COUNTS } from './measure-relay.js';
import { measureRtt } from './measure-rtt.js';
import { measureServer } from './measure-server.js';
import { measureTcp } from './measure-tcp.js';
import { measureUdp } from './measure-udp.js';
import { type BenchOptions, HELP, readOptions } from './options.js';
import { measurePeerTable } from './peer-table.js';
import { median, type Report, Results, resultsOf } from './results.js';
import type { Rounds } from './rounds.js';
import { measureServerCore } from './server-core.js';
import { table } from './table.js';
import { judge } from './targets.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const RESULTS = join(ROOT, 'build/bench/results.json');
const CHART = join(ROOT, 'docs/bench.svg');

const SOLICITATIONS = 500_000;
const PEERS = [1_000, 100_000, 1_000_000];

const startedAt = performance.now();
const say = (line: string): void => {
  console.log(`[${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s] ${line}`);
};

/** Those who can take part here, of those who are wanted. */
function contestants({ contestants: wanted }: BenchOptions): Contestant[] {
  const asked = CONTESTANTS.filter((name) => wanted === undefined || wanted.includes(name));
  const absent = asked.filter((name) => absence(name) !== undefined);
  for (const name of absent) say(`without ${TITLES[name]}: ${absence(name)}`);
  return asked.filter((name) => !absent.includes(name));
}

async function measureArenas(arenas: readonly Arena[], options: BenchOptions, results: Results): Promise<void> {
  const { parts, seconds, quick } = options;
  const rounds: Rounds = { count: options.rounds, say };
  /** Both ends of one kind: each has a server and a relay of its own. */
  const pure = arenas.filter(({ name }) => name === 'ours' || name === 'c');
  if (parts.has('tcp')) await measureTcp(arenas, rounds, seconds, results);
  if (parts.has('udp')) await measureUdp(arenas, rounds, seconds / 2, results);
  if (parts.has('rtt')) await measureRtt(arenas, rounds, seconds, results);
  if (parts.has('memory')) await measureMemory(pure, results);
  if (parts.has('server')) await measureServer(pure, rounds, seconds, results);
  if (parts.has('relay'))
    await measureRelay(pure, quick ? PEER_COUNTS.slice(0, 2) : PEER_COUNTS, rounds, seconds, results);
}

async function measureAll(options: BenchOptions): Promise<Results> {
  const results = new Results();
  const names = contestants(options);
  const needsArenas = ['tcp', 'udp', 'rtt', 'memory', 'server', 'relay'] as const;
  if (needsArenas.some((part) => options.parts.has(part))) {
    say('setting up');
    const arenas = await openArenas(names, options.engines);
    try {
      await measureArenas(arenas, options, results);
    } finally {
      await closeArenas(arenas);
    }
  }
  if (options.parts.has('qualify')) {
    const who = (['ours', 'c'] as const).filter((name) => names.includes(name));
    await measureQualification(who, { count: options.rounds, say }, results);
  }
  if (options.parts.has('core')) {
    say('cores alone');
    for (const count of PEERS) measurePeerTable(count, results);
    measureServerCore(SOLICITATIONS, results);
  }
  return results;
}

const versionOfC = (): string => {
  try {
    const status = execFileSync('dpkg-query', ['--status', 'miredo'], { encoding: 'utf8' });
    return /^Version: (.*)$/m.exec(status)?.[1] ?? '';
  } catch {
    return 'not installed';
  }
};

function report(results: Results, { rounds, seconds }: BenchOptions): Report {
  return {
    date: new Date().toISOString(),
    machine: {
      processors: cpus().length,
      processor: cpus()[0]?.model ?? '',
      kernel: release(),
      node: process.version,
      cMiredo: versionOfC(),
    },
    rounds,
    seconds,
    series: results.series.map((series) => ({ ...series, median: median(series.values) })),
    targets: judge(results),
  };
}

function draw(text: string): void {
  const { date, machine, rounds, series, targets: _, seconds } = JSON.parse(text) as Report;
  const results = resultsOf({ date, machine, rounds, seconds, series, targets: [] });
  const times = rounds === 1 ? 'one round' : `median of ${rounds} rounds`;
  const where = `${machine['processors']} processors, Linux ${String(machine['kernel']).split('-')[0]}, Node ${machine['node']}`;
  mkdirSync(dirname(CHART), { recursive: true });
  writeFileSync(CHART, chart(results, `npm run bench, ${date.slice(0, 10)}: ${times}; ${where}; client behind a NAT.`));
  say(`drawn: ${CHART}`);
}

async function perform(options: BenchOptions): Promise<void> {
  compileLoadGenerator();
  const results = await measureAll(options);
  const text = `${JSON.stringify(report(results, options), null, 2)}\n`;
  const output = options.output ?? RESULTS;
  writeFileSync(output, text);
  console.log(`\n${table(results)}\n`);
  say(`written: ${output}`);
  if (options.chart) draw(text);
}

async function main(): Promise<number> {
  prepareUserNamespace();
  const request = readOptions(process.argv.slice(2));
  if (request.kind === 'help') {
    console.log(HELP);
    return 0;
  }
  if (request.kind === 'redraw') {
    const text = readFileSync(RESULTS, 'utf8');
    console.log(`${table(resultsOf(JSON.parse(text) as Report))}\n`);
    draw(text);
    return 0;
  }
  const missing = missingSentence(['lab', 'bench']);
  if (missing !== undefined) throw new Error(missing);
  const access = labAccess();
  if (access.kind === 'none') throw new Error(`this ${access.reason}`);
  if (access.kind === 'user-namespace') return runInUserNamespace(process.argv[1] ?? '', process.argv.slice(2));
  await perform(request.options);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
