/**
 * UDP floods of one flow: how many datagrams a second arrive. Through a socket, as all contestants can be compared;
 * and small ones handed to the tunnel's device from its own namespace: through a socket and three hops on the same
 * processors a datagram costs the generator more than the tunnel.
 */
import { globalAddresses } from '../lab/kernel-view.js';
import { INTERFACE } from '../lab/lab.js';
import type { Arena } from './arenas.js';
import { listen, type Numbers, resultOf, traffic } from './load-generator.js';
import { DIRECTIONS, type Direction } from './measure-tcp.js';
import type { Results } from './results.js';
import { inTurns, type Rounds } from './rounds.js';

const SIZES = [64, 512, 1200];
const PORT = 7300;
/** Seconds of silence after which nothing more is on its way. */
const QUIET = 0.3;
/** Datagrams a system call. */
const BURST = 64;

let runs = 0;

async function floodUp({ lab, host }: Arena, size: number, seconds: number): Promise<Numbers> {
  const sink = await listen(lab, lab.host, ['sink', PORT, ++runs, QUIET]);
  await traffic(lab.client(0), ['flood', host, PORT, runs, seconds, size, 1, BURST]);
  return resultOf(sink);
}

/** The client says hello first, so that plain IPv4 passes the NAT too. */
async function floodDown({ lab, host }: Arena, size: number, seconds: number): Promise<Numbers> {
  const sender = await listen(lab, lab.host, ['flood-caller', PORT, ++runs, seconds, size, BURST]);
  const received = await traffic(lab.client(0), ['sink', PORT, runs, QUIET, host, PORT]);
  await sender.exited;
  return received;
}

/** Datagrams a second that are handed to a device: more than any tunnel takes here, for about half a processor. */
export const OFFERED = 800_000;
const SMALL = 64;

async function injectUp({ lab, host, client }: Arena, seconds: number): Promise<Numbers> {
  const sink = await listen(lab, lab.host, ['sink', PORT, ++runs, QUIET]);
  const from = globalAddresses(client()[0] ?? 0, INTERFACE)[0] ?? '';
  await traffic(lab.client(0), ['inject', INTERFACE, from, host, PORT, runs, seconds, SMALL, OFFERED]);
  return resultOf(sink);
}

/** The client says hello first, so that both ends know each other. */
async function injectDown({ lab, host, client }: Arena, seconds: number): Promise<Numbers> {
  const sink = await listen(lab, lab.client(0), ['sink', PORT, ++runs, QUIET, host, PORT]);
  const to = globalAddresses(client()[0] ?? 0, INTERFACE)[0] ?? '';
  await traffic(lab.relay, ['inject', INTERFACE, host, to, PORT, runs, seconds, SMALL, OFFERED]);
  return resultOf(sink);
}

async function measurePackets(arena: Arena, direction: Direction, seconds: number, results: Results) {
  const { perSecond } = await (direction === 'up' ? injectUp : injectDown)(arena, seconds);
  results.add(`packets-${direction}`, arena.name, 'packets/s', perSecond ?? Number.NaN);
}

async function measure(arena: Arena, size: number, direction: Direction, seconds: number, results: Results) {
  const { perSecond } = await (direction === 'up' ? floodUp : floodDown)(arena, size, seconds);
  results.add(`udp-${size}-${direction}`, arena.name, 'packets/s', perSecond ?? Number.NaN);
}

export async function measureUdp(arenas: readonly Arena[], rounds: Rounds, seconds: number, results: Results) {
  for (const size of SIZES) {
    for (const direction of DIRECTIONS) {
      rounds.say(`UDP, ${size} bytes ${direction}`);
      await inTurns(rounds, arenas, (arena) => measure(arena, size, direction, seconds, results));
    }
  }
  const tunnels = arenas.filter(({ client }) => client().length > 0);
  for (const direction of DIRECTIONS) {
    rounds.say(`packets of ${SMALL} bytes ${direction}`);
    await inTurns(rounds, tunnels, (arena) => measurePackets(arena, direction, seconds, results));
  }
}
