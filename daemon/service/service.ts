/** What the three services (client, relay, server) are to the program that runs one, and it to them. */
import type { Reason, TunnelState } from '../protocol/tunnel-state.js';
import type { Log } from './log.js';
import type { Wanted } from './servers/tunnel-servers.js';

/** Start-up that failed: nothing is left behind. */
export interface StartFailure {
  readonly ok: false;
  /** Of the system call that failed. */
  readonly errno?: string;
  readonly sentence: string;
}

export interface Started {
  readonly ok: true;
  readonly service: Service;
}

export interface Service {
  /** Resolves when the first engine has shut itself in and works. */
  readonly ready: Promise<void>;
  /** The host's addresses or routes have changed. */
  networkChanged(): void;
  /** Whether its engine answers; one that is being started need not yet. */
  isHealthy(): Promise<boolean>;
  /** Takes everything away. To be called once; resolves when interface and ports are free, in a few milliseconds. */
  close(): Promise<void>;
}

export interface ServiceHost {
  readonly log: Log;
  /** Of a client only: false when its user has stopped the tunnel, so that it begins stopped. */
  isWanted(): boolean;
  /** Of a client only: why it is to wait though it is wanted; undefined when it is not. */
  hold(): Reason | undefined;
  /** Of a client only: which server to use; asked whenever it begins anew. */
  server(): Wanted;
  /** Of a client only. */
  stateChanged(state: TunnelState): void;
  /** Of a client only: something that is shown beside the state may be another. */
  refresh?(): void;
  /** The tunnel broke in a way that only a new start of the service can mend. */
  broken(sentence: string): void;
}
