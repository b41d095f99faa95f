/** Request and response, one at a time: idle, and beside one bulk TCP flow. */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { mustRun } from '../lab/command.js';
import { waitFor } from '../lab/kernel-view.js';
import { inNamespace } from '../lab/namespaces.js';
import type { Arena } from './arenas.js';
import { listen, traffic } from './load-generator.js';
import { DIRECTIONS, type Direction, isFirstOfLab, startIperf, transfer } from './measure-tcp.js';
import type { Results } from './results.js';
import { inTurns, type Rounds } from './rounds.js';

const PORT = 7301;

/** Microseconds between questions beside a flow; 0: the next follows the answer. */
const INTERVAL = 1_000;

async function ask(arena: Arena, metric: string, seconds: number, interval: number, results: Results): Promise<void> {
  const { p50, p99 } = await traffic(arena.lab.client(0), ['ask', arena.host, PORT, seconds, interval]);
  results.add(`${metric}-p50`, arena.name, 'µs', p50 ?? Number.NaN);
  results.add(`${metric}-p99`, arena.name, 'µs', p99 ?? Number.NaN);
}

/** Bytes that went through the interfaces of the host's namespace, as one of its processes sees them. */
function bytesSeen(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/net/dev`, 'utf8').split('\n').slice(2);
  const fields = lines.map((line) => line.split(':')[1]?.trim().split(/\s+/).map(Number) ?? []);
  return fields.reduce((sum, row) => sum + (row[0] ?? 0) + (row[8] ?? 0), 0);
}

/** More than iperf3 needs to say hello. */
const FLOWING = 5e6;

/** `pid`: a process in the host's namespace. */
async function askUnderLoad(
  arena: Arena,
  pid: number,
  direction: Direction,
  seconds: number,
  results: Results,
): Promise<void> {
  const before = bytesSeen(pid);
  const bulk = transfer(arena, 1, direction, Math.ceil(seconds) + 2);
  const flows = (): true | undefined => (bytesSeen(pid) - before > FLOWING ? true : undefined);
  await Promise.race([bulk, waitFor('the bulk flow', flows, { timeout: 10_000 })]);
  await ask(arena, `rtt-beside-${direction}`, seconds, INTERVAL, results);
  await bulk;
}

/** What an uplink at home has; the queue before it is as long as those who send make it. Reno fills what there is. */
const SLOW_LINK = 'root tbf rate 10mbit burst 16kb limit 64mb';
const SLOW_SECONDS = 8;
/** Before the first question: an upload needs that long to fill the queues. */
const FILLING = 4_000;

/** The same beside an upload over a slow link: how long the queue is in which a lone packet waits. */
async function askOverSlowLink(arena: Arena, results: Results): Promise<void> {
  const { namespace } = arena.lab.client(0);
  const shape = (words: string): Promise<unknown> =>
    mustRun(inNamespace(namespace, ['tc', 'qdisc', ...words.split(' ')]));
  await shape(`replace dev eth0 ${SLOW_LINK}`);
  try {
    const bulk = transfer(arena, 1, 'up', FILLING / 1_000 + SLOW_SECONDS + 2, ['-C', 'reno']);
    await setTimeout(FILLING);
    await ask(arena, 'rtt-slow-up', SLOW_SECONDS, INTERVAL, results);
    await bulk;
  } finally {
    await shape('del dev eth0 root');
  }
}

export async function measureRtt(arenas: readonly Arena[], rounds: Rounds, seconds: number, results: Results) {
  const labs = arenas.filter(isFirstOfLab);
  const echoes = await Promise.all(labs.map(({ lab }) => listen(lab, lab.host, ['echo', PORT])));
  const pids = new Map(labs.map(({ lab }, i) => [lab, echoes[i]?.pid ?? 0]));
  rounds.say('round trips, idle');
  await inTurns(rounds, arenas, (arena) => ask(arena, 'rtt-idle', seconds / 2, 0, results));
  const servers = await Promise.all(labs.map(startIperf));
  for (const direction of DIRECTIONS) {
    rounds.say(`round trips beside a TCP flow ${direction}`);
    await inTurns(rounds, arenas, (arena) =>
      askUnderLoad(arena, pids.get(arena.lab) ?? 0, direction, seconds, results),
    );
  }
  rounds.say('round trips beside a TCP flow up, over a slow link');
  const tunnels = arenas.filter(({ name }) => name === 'ours' || name === 'c');
  await inTurns({ ...rounds, count: 1 }, tunnels, (arena) => askOverSlowLink(arena, results));
  await Promise.all([...echoes, ...servers].map((program) => program.stop()));
}
