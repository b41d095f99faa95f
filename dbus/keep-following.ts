/** Follows the daemon through restarts of the bus, for as long as the caller wants. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Listener } from './client.js';
import type { Fault } from './fault.js';

export interface SteadyListener extends Listener {
  /** There is no bus now; another attempt follows. Told once for each time it goes. */
  readonly lost: (fault: Fault) => void;
  /** A connection that works, until {@link lost} or the end. */
  readonly connected?: (client: Client) => void;
}

/** Milliseconds between attempts: doubled up to the last. */
const FIRST_PAUSE = 100;
const LAST_PAUSE = 5000;

const HUNG_UP: Fault = { code: 'lost', name: '', sentence: 'The connection to the system bus has ended.' };

/** Returns when `signal` is aborted. */
export async function keepFollowing(listener: SteadyListener, signal: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE;
  let isTold = false;
  while (!signal.aborted) {
    const fault = await followOnce(listener, signal, () => {
      pause = FIRST_PAUSE;
      isTold = false;
    });
    if (signal.aborted) return;
    if (!isTold) listener.lost(fault);
    isTold = true;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    pause = Math.min(pause * 2, LAST_PAUSE);
  }
}

/** Why it ended. */
async function followOnce(listener: SteadyListener, signal: AbortSignal, onConnected: () => void): Promise<Fault> {
  const opened = await Client.open();
  if (!opened.ok) return opened.fault;
  const client = opened.value;
  const close = (): void => client.close();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) client.close();
  try {
    listener.connected?.(client);
    const following = await client.follow(listener);
    if (!following.ok) return following.fault;
    onConnected();
    await client.ended;
    return HUNG_UP;
  } finally {
    signal.removeEventListener('abort', close);
    client.close();
  }
}
