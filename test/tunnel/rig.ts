/** A Teredo internet of two packet paths: what one sends, the other receives, behind a NAT that renames the client. */
import { createHmac, randomFillSync } from 'node:crypto';
import { TeredoClient } from '../../daemon/protocol/client.js';
import { REFRESH_INTERVAL } from '../../daemon/protocol/constants.js';
import type { Environment } from '../../daemon/protocol/environment.js';
import { TeredoServer } from '../../daemon/protocol/server.js';
import type { Instant } from '../../daemon/protocol/time.js';
import type { Qualified, TunnelState } from '../../daemon/protocol/tunnel-state.js';
import { ServerTunnel, serverOutput } from '../../daemon/tunnel/server-tunnel.js';
import { pathOutput, Tunnel } from '../../daemon/tunnel/tunnel.js';
import { type Endpoint, sameEndpoint } from '../../daemon/wire/ipv4.js';
import { DEFAULT_MTU } from '../../daemon/wire/mtu.js';
import { TEREDO_PORT, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import { endpoint, MAPPED, NO_SCOPE, SERVERS } from '../protocol/rig.js';
import { type Emission, type MemoryDatagram, MemoryPath } from '../support/memory-path.js';

export const environment: Environment = {
  entropy: { fill: (target) => void randomFillSync(target) },
  hmac: (algorithm, secret, parts) => {
    const hmac = createHmac(algorithm, secret);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  },
};

const LOCAL = endpoint('192.168.1.2', 4096);

export class SmallInternet {
  /** Milliseconds; the test's to move. */
  now = 0 as Instant;
  readonly states: TunnelState[] = [];
  readonly failures: string[] = [];
  /** Native IPv6 packets that the server sent on. */
  readonly native: Uint8Array[] = [];
  /** Datagrams of the client that went to nobody here. */
  readonly elsewhere: MemoryDatagram[] = [];
  /** Packets for the client's own IPv6 stack. */
  readonly delivered: Uint8Array[] = [];
  readonly clientPath: MemoryPath;
  readonly serverPath: MemoryPath;
  readonly client: TeredoClient;
  readonly server: TeredoServer;
  readonly tunnel: Tunnel;
  readonly serverTunnel: ServerTunnel;
  /** Sockets of the server to which the client sent, in order, whether it arrived or not. */
  readonly asked: number[] = [];
  /** Nothing is received from within a call of a core, as in the real world. */
  readonly #underway: (() => void)[] = [];
  /** Whether datagrams reach the server. */
  isConnected = true;

  constructor() {
    this.clientPath = new MemoryPath({ onEmission: (emission) => this.#fromClient(emission) });
    this.serverPath = new MemoryPath({ onEmission: (emission) => this.#fromServer(emission) });
    const configuration = {
      prefix: TEREDO_PREFIX,
      localPort: LOCAL.port,
      scope: NO_SCOPE,
      refreshInterval: REFRESH_INTERVAL,
      credentials: undefined,
      peerCapacity: 16,
    };
    this.client = new TeredoClient(configuration, environment, {
      ...pathOutput(this.clientPath),
      stateChanged: (state) => this.states.push(state),
    });
    this.server = new TeredoServer(
      { prefix: TEREDO_PREFIX, ...SERVERS, mtu: DEFAULT_MTU, scope: NO_SCOPE, authentication: undefined },
      environment,
      serverOutput(this.serverPath),
    );
    const clock = (): Instant => this.now;
    const failed = ({ sentence }: { sentence: string }): void => void this.failures.push(sentence);
    this.tunnel = new Tunnel(this.client, this.clientPath, clock, failed);
    this.serverTunnel = new ServerTunnel(this.server, this.serverPath, failed);
    this.tunnel.start();
    this.serverTunnel.start();
  }

  start(): void {
    this.client.start(this.now, SERVERS);
    this.tunnel.rearm();
    this.settle();
  }

  close(): void {
    this.tunnel.close();
    this.serverTunnel.close();
  }

  get qualified(): Qualified | undefined {
    const last = this.states.at(-1);
    return last?.name === 'qualified' ? last : undefined;
  }

  /** A datagram for the client from anywhere. */
  receive(bytes: Uint8Array, from: Endpoint): void {
    this.clientPath.injectDatagram(bytes, from.address, from.port);
    this.settle();
  }

  /** Every datagram under way arrives, and those it brings about. */
  settle(): void {
    for (let carry = this.#underway.shift(); carry !== undefined; carry = this.#underway.shift()) carry();
  }

  #fromClient(emission: Emission): void {
    if (emission.kind === 'packet') {
      this.delivered.push(emission.bytes);
      return;
    }
    const socket = [SERVERS.primary, SERVERS.secondary].indexOf(emission.address);
    if (socket < 0 || emission.port !== TEREDO_PORT) {
      this.elsewhere.push(emission);
      return;
    }
    this.asked.push(socket);
    if (!this.isConnected) return;
    this.#underway.push(() => this.serverPath.injectDatagram(emission.bytes, MAPPED.address, MAPPED.port, socket));
  }

  #fromServer(emission: Emission): void {
    if (emission.kind === 'packet') {
      this.native.push(emission.bytes);
      return;
    }
    const from = [SERVERS.primary, SERVERS.secondary][emission.socket];
    if (from === undefined || !sameEndpoint(emission, MAPPED)) return;
    this.#underway.push(() => this.clientPath.injectDatagram(emission.bytes, from, TEREDO_PORT));
  }
}
