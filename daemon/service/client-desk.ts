/**
 * A client as its users have it: on the message bus, wanted or not, with a server of their choice. It outlives the
 * service that it speaks of, which may be broken and about to come back.
 */
import { reasonOf } from '../protocol/reasons.js';
import type { Reason, TunnelState } from '../protocol/tunnel-state.js';
import type { Confinement } from '../tunnel/messages.js';
import type { TunnelControl } from './bus/tunnel-control.js';
import type { ClientService } from './client-service.js';
import { version } from './command-line.js';
import { Holds } from './holds.js';
import type { Log } from './log.js';
import type { NetworkKeeper, NetworkScene } from './network/network-keeper.js';
import type { ServersEvents, TunnelServers, Wanted } from './servers/tunnel-servers.js';

/** Who is told of each change beside the log: the message bus, say. */
export interface Follower {
  stateChanged(state: TunnelState): void;
  /** As the signal ServerChanged. */
  serverChanged?(server: string, previous: string, reason: Reason): void;
  close(): void;
}

/** Makes the followers once the tunnel is under way: a program that names none does not carry their code. */
export type Follow = (control: TunnelControl) => readonly Follower[];

export interface DeskHost {
  readonly log: Log;
  readonly user: Confinement;
  /** undefined while it is being mended. */
  client(): ClientService | undefined;
  state(): TunnelState | undefined;
  /** The state while there is no client to say it. */
  enter(state: TunnelState): void;
}

/** What the program brings that a desk is made of. */
export interface DeskParts {
  openServers(events: ServersEvents): TunnelServers;
  /** undefined when there is to be a tunnel on every network. */
  openNetwork(scene: NetworkScene): NetworkKeeper | undefined;
  readonly follow: Follow;
}

export class ClientDesk {
  readonly servers: TunnelServers;
  readonly #network: NetworkKeeper | undefined;
  readonly holds: Holds;
  readonly #host: DeskHost;
  readonly #follow: Follow;
  /** BOUNDED: by what the entry point names. */
  #followers: readonly Follower[] = [];

  constructor(host: DeskHost, { openServers, openNetwork, follow }: DeskParts) {
    this.#host = host;
    this.#follow = follow;
    this.holds = new Holds(() => this.#host.client()?.holdChanged());
    this.servers = openServers({
      again: () => void this.#host.client()?.restart(),
      changed: () => this.refresh(),
      // The client has not taken it in yet.
      serverChanged: (server, previous, reason) => {
        queueMicrotask(() => {
          this.refresh();
          for (const follower of this.#followers) follower.serverChanged?.(server, previous, reason);
        });
      },
    });
    this.#network = openNetwork({
      log: host.log,
      holds: this.holds,
      tunnel: () => this.#host.client()?.facts.interfaceName ?? '',
      isUp: () => this.#host.state()?.name === 'qualified',
      again: () => void this.#host.client()?.restart(),
      changed: () => this.refresh(),
    });
  }

  /** Which server to use now, as far as it is known whether there is to be a tunnel on this network. */
  wanted(): Wanted {
    return this.#network?.isKnown === false ? { type: 'coming' } : this.servers.wanted();
  }

  /** The kernel has told of a change. To be called before the client hears of it. */
  networkChanged(): void {
    this.#network?.networkChanged();
  }

  /** The rules may be others. */
  reloadNetwork(): void {
    this.#network?.reload();
  }

  /** A broken tunnel that is about to come back keeps its followers. */
  follow(): void {
    if (this.#followers.length === 0) this.#followers = this.#follow(this.#control());
  }

  leave(): void {
    for (const follower of this.#followers) follower.close();
    this.#followers = [];
  }

  stateChanged(state: TunnelState): void {
    this.#tell(state);
    this.servers.stateChanged(state);
  }

  /** Something that is shown may have changed, and not with the state. */
  refresh(): void {
    const state = this.#host.state();
    if (state !== undefined) this.#tell(state);
  }

  #tell(state: TunnelState): void {
    for (const follower of this.#followers) follower.stateChanged(state);
  }

  close(): void {
    this.leave();
    this.#network?.close();
    this.servers.close();
  }

  #control(): TunnelControl {
    const host = this.#host;
    const { servers, holds } = this;
    const network = this.#network;
    return {
      log: host.log,
      version: version(),
      servers,
      holds,
      user: host.user,
      get state() {
        return host.state() ?? { name: 'resolving', server: host.client()?.facts.server ?? '' };
      },
      get facts() {
        return host.client()?.facts;
      },
      statistics: () => host.client()?.statistics() ?? Promise.resolve(undefined),
      get networkPolicy() {
        return network?.policy ?? 'always';
      },
      lookAgain: async () => {
        await network?.look();
        host.client()?.networkChanged({ isToldOf: true });
      },
      testReachability: () => host.client()?.testReachability() ?? Promise.resolve('unknown'),
      linkSettled: () => host.client()?.linkSettled() ?? Promise.resolve(),
      learnt: (filtering) => host.client()?.learnt(filtering),
      start: () => this.#start(),
      stop: () => this.#stop(),
      restart: () => {
        host.client()?.restart();
        return servers.isEnabled;
      },
    };
  }

  #start(): Promise<void> {
    const remembered = this.servers.enable(true);
    const client = this.#host.client();
    if (client !== undefined) client.start();
    else if (this.#host.state()?.name === 'stopped') {
      this.#host.enter({ name: 'waiting', reason: reasonOf('internal') });
    }
    this.refresh();
    return remembered;
  }

  async #stop(): Promise<void> {
    const remembered = this.servers.enable(false);
    const client = this.#host.client();
    if (client !== undefined) await client.stop();
    else if (this.#host.state()?.name !== 'stopped') this.#host.enter({ name: 'stopped', reason: reasonOf('user') });
    this.refresh();
    await remembered;
  }
}
