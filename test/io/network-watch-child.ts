/** Programs that network-watch.test.ts starts: what a watch does to the process around it. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type NetworkWatch, watchNetwork } from '../../daemon/io/network-watch.js';
import { ip } from '../support/tun.js';

function watch(changed: () => void, keepAlive = false): NetworkWatch {
  const opened = watchNetwork(changed, { keepAlive });
  if (!opened.ok) throw new Error(opened.sentence);
  return opened;
}

const programs: { readonly [name: string]: () => void } = {
  /** Ends by itself, also with a change that has not been told. */
  idle: () => {
    watch(() => console.log('told'));
    ip('link', 'add', 'mwatch', 'type', 'veth');
  },

  /** Goes on until the change has been told, and closes from inside. */
  kept: () => {
    const kept = watch(() => {
      console.log('told');
      kept.close();
      kept.close();
    }, true);
    ip('link', 'add', 'mwatch', 'type', 'veth');
  },

  throw: () => {
    watch(() => {
      throw new Error('thrown by the caller');
    }, true);
    ip('link', 'add', 'mwatch', 'type', 'veth');
  },

  /** A worker that is stopped while it watches. */
  worker: () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: 'watcher' });
    worker.once('message', () => worker.terminate().then(() => console.log('terminated')));
  },
  watcher: () => {
    watch(() => {}, true);
    parentPort?.postMessage('watching');
  },
};

const name = isMainThread ? process.argv[2] : workerData;
programs[String(name)]?.();
