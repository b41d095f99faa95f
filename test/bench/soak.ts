/**
 * Pushes many bytes through client and relay, both ways, over a good and a bad network, with every offload and with
 * each one missing; every byte is compared. On the good network numbered datagrams go before each stream.
 *
 *     node build/test/bench/soak.js [--gigabytes N] [--only VARIANT] [--seed N]
 *
 * It ends with exit code 1 at the first byte that is not the one that was sent, at a datagram that is missing on the
 * good network, and when a packet was refused or had a wrong checksum.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mustRun } from '../lab/command.js';
import { commandLine, configText } from '../lab/implementation.js';
import { hasTeredoRoute, waitFor } from '../lab/kernel-view.js';
import { createLab, INTERFACE, type Lab, RELAY_PORT } from '../lab/lab.js';
import { inNamespace } from '../lab/namespaces.js';
import { labAccess, prepareUserNamespace, runInUserNamespace } from '../lab/privilege.js';
import { endedReason, type Program } from '../lab/program.js';
import type { Place } from '../lab/topology.js';
import { compileLoadGenerator, listen, type Numbers, resultOf, traffic } from './load-generator.js';
import { faultOf, plantPrograms, REPORT_INTERVAL, VARIANTS, type Variant } from './soak-programs.js';

const PORT = 7400;
/** Of each size and direction, at the least; and one for so many bytes of the stream. */
const FEWEST = 5_000;
const BYTES_A_DATAGRAM = 20_000;
const GIGA = 1e9;
/** Milliseconds; a bad network is slow. */
const PATIENCE = 3_600_000;
const DETOUR = fileURLToPath(new URL('./soak-detour.js', import.meta.url));

/** Loss and delay of a thousand packets. What is whole on the wire, up to 64 KiB, counts as one. */
interface Network {
  readonly name: string;
  readonly lost: number;
  readonly delayed: number;
  /** Senders cut before the wire, so that single datagrams are lost. */
  readonly torn: boolean;
}

const GOOD: Network = { name: 'good', lost: 0, delayed: 0, torn: false };
const BAD: Network = { name: 'bad', lost: 10, delayed: 20, torn: false };
const TORN: Network = { name: 'torn', lost: 1, delayed: 5, torn: true };
const NETWORKS: readonly Network[] = [
  GOOD,
  { name: 'lossy', lost: 10, delayed: 0, torn: false },
  { name: 'reordering', lost: 0, delayed: 20, torn: false },
  BAD,
  TORN,
];

/** All that Teredo sends comes in to the core; it is dropped or marked for the detour there. */
function rules({ lost, delayed }: Network): string {
  return `table ip soak
delete table ip soak
table ip soak {
  counter lost { }
  counter delayed { }
  chain arrivals {
    type filter hook prerouting priority mangle
    iifname "detour" accept
    ip protocol udp numgen random mod 1000 < ${lost} counter name lost drop
    ip protocol udp numgen random mod 1000 < ${delayed} counter name delayed meta mark set 7
  }
}
`;
}

const MOST_SEGMENTS = 65_535;

async function setNetwork(lab: Lab, network: Network): Promise<void> {
  const { core, relay, nats } = lab.topology;
  const segments = String(network.torn ? 1 : MOST_SEGMENTS);
  const limit = (place: Place | undefined, device: string): Promise<unknown> =>
    mustRun(['ip', '-n', place?.namespace ?? '', 'link', 'set', device, 'gso_max_segs', segments]);
  await Promise.all([limit(relay, 'eth0'), limit(nats[0], 'wan')]);
  await mustRun(inNamespace(core.namespace, ['nft', '-f', '-']), { input: rules(network) });
}

interface Mishaps {
  lost: number;
  delayed: number;
}

/** Adds what the network has done since {@link setNetwork}. */
async function countMishaps(lab: Lab, mishaps: Mishaps): Promise<void> {
  const argv = inNamespace(lab.topology.core.namespace, ['nft', 'list', 'counters', 'table', 'ip', 'soak']);
  const { stdout } = await mustRun(argv);
  for (const name of ['lost', 'delayed'] as const) {
    mishaps[name] += Number(new RegExp(`counter ${name} \\{\\s+packets (\\d+)`).exec(stdout)?.[1]);
  }
}

