/**
 * A client's tunnel as those see it who control and follow it: one tunnel, wanted or not, however often its service is
 * started again. Who they are, the entry point says: a program that has none does not carry them.
 */
import { SENTENCES } from '../protocol/reasons.js';
import type { TunnelState } from '../protocol/tunnel-state.js';
import type { Confinement, EngineStatistics } from '../tunnel/messages.js';
import type { TunnelControl } from './bus/tunnel-control.js';
import type { ClientFacts, ClientService } from './client-service.js';
import { version } from './command-line.js';
import type { Log } from './log.js';

/** Who is told of each change beside the log: the message bus, say. */
export interface Follower {
  stateChanged(state: TunnelState): void;
  close(): void;
}

/** Makes the followers once the tunnel is under way; `confinement`: as whom to run what needs no privilege. */
export type Follow = (control: TunnelControl, confinement: Confinement) => readonly Follower[];

export interface TunnelHost {
  readonly log: Log;
  readonly state: TunnelState | undefined;
  /** undefined while the service is being mended, and when it is no client. */
  readonly client: ClientService | undefined;
  /** A state that no service can tell, since there is none. */
  enter(state: TunnelState): void;
}

export class ControlledTunnel implements TunnelControl {
  readonly #host: TunnelHost;
  /** BOUNDED: by what the entry point names. */
  #followers: readonly Follower[] = [];
  #isWanted = true;
  readonly version = version();

  constructor(host: TunnelHost) {
    this.#host = host;
  }

  /** Whether there is to be a tunnel, now and after mending: its user may stop it. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** A broken tunnel that is about to come back keeps its followers. */
  follow(follow: Follow, confinement: Confinement): void {
    if (this.#followers.length === 0) this.#followers = follow(this, confinement);
  }

  leave(): void {
    for (const follower of this.#followers) follower.close();
    this.#followers = [];
  }

  stateChanged(state: TunnelState): void {
    for (const follower of this.#followers) follower.stateChanged(state);
  }

  get log(): Log {
    return this.#host.log;
  }

  get state(): TunnelState {
    return this.#host.state ?? { name: 'resolving', server: this.facts?.server ?? '' };
  }

  get facts(): ClientFacts | undefined {
    return this.#host.client?.facts;
  }

  statistics(): Promise<EngineStatistics | undefined> {
    return this.#host.client?.statistics() ?? Promise.resolve(undefined);
  }

  start(): void {
    this.#isWanted = true;
    const { client, state } = this.#host;
    if (client !== undefined) client.start();
    else if (state?.name === 'stopped') this.#enter('waiting', 'internal');
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    const { client, state } = this.#host;
    if (client !== undefined) await client.stop();
    else if (state?.name !== 'stopped') this.#enter('stopped', 'user');
  }

  restart(): boolean {
    this.#host.client?.restart();
    return this.#isWanted;
  }

  /** The service broke, and is started again in a while. */
  broken(): void {
    if (this.#isWanted && this.#host.state !== undefined) this.#enter('waiting', 'internal');
  }

  #enter(name: 'waiting' | 'stopped', code: 'internal' | 'user'): void {
    this.#host.enter({ name, reason: { code, sentence: SENTENCES[code] } });
  }
}
