/**
 * How many 64-byte datagrams a second one packet path echoes over loopback, and how many move per system call.
 *
 * Run: node build/test/bench/packet-path.js. Two processes: this one echoes, a child keeps datagrams in flight.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { monotonicNow } from '../../daemon/io/clock.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import {
  type PacketPath,
  ROW_ADDRESS,
  ROW_LENGTH,
  ROW_OFFSET,
  ROW_PORT,
  ROW_STRIDE,
} from '../../daemon/io/packet-path.js';
import { ipv4, port } from '../../daemon/wire/ipv4.js';
import { LOOPBACK, openLoopbackSocket } from '../support/loopback.js';

const DATAGRAM_BYTES = 64;
const WINDOWS = [1, 64, 512];
/** Milliseconds a window is measured. */
const DURATION = 1000;

interface Measurement {
  readonly window: number;
  readonly datagramsPerSecond: number;
}

/** Sends every datagram back where it came from. */
function echo(path: PacketPath): void {
  path.start({
    handleDatagrams: (count) => {
      const { rows, bytes } = path.inbound;
      for (let row = 0; row < count * ROW_STRIDE; row += ROW_STRIDE) {
        const offset = rows[row + ROW_OFFSET] ?? 0;
        const datagram = bytes.subarray(offset, offset + (rows[row + ROW_LENGTH] ?? 0));
        path.sendDatagram(0, datagram, ipv4(rows[row + ROW_ADDRESS] ?? 0), port(rows[row + ROW_PORT] ?? 0));
      }
    },
    handlePackets: () => {},
    handleFailure: (failure) => console.error(failure.sentence),
  });
}

/** Keeps `window` datagrams in flight. */
function measure(echoPort: number, window: number): Promise<Measurement> {
  const path = openPacketPath({ sockets: [openLoopbackSocket().fd] });
  const datagram = new Uint8Array(DATAGRAM_BYTES);
  const send = (): void => path.sendDatagram(0, datagram, LOOPBACK, port(echoPort));
  let received = 0;
  const start = monotonicNow();
  return new Promise((resolve) => {
    const handleDatagrams = (count: number): void => {
      received += count;
      const elapsed = monotonicNow() - start;
      if (elapsed < DURATION) {
        for (let i = 0; i < count; i++) send();
        return;
      }
      path.close();
      resolve({ window, datagramsPerSecond: Math.round((received / elapsed) * 1000) });
    };
    path.start({ handleDatagrams, handlePackets: () => {}, handleFailure: () => {} });
    for (let i = 0; i < window; i++) send();
  });
}

async function generate(echoPort: number): Promise<void> {
  for (const window of WINDOWS) console.log(JSON.stringify(await measure(echoPort, window)));
}

async function main(): Promise<void> {
  const socket = openLoopbackSocket();
  const path = openPacketPath({ sockets: [socket.fd] });
  echo(path);
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), String(socket.local.port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let calls = 0;
  let cpu = process.cpuUsage();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const { window, datagramsPerSecond } = JSON.parse(text) as Measurement;
    const { receiveCalls, sendCalls } = path.counters();
    const perCall = (datagramsPerSecond * 2 * (DURATION / 1000)) / (receiveCalls + sendCalls - calls);
    const used = process.cpuUsage(cpu);
    const share = (used.user + used.system) / 10 / DURATION;
    console.log(
      `${String(window).padStart(4)} in flight: ${datagramsPerSecond} datagrams/s echoed, ` +
        `${perCall.toFixed(1)} per system call, echo process ${share.toFixed(0)} % CPU`,
    );
    calls = receiveCalls + sendCalls;
    cpu = process.cpuUsage();
  });
  await once(child, 'exit');
  path.close();
  console.log(`resident memory ${(process.memoryUsage.rss() / 1024 / 1024).toFixed(0)} MiB`);
}

const echoPort = process.argv[2];
if (echoPort === undefined) await main();
else await generate(Number(echoPort));