async function startDetour(lab: Lab): Promise<void> {
  const { core } = lab.topology;
  const detour = lab.spawn(core, [process.execPath, DETOUR]);
  await waitFor('the detour', () => (detour.log().includes('ready') ? true : undefined), {
    timeout: 10_000,
    abort: () => endedReason(detour),
  });
  const lines = ['link set detour up', 'route add default dev detour table 77', 'rule add fwmark 7 table 77'];
  await mustRun(['ip', '-n', core.namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

function start(lab: Lab, place: Place, bin: string, name: string, directives: Record<string, string>): Program {
  const base = join(lab.directory, name);
  writeFileSync(`${base}.conf`, configText({ InterfaceName: INTERFACE, ...directives }));
  const [node = '', , ...rest] = commandLine('ours', 'tunnel', `${base}.conf`, `${base}.pid`);
  return lab.spawn(place, [node, join(bin, 'miredo.js'), ...rest]);
}

/** Relay and client of a variant, ready. */
async function startVariant(lab: Lab, variant: Variant): Promise<Program[]> {
  const bin = plantPrograms(variant);
  const bind = { BindAddress: lab.relay.ipv4[0] ?? '', BindPort: String(RELAY_PORT) };
  const relay = start(lab, lab.relay, bin, `relay-${variant.name}`, { RelayType: 'relay', ...bind });
  const server = { ServerAddress: lab.server.ipv4[0] ?? '' };
  const client = start(lab, lab.client(0), bin, `client-${variant.name}`, { RelayType: 'client', ...server });
  await waitFor('the relay', () => hasTeredoRoute(relay.pid, INTERFACE) || undefined, {
    timeout: 10_000,
    abort: () => endedReason(relay),
  });
  await lab.waitForAddress(client, 30_000);
  const { received } = await lab.ping(lab.client(0), lab.host.ipv6[0] ?? '', { count: 3, wait: 5 });
  if (received === 0) throw new Error(`${variant.name}: the host does not answer\n${lab.logs()}`);
  return [client, relay];
}

async function up(lab: Lab, seed: number, bytes: number): Promise<Numbers> {
  const receiver = await listen(lab, lab.host, ['drink-caller', PORT, seed]);
  await traffic(lab.client(0), ['pour', lab.host.ipv6[0] ?? '', PORT, seed, bytes], PATIENCE);
  return resultOf(receiver);
}

async function down(lab: Lab, seed: number, bytes: number): Promise<Numbers> {
  const sender = await listen(lab, lab.host, ['pour-caller', PORT, seed, bytes]);
  const received = await traffic(lab.client(0), ['drink', lab.host.ipv6[0] ?? '', PORT, seed], PATIENCE);
  await sender.exited;
  return received;
}

/** Payloads of datagrams: small, and the largest that the tunnel carries. */
const SIZES = [64, 1232];

/** Numbered datagrams: on a good network none is lost, changed or late. */
async function number(lab: Lab, seed: number, count: number): Promise<void> {
  for (const size of SIZES) {
    const task = [seed, count, size];
    const receiver = await listen(lab, lab.host, ['number-in-caller', PORT, ...task]);
    await traffic(lab.client(0), ['number-out', lab.host.ipv6[0] ?? '', PORT, ...task]);
    const up = await resultOf(receiver);
    const sender = await listen(lab, lab.host, ['number-out-caller', PORT, ...task]);
    const down = await traffic(lab.client(0), ['number-in', lab.host.ipv6[0] ?? '', PORT, ...task]);
    await sender.exited;
    for (const [way, { received, wrong }] of Object.entries({ up, down })) {
      if (received !== count || wrong !== 0) {
        throw new Error(`${count} datagrams of ${size} bytes ${way}: ${received} received, ${wrong} wrong`);
      }
    }
  }
}

/** Packets that a host got with a wrong checksum. */
async function wrongChecksums({ namespace }: Place): Promise<number> {
  const files = ['/proc/net/snmp6', '/proc/net/snmp', '/proc/net/netstat'];
  const { stdout } = await mustRun(inNamespace(namespace, ['cat', ...files]));
  const rows = stdout.split('\n').map((line) => line.split(/\s+/));
  let sum = 0;
  for (const [i, row] of rows.entries()) {
    if (/InCsumErrors/.test(row[0] ?? '')) sum += Number(row[1]);
    const column = row.indexOf('InCsumErrors');
    // In the older files names stand above their values.
    if (column > 0) sum += Number(rows[i + 1]?.[column]);
  }
  return sum;
}

interface Cell {
  readonly variant: Variant;
  readonly networks: readonly Network[];
}

/** All offloads meet every network, what falls back the best and the worst. */
const cells = (variants: readonly Variant[]): Cell[] =>
  variants.map((variant, i) => ({ variant, networks: i === 0 ? NETWORKS : [GOOD, BAD, TORN] }));

async function soakCell(
  lab: Lab,
  { variant, networks }: Cell,
  bytes: number,
  seed: number,
  mishaps: Mishaps,
): Promise<void> {
  const programs = await startVariant(lab, variant);
  await setTimeout(2 * REPORT_INTERVAL);
  const starts = programs.map((program) => program.log().length);
  for (const network of networks) {
    await setNetwork(lab, network);
    if (network === GOOD) await number(lab, seed, Math.max(FEWEST, Math.ceil(bytes / BYTES_A_DATAGRAM)));
    for (const [direction, move] of [
      ['up', up],
      ['down', down],
    ] as const) {
      const { received = 0, wrong = 0, seconds = Number.NaN } = await move(lab, seed, bytes);
      const rate = ((received * 8) / seconds / GIGA).toFixed(2);
      const what = `${variant.name}, ${network.name} network, ${direction}`;
      console.log(`${what}: ${(received / GIGA).toFixed(3)} GB, ${rate} Gbit/s, ${wrong} wrong`);
      if (wrong > 0 || received !== bytes) throw new Error(`${what}: ${received} of ${bytes} bytes, ${wrong} wrong`);
    }
    await countMishaps(lab, mishaps);
  }
  await setNetwork(lab, GOOD);
  for (const place of [lab.client(0), lab.host]) {
    const wrong = await wrongChecksums(place);
    if (wrong > 0) throw new Error(`${variant.name}: ${wrong} wrong checksums at ${place.name}`);
  }
  await Promise.all(programs.map((program) => program.stop()));
  const faults = programs.map((program, i) => faultOf(variant, program.log(), starts[i] ?? 0)).filter(Boolean);
  if (faults.length > 0) throw new Error(`${variant.name}: ${faults.join('; ')}`);
}

export async function soak(gigabytes: number, seed: number, variants: readonly Variant[] = VARIANTS): Promise<void> {
  compileLoadGenerator();
  const all = cells(variants);
  const transfers = all.reduce((sum, { networks }) => sum + 2 * networks.length, 0);
  const bytes = Math.ceil((gigabytes * GIGA) / transfers);
  console.log(`${gigabytes} GB in ${transfers} transfers, seed ${seed}`);
  const lab = await createLab({ nats: ['port-restricted'] });
  try {
    await Promise.all([lab.startServer('ours'), startDetour(lab)]);
    const mishaps = { lost: 0, delayed: 0 };
    for (const cell of all) await soakCell(lab, cell, bytes, seed, mishaps);
    console.log(`all bytes right; ${mishaps.lost} packets lost, ${mishaps.delayed} overtaken`);
    if (!(mishaps.lost > 0 && mishaps.delayed > 0)) throw new Error('the network was too good to show anything');
  } finally {
    await lab.dispose();
  }
}

async function main(): Promise<number> {
  prepareUserNamespace();
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { gigabytes: text, only: text, seed: text } });
  const access = labAccess();
  if (access.kind === 'none') throw new Error(`this ${access.reason}`);
  if (access.kind === 'user-namespace') return runInUserNamespace(process.argv[1] ?? '', process.argv.slice(2));
  const variants = VARIANTS.filter(({ name }) => values.only === undefined || name === values.only);
  if (variants.length === 0) throw new Error(`--only: choose of ${VARIANTS.map(({ name }) => name).join(', ')}`);
  await soak(Number(values.gigabytes ?? 20), Number(values.seed ?? Date.now() & 0xffff), variants);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    },
  );
}
