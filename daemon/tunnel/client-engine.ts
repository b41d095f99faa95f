/** A client at work: core, packet path and timer, behind the few calls that its owner needs. */
import type { PacketPath, PacketPathFailure } from '../io/packet-path.js';
import { TeredoClient } from '../protocol/client.js';
import type { ClientConfiguration } from '../protocol/configuration.js';
import type { Environment } from '../protocol/environment.js';
import type { Servers } from '../protocol/qualification.js';
import type { Instant } from '../protocol/time.js';
import type { TunnelState } from '../protocol/tunnel-state.js';
import type { Ipv4Scope } from '../wire/ipv4.js';
import { pathOutput, Tunnel } from './tunnel.js';

export interface ClientEvents {
  stateChanged(state: TunnelState): void;
  failed(failure: PacketPathFailure): void;
}

export class ClientEngine {
  readonly client: TeredoClient;
  readonly #tunnel: Tunnel;
  readonly #clock: () => Instant;

  constructor(
    configuration: ClientConfiguration,
    environment: Environment,
    path: PacketPath,
    clock: () => Instant,
    events: ClientEvents,
  ) {
    const output = { ...pathOutput(path), stateChanged: (state: TunnelState) => events.stateChanged(state) };
    this.client = new TeredoClient(configuration, environment, output);
    this.#clock = clock;
    this.#tunnel = new Tunnel(this.client, path, clock, (failure) => events.failed(failure));
    this.#tunnel.start();
  }

  start(servers: Servers): void {
    this.client.start(this.#clock(), servers);
    this.#tunnel.rearm();
  }

  stop(): void {
    this.client.stop(this.#clock());
    this.#tunnel.rearm();
  }

  setScope(scope: Ipv4Scope): void {
    this.client.setScope(scope);
  }

  close(): void {
    this.#tunnel.close();
  }
}
