/** Programs that kernel-path-lifecycle.test.ts starts: what a packet path does to the process around it. */
import { readdirSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import type { PacketPath } from '../../daemon/io/packet-path.js';
import { ipv4, port } from '../../daemon/wire/ipv4.js';
import { LOOPBACK, openLoopbackSocket } from '../support/loopback.js';
import { readRow } from '../support/memory-path.js';
import { PathCollector } from '../support/path-collector.js';

/** A path that gets one datagram from itself, once the loop has nothing else to do. */
function openTriggered(handle: (path: PacketPath, count: number) => void): PacketPath {
  const socket = openLoopbackSocket();
  const path = openPacketPath({ sockets: [socket.fd] });
  path.start({
    handleDatagrams: (count) => handle(path, count),
    handlePackets: () => {},
    handleFailure: (failure) => console.log(failure.code),
  });
  setTimeout(() => path.sendDatagram(0, Uint8Array.of(0), LOOPBACK, socket.local.port), 1);
  return path;
}

const programs: Record<string, () => void | Promise<void>> = {
  /** Sends to the port that is its argument, and dies of the exception. */
  throw: () => {
    openTriggered((path) => {
      path.sendDatagram(0, Uint8Array.of(1), LOOPBACK, port(Number(process.argv[3])));
      throw new Error('thrown by the handler');
    });
  },

  /** Sends before it throws: that datagram comes back, and the path goes on after the exception. */
  'throw-and-go-on': () => {
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    openTriggered((path, count) => {
      for (let i = 0; i < count; i++) {
        const row = readRow(path.inbound, i);
        const step = path.inbound.bytes[row.offset] ?? 0;
        console.log('step', step);
        if (step === 2) path.close();
        path.sendDatagram(0, Uint8Array.of(step + 1), ipv4(row.address), port(row.port));
        if (step === 0) throw new Error('once');
      }
    });
  },

  /** The loop ends by itself once the path is closed from inside of its handler. */
  'close-inside': () => {
    openTriggered((path) => {
      path.close();
      path.close();
      console.log('closed');
    });
  },

  /** What a handler leaves to promises and ticks runs at once, not at the next timer. */
  'promise-inside': () => {
    const path = openTriggered(() => {
      Promise.resolve().then(() => {
        console.log('promise');
        path.close();
      });
    });
  },

  'exit-inside': () => {
    openTriggered(() => process.exit(7));
  },

  /** The process ends by itself with a path that was opened and never started. */
  'never-started': () => {
    openPacketPath({ sockets: [openLoopbackSocket().fd] });
  },

  /** Prints the number of open descriptors before and after a thousand paths that each received something. */
  thousand: async () => {
    const sender = openPacketPath({ sockets: [openLoopbackSocket().fd] });
    const round = async (): Promise<void> => {
      const socket = openLoopbackSocket();
      const path = openPacketPath({ sockets: [socket.fd] });
      const collector = new PathCollector(path);
      path.start(collector);
      sender.sendDatagram(0, Uint8Array.of(1), LOOPBACK, socket.local.port);
      await collector.untilDatagrams(1);
      path.close();
    };
    await round();
    console.log(readdirSync('/proc/self/fd').length);
    for (let i = 0; i < 1000; i++) await round();
    console.log(readdirSync('/proc/self/fd').length);
    sender.close();
  },

  /** A worker that is stopped while its path is open, and one that exits in the middle of a handler call. */
  workers: () => {
    const end = (kind: string): Worker => new Worker(new URL(import.meta.url), { workerData: kind });
    const open = end('worker-open');
    open.once('message', () => open.terminate().then(() => console.log('terminated')));
    end('worker-exit').once('exit', (status) => console.log('worker', status));
  },
  'worker-open': () => {
    openTriggered(() => postToParent());
  },
  'worker-exit': () => {
    openTriggered(() => process.exit(3));
  },

  /** Descriptor 3 is a UDP socket that the parent opened: sends back what comes, until an empty datagram comes. */
  inherited: () => {
    const path = openPacketPath({ sockets: [3] });
    path.start({
      handleDatagrams: (count) => {
        for (let i = 0; i < count; i++) {
          const row = readRow(path.inbound, i);
          if (row.length === 0) return path.close();
          const bytes = path.inbound.bytes.subarray(row.offset, row.offset + row.length);
          path.sendDatagram(0, bytes, ipv4(row.address), port(row.port));
        }
      },
      handlePackets: () => {},
      handleFailure: () => {},
    });
    console.log('ready');
  },

  /**
   * Descriptor 3 is a UDP socket connected to the port that is its argument, where nobody listens at first: the
   * refusal comes back as an error of the socket. Sends again for each line on its standard input.
   */
  connected: () => {
    const peer = port(Number(process.argv[3]));
    const path = openPacketPath({ sockets: [3] });
    path.start({
      handleDatagrams: () => {
        console.log('received');
        path.close();
        process.stdin.destroy();
      },
      handlePackets: () => {},
      handleFailure: (failure) => console.log(failure.code),
    });
    for (let i = 0; i < 3; i++) path.sendDatagram(0, Uint8Array.of(i), LOOPBACK, peer);
    process.stdin.on('data', () => path.sendDatagram(0, Uint8Array.of(9), LOOPBACK, peer));
    setImmediate(() => setImmediate(() => console.log('ready')));
  },
};

async function postToParent(): Promise<void> {
  const { parentPort } = await import('node:worker_threads');
  parentPort?.postMessage('open');
}

const name = isMainThread ? process.argv[2] : workerData;
programs[String(name)]?.();
