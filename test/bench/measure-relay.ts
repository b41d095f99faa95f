/**
 * A relay and very many clients: how many packets a second reach them, from 1 client to 1,000,000; and 200 flows of
 * mixed sizes to 50 clients.
 *
 * The clients are addresses and ports behind the lab's server. Each has sent one datagram, so the relay knows it; what
 * the relay sends to it is counted and dropped by nftables. A superpacket counts as one there, so packets are reckoned
 * from bytes; bubbles are left out by their size.
 */
import { mustRun } from '../lab/command.js';
import { INTERFACE, RELAY_PORT } from '../lab/lab.js';
import { inNamespace } from '../lab/namespaces.js';
import type { Arena } from './arenas.js';
import { type Numbers, traffic } from './load-generator.js';
import { OFFERED } from './measure-udp.js';
import { residentMegabytes } from './processes.js';
import type { Results } from './results.js';
import { inTurns, type Rounds } from './rounds.js';

const FIRST_ADDRESS = '198.51.100.129';
const NETWORK = '198.51.100.128/25';
const ADDRESSES = 125;
const FIRST_PORT = 10_000;
const PORT = 7303;
/** Datagrams a second that make the clients known. The last must be known before the first is forgotten (30 s). */
const PRIMING_RATE = 60_000;
const MIXED_SIZES = [64, 512, 1200];
const MIXED_PEERS = 50;
const MIXED_FLOWS = 200;
/** IPv4, UDP; IPv6, UDP. */
const OUTER_HEADERS = 28;
const INNER_HEADERS = 48;
/** UDP length of a bubble is 48. */
const BUBBLE = 64;

export const PEER_COUNTS = [1, 1_000, 100_000, 1_000_000];
/** C's entries are gone before so many have been made. */
const MOST_FOR_C = 100_000;

const RULES = `table ip clients {
  counter arrived { }
  chain arrivals {
    type filter hook prerouting priority raw
    ip daddr ${NETWORK} udp length > ${BUBBLE} counter name arrived drop
    ip daddr ${NETWORK} drop
  }
}`;

async function placeClients({ lab }: Arena): Promise<void> {
  const route = ['route', 'replace', NETWORK, 'via', lab.server.ipv4[0] ?? '', 'dev', 'server'];
  await mustRun(['ip', '-n', lab.topology.core.namespace, ...route]);
  await mustRun(inNamespace(lab.server.namespace, ['nft', '-f', '-']), { input: RULES });
}

interface Arrivals {
  readonly packets: number;
  readonly bytes: number;
}

async function arrivals({ lab }: Arena): Promise<Arrivals> {
  const argv = inNamespace(lab.server.namespace, ['nft', 'reset', 'counter', 'ip', 'clients', 'arrived']);
  const { stdout } = await mustRun(argv);
  const [, packets, bytes] = /packets (\d+) bytes (\d+)/.exec(stdout) ?? [];
  return { packets: Number(packets), bytes: Number(bytes) };
}

const peersOf = ({ lab }: Arena): string => [lab.server.ipv4[0], FIRST_ADDRESS, ADDRESSES, FIRST_PORT].join(',');

/** C lets a stranger's datagram pass but remembers only those that were written to: so they are, and answer. */
async function prime(arena: Arena, count: number): Promise<void> {
  const { lab, host, name } = arena;
  const words = ['prime', peersOf(arena), count, lab.relay.ipv4[0] ?? '', RELAY_PORT, host, PRIMING_RATE];
  if (name === 'c') await traffic(lab.host, ['flood-peers', peersOf(arena), count, PORT, 0, 64, 0, 1]);
  await traffic(lab.server, words);
  // This comes out of the relay behind all of them.
  await lab.ping(lab.client(0), host, { count: 1, wait: 5 });
}

interface Load {
  readonly peers: number;
  readonly sizes: readonly number[];
  readonly flows: number;
  readonly burst: number;
  /** Handed to the relay's device, instead of a socket of the host: the generator costs less than the relay. */
  readonly injected?: boolean;
}

function generate(arena: Arena, { peers, sizes, flows, burst, injected }: Load, seconds: number): Promise<Numbers> {
  const { lab, host } = arena;
  const words = [peersOf(arena), peers, PORT, seconds, sizes.join(','), flows, burst];
  if (injected !== true) return traffic(lab.host, ['flood-peers', ...words]);
  return traffic(lab.relay, ['inject-peers', INTERFACE, host, ...words, OFFERED]);
}

async function flood(arena: Arena, load: Load, seconds: number): Promise<number> {
  const { sizes } = load;
  await arrivals(arena);
  const { seconds: took = Number.NaN } = await generate(arena, load, seconds);
  const { packets, bytes } = await arrivals(arena);
  const size = sizes.reduce((a, b) => a + b, 0) / sizes.length;
  return (bytes - packets * OUTER_HEADERS) / (size + INNER_HEADERS) / took;
}

async function measure(arena: Arena, metric: string, load: Load, seconds: number, results: Results): Promise<void> {
  await prime(arena, load.peers);
  results.add(metric, arena.name, 'packets/s', await flood(arena, load, seconds));
}

const peersMetric = (count: number): string => `relay-${count}-peers`;

/** The arenas `ours` and `c` have a relay each. `counts` ascends. */
export async function measureRelay(
  arenas: readonly Arena[],
  counts: readonly number[],
  rounds: Rounds,
  seconds: number,
  results: Results,
): Promise<void> {
  for (const arena of arenas) await placeClients(arena);
  const mixed = { peers: MIXED_PEERS, sizes: MIXED_SIZES, flows: MIXED_FLOWS, injected: true };
  rounds.say(`${MIXED_FLOWS} flows of mixed sizes to ${MIXED_PEERS} clients`);
  await inTurns(rounds, arenas, async (arena) => {
    await measure(arena, 'mixed-bursts', { ...mixed, burst: 4 }, seconds, results);
    await measure(arena, 'mixed-single', { ...mixed, burst: 1 }, seconds, results);
  });
  for (const count of counts) {
    rounds.say(`relay with ${count} clients`);
    // To make so many known takes long.
    const few = count > 500_000 ? { ...rounds, count: Math.min(rounds.count, 3) } : rounds;
    const able = arenas.filter(({ name }) => name !== 'c' || count <= MOST_FOR_C);
    await inTurns(few, able, async (arena) => {
      await measure(arena, peersMetric(count), { peers: count, sizes: [64], flows: 0, burst: 1 }, seconds, results);
      results.add(`${peersMetric(count)}-rss`, arena.name, 'MB', residentMegabytes(arena.relay()));
    });
  }
}
