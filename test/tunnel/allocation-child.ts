/**
 * A million rows through a core, for allocation.test.ts: prints how many bytes of heap a row cost; without a case's
 * name, the names. To be run with --expose-gc and a young generation so large that nothing is collected in between; a
 * process for each, since what V8 keeps in registers depends on what its code has met before. The clock stands at a whole
 * number: a fraction V8 may put on the heap once more for a row.
 */
import {
  type Batch,
  ROW_ADDRESS,
  ROW_LENGTH,
  ROW_OFFSET,
  ROW_PORT,
  ROW_SEGMENT,
  ROW_STRIDE,
} from '../../daemon/io/packet-path.js';
import type { TunnelCore } from '../../daemon/protocol/cores.js';
import { TeredoRelay } from '../../daemon/protocol/relay.js';
import type { Instant } from '../../daemon/protocol/time.js';
import { pathOutput, Tunnel } from '../../daemon/tunnel/tunnel.js';
import { emitEchoReply } from '../../daemon/wire/icmpv6.js';
import type { Endpoint } from '../../daemon/wire/ipv4.js';
import { TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import {
  B,
  B_MAPPED,
  dataPacket,
  HOST,
  NO_SCOPE,
  RELAY_ADDRESS,
  SERVERS,
  serverEndpoint,
  testEnvironment,
  v6,
} from '../protocol/rig.js';
import { MemoryPath } from '../support/memory-path.js';
import { SmallInternet } from './rig.js';

const ROWS = 64;
const WARM = 3_000;
const BATCHES = 16_000;

const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined);

/** Bytes of heap for each of a million rows. */
function cost(batch: () => void): number {
  for (let i = 0; i < WARM; i++) batch();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < BATCHES; i++) batch();
  return (process.memoryUsage().heapUsed - before) / (BATCHES * ROWS);
}

/** Rows that all hold `packet`, from `from`; or one row of them all. */
function fill({ bytes, rows }: Batch, packet: Uint8Array, from: Endpoint, isRun = false): void {
  rows.fill(0);
  for (let i = 0; i < ROWS; i++) {
    const row = i * ROW_STRIDE;
    bytes.set(packet, i * packet.length);
    rows[row + ROW_OFFSET] = i * packet.length;
    rows[row + ROW_LENGTH] = packet.length;
    rows[row + ROW_ADDRESS] = from.address;
    rows[row + ROW_PORT] = from.port;
  }
  if (!isRun) return;
  rows[ROW_LENGTH] = ROWS * packet.length;
  rows[ROW_SEGMENT] = packet.length;
}

const TEXT = 'x'.repeat(1000);

/** A client that is qualified and knows B, and its own address. */
function startClient() {
  const internet = new SmallInternet();
  internet.now = 1000 as Instant;
  internet.start();
  const address = internet.qualified?.address;
  if (address === undefined) throw new Error('not qualified');
  internet.receive(dataPacket(B, address, 'hello'), B_MAPPED);
  return { internet, address, tunnel: internet.tunnel, path: internet.clientPath };
}

/** Proves to the client that the server is the relay of HOST. */
function proveRelay({ internet, address, path }: ReturnType<typeof startClient>): Endpoint {
  path.injectPacket(dataPacket(address, HOST, 'hello'));
  internet.settle();
  const nonce = internet.native.at(-1)?.slice(48) ?? new Uint8Array();
  const server = serverEndpoint(SERVERS.primary);
  internet.receive(emitEchoReply(HOST, address, new Uint8Array(4), nonce), server);
  return server;
}

function startRelay() {
  const path = new MemoryPath();
  const configuration = {
    prefix: TEREDO_PREFIX,
    address: RELAY_ADDRESS,
    errorSource: v6('2001:db8::1'),
    directBubbles: false,
    scope: NO_SCOPE,
    peerCapacity: 64,
  };
  const core = new TeredoRelay(configuration, testEnvironment(), pathOutput(path));
  const clock = (): Instant => 1000 as Instant;
  const tunnel = new Tunnel(core, path, clock, () => undefined);
  tunnel.start();
  path.injectDatagram(dataPacket(B, HOST, 'hello'), B_MAPPED.address, B_MAPPED.port);
  return { path, tunnel, core };
}

/** Each gives the cost, and who counted the drops. */
const CASES: Readonly<Record<string, () => readonly [number, TunnelCore]>> = {
  'client, inward': () => {
    const { internet, address, tunnel, path } = startClient();
    fill(path.inbound, dataPacket(B, address, TEXT), B_MAPPED);
    return [cost(() => tunnel.handleDatagrams(ROWS)), internet.client];
  },
  'client, inward in runs': () => {
    const { internet, address, tunnel, path } = startClient();
    fill(path.inbound, dataPacket(B, address, TEXT), B_MAPPED, true);
    return [cost(() => tunnel.handleDatagrams(1)), internet.client];
  },
  'client, inward by a server that is a relay': () => {
    const client = startClient();
    const { internet, address, tunnel, path } = client;
    const server = proveRelay(client);
    fill(path.inbound, dataPacket(HOST, address, TEXT), server);
    return [cost(() => tunnel.handleDatagrams(ROWS)), internet.client];
  },
  'client, outward': () => {
    const { internet, address, tunnel, path } = startClient();
    fill(path.outbound, dataPacket(address, B, TEXT), B_MAPPED);
    return [cost(() => tunnel.handlePackets(ROWS)), internet.client];
  },
  'relay, inward': () => {
    const { path, tunnel, core } = startRelay();
    fill(path.inbound, dataPacket(B, HOST, TEXT), B_MAPPED);
    return [cost(() => tunnel.handleDatagrams(ROWS)), core];
  },
  'relay, outward': () => {
    const { path, tunnel, core } = startRelay();
    fill(path.outbound, dataPacket(HOST, B, TEXT), B_MAPPED);
    return [cost(() => tunnel.handlePackets(ROWS)), core];
  },
};

const name = process.argv[2];
if (name === undefined) {
  console.log(JSON.stringify(Object.keys(CASES)));
} else {
  const [bytes, { counters }] = CASES[name]?.() ?? [Number.NaN, { counters: { drops: {} } }];
  const dropped = Object.entries(counters.drops).filter(([, count]) => count > ROWS);
  if (dropped.length > 0) throw new Error(`not forwarded: ${dropped.join()}`);
  console.log(bytes);
}
process.exit(0);
