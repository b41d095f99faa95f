/** Changes to the host's interfaces, addresses and routes, as the kernel tells of them (rtnetlink(7)). */
import { loadAddon } from './native-addon.js';

export interface NetworkWatch {
  readonly ok: true;
  /** Nothing is called afterwards. Idempotent. */
  close(): void;
}

export interface NetworkWatchFailure {
  readonly ok: false;
  /** Errno name. */
  readonly errno: string;
  readonly sentence: string;
}

export interface NetworkWatchOptions {
  /** Whether the event loop goes on for it. */
  readonly keepAlive?: boolean;
}

/** Milliseconds. One event of the world (a cable, a resume) is dozens of changes, spread over some time. */
const PAUSE = 200;

/**
 * Calls `changed` a little after something has changed, and then not for 200 ms; what changes meanwhile comes with the
 * next call. Our own changes are told like those of others, and so is that the kernel had to leave some untold. The
 * state as it was when this returned is the caller's to read: the first change after that is not missed.
 */
export function watchNetwork(
  changed: () => void,
  { keepAlive = false }: NetworkWatchOptions = {},
): NetworkWatch | NetworkWatchFailure {
  const addon = loadAddon();
  let timer: NodeJS.Timeout | undefined;
  const note = (): void => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      changed();
    }, PAUSE);
    if (!keepAlive) timer.unref();
  };
  const watch = addon.openNetworkWatch(note, keepAlive);
  if (typeof watch === 'number') {
    const errno = addon.errnoName(watch);
    return { ok: false, errno, sentence: `Cannot watch the network for changes: ${errno}.` };
  }
  return {
    ok: true,
    close: () => {
      clearTimeout(timer);
      addon.closeNetworkWatch(watch);
    },
  };
}
