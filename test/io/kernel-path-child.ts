/** Programs that kernel-path-lifecycle.test.ts starts: what a packet path does to the process around it. */
import { readFileSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import type { PacketPath } from '../../daemon/io/packet-path.js';
import { ipv4, port } from '../../daemon/wire/ipv4.js';
import { LOOPBACK, openLoopbackSocket } from '../support/loopback.js';
import { readRow } from '../support/memory-path.js';

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

const programs: Record<string, () => void> = {
  /** Dies of the exception. */
  throw: () => {
    openTriggered(() => {
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
    const flags = /flags:\s*([0-7]+)/.exec(readFileSync('/proc/self/fdinfo/3', 'utf8'))?.[1] ?? '';
    console.log(Number.parseInt(flags, 8) & 0o2000000 ? 'ready, close-on-exec' : 'ready');
  },
};

async function postToParent(): Promise<void> {
  const { parentPort } = await import('node:worker_threads');
  parentPort?.postMessage('open');
}

const name = isMainThread ? process.argv[2] : workerData;
programs[String(name)]?.();
