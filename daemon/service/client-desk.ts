/**
 * A client as its users have it: on the message bus, wanted or not, with a server of their choice. It outlives the
 * service that it speaks of, which may be broken and about to come back.
 */
import { SENTENCES } from '../protocol/reasons.js';
import type { Reason, ReasonCode, TunnelState } from '../protocol/tunnel-state.js';
import { BusPresence } from './bus/bus-presence.js';
import type { TunnelControl } from './bus/tunnel-control.js';
import type { ClientService } from './client-service.js';
import { version } from './command-line.js';
import type { Log } from './log.js';
import type { ServersEvents, TunnelServers } from './servers/tunnel-servers.js';

export interface DeskHost {
  readonly log: Log;
  /** undefined while it is being mended. */
  client(): ClientService | undefined;
  state(): TunnelState | undefined;
  /** The state while there is no client to say it. */
  enter(state: TunnelState): void;
}

export class ClientDesk {
  readonly servers: TunnelServers;
  readonly #host: DeskHost;
  #bus: BusPresence | undefined;

  constructor(host: DeskHost, openServers: (events: ServersEvents) => TunnelServers) {
    this.#host = host;
    this.servers = openServers({
      again: () => void this.#host.client()?.restart(),
      changed: () => this.refresh(),
      // The client has not taken it in yet.
      serverChanged: (server, previous, reason) => {
        queueMicrotask(() => {
          this.refresh();
          this.#bus?.serverChanged(server, previous, reason);
        });
      },
    });
  }

  joinBus(): void {
    this.#bus ??= new BusPresence(this.#control());
  }

  leaveBus(): void {
    this.#bus?.close();
    this.#bus = undefined;
  }

  stateChanged(state: TunnelState): void {
    this.#bus?.stateChanged(state);
    this.servers.stateChanged(state);
  }

  /** Something that is shown may have changed, and not with the state. */
  refresh(): void {
    const state = this.#host.state();
    if (state !== undefined) this.#bus?.stateChanged(state);
  }

  close(): void {
    this.leaveBus();
    this.servers.close();
  }

  #control(): TunnelControl {
    const host = this.#host;
    const { servers } = this;
    return {
      log: host.log,
      version: version(),
      servers,
      get state() {
        return host.state() ?? { name: 'resolving', server: host.client()?.facts.server ?? '' };
      },
      get facts() {
        return host.client()?.facts;
      },
      statistics: () => host.client()?.statistics() ?? Promise.resolve(undefined),
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
      this.#host.enter({ name: 'waiting', reason: reason('internal') });
    }
    this.refresh();
    return remembered;
  }

  async #stop(): Promise<void> {
    const remembered = this.servers.enable(false);
    const client = this.#host.client();
    if (client !== undefined) await client.stop();
    else if (this.#host.state()?.name !== 'stopped') this.#host.enter({ name: 'stopped', reason: reason('user') });
    this.refresh();
    await remembered;
  }
}

const reason = (code: ReasonCode): Reason => ({ code, sentence: SENTENCES[code] });
