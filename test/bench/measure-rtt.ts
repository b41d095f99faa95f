/** Request and response, one at a time: idle, and beside one bulk TCP flow. */
import type { Arena } from './arenas.js';
import { listen, traffic } from './load-generator.js';
import { DIRECTIONS, type Direction, isFirstOfLab, startIperf, transfer } from './measure-tcp.js';
import type { Results } from './results.js';
import { inTurns, type Rounds } from './rounds.js';

const PORT = 7301;

async function ask(arena: Arena, metric: string, seconds: number, results: Results): Promise<void> {
  const { p50, p99 } = await traffic(arena.lab.client(0), ['ask', arena.host, PORT, seconds]);
  results.add(`${metric}-p50`, arena.name, 'µs', p50 ?? Number.NaN);
  results.add(`${metric}-p99`, arena.name, 'µs', p99 ?? Number.NaN);
}

async function askUnderLoad(arena: Arena, direction: Direction, seconds: number, results: Results): Promise<void> {
  const bulk = transfer(arena, 1, direction, Math.ceil(seconds) + 1);
  await ask(arena, `rtt-beside-${direction}`, seconds, results);
  await bulk;
}

export async function measureRtt(arenas: readonly Arena[], rounds: Rounds, seconds: number, results: Results) {
  const labs = arenas.filter(isFirstOfLab);
  const echoes = await Promise.all(labs.map(({ lab }) => listen(lab, lab.host, ['echo', PORT])));
  rounds.say('round trips, idle');
  await inTurns(rounds, arenas, (arena) => ask(arena, 'rtt-idle', seconds / 2, results));
  const servers = await Promise.all(labs.map(startIperf));
  for (const direction of DIRECTIONS) {
    rounds.say(`round trips beside a TCP flow ${direction}`);
    await inTurns(rounds, arenas, (arena) => askUnderLoad(arena, direction, seconds, results));
  }
  await Promise.all([...echoes, ...servers].map((program) => program.stop()));
}
