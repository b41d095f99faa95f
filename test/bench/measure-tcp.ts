/** TCP through each tunnel, one stream and eight, both ways; and what it costs the tunnel's processes. */
import { CommandFailure, run } from '../lab/command.js';
import { waitFor } from '../lab/kernel-view.js';
import { inNamespace } from '../lab/namespaces.js';
import { endedReason, type Program } from '../lab/program.js';
import type { Arena } from './arenas.js';
import { processorSeconds } from './processes.js';
import type { Results } from './results.js';
import { inTurns, type Rounds } from './rounds.js';

export type Direction = 'up' | 'down';
export const DIRECTIONS: readonly Direction[] = ['up', 'down'];
const STREAMS = [1, 8];

const GIGA = 1e9;
/** Milliseconds that iperf3 has beyond its time, to connect and to end. */
const GRACE = 15_000;

interface Iperf {
  readonly end: { readonly sum_received: { readonly bytes: number; readonly bits_per_second: number } };
}

/** One server for all measurements in this arena. */
export async function startIperf({ lab }: Arena): Promise<Program> {
  const program = lab.spawn(lab.host, ['iperf3', '-s', '--forceflush']);
  await waitFor('iperf3', () => (program.log().includes('listening') ? true : undefined), {
    timeout: 5_000,
    abort: () => endedReason(program),
  });
  return program;
}

export interface Transfer {
  readonly bitsPerSecond: number;
  readonly bytes: number;
}

export async function transfer(
  arena: Arena,
  streams: number,
  direction: Direction,
  seconds: number,
  more: readonly string[] = [],
): Promise<Transfer> {
  const way = direction === 'down' ? ['-R'] : [];
  const flags = ['-t', String(Math.ceil(seconds)), '-P', String(streams), ...way, ...more];
  const argv = inNamespace(arena.lab.client(0).namespace, ['iperf3', '-J', '-c', arena.host, ...flags]);
  const result = await run(argv, { timeout: Math.ceil(seconds) * 1_000 + GRACE });
  if (result.code !== 0) throw new CommandFailure(argv, result, undefined);
  const { sum_received: sum } = (JSON.parse(result.stdout) as Iperf).end;
  return { bitsPerSecond: sum.bits_per_second, bytes: sum.bytes };
}

async function measure(arena: Arena, streams: number, direction: Direction, seconds: number, results: Results) {
  const [client, relay] = [arena.client(), arena.relay()];
  const [clientBefore, relayBefore] = [processorSeconds(client), processorSeconds(relay)];
  const { bitsPerSecond, bytes } = await transfer(arena, streams, direction, seconds);
  results.add(`tcp-${streams}-${direction}`, arena.name, 'Gbit/s', bitsPerSecond / GIGA);
  if (streams !== 1 || client.length === 0) return;
  const perGigabyte = (used: number): number => used / (bytes / GIGA);
  results.add(`cpu-client-${direction}`, arena.name, 's/GB', perGigabyte(processorSeconds(client) - clientBefore));
  results.add(`cpu-relay-${direction}`, arena.name, 's/GB', perGigabyte(processorSeconds(relay) - relayBefore));
}

export async function measureTcp(arenas: readonly Arena[], rounds: Rounds, seconds: number, results: Results) {
  const servers = await Promise.all(arenas.filter(isFirstOfLab).map(startIperf));
  for (const streams of STREAMS) {
    for (const direction of DIRECTIONS) {
      rounds.say(`TCP, ${streams} ${streams === 1 ? 'stream' : 'streams'} ${direction}`);
      await inTurns(rounds, arenas, (arena) => measure(arena, streams, direction, seconds, results));
    }
  }
  await Promise.all(servers.map((server) => server.stop()));
}

/** VXLAN and plain IPv4 share their lab, and so the servers in it. */
export const isFirstOfLab = ({ lab }: Arena, i: number, all: readonly Arena[]): boolean =>
  all.findIndex((other) => other.lab === lab) === i;
