/** A Teredo client on this host: interface, service port, server's addresses, engine, and the interface's address. */
import type { ClientSettings } from '../config/miredo-conf.js';
import { nextAddress } from '../config/miredo-conf.js';
import type { ServerName } from '../config/values.js';
import { closeDescriptor, openTun, openUdp, type TunDevice, type UdpSocket } from '../io/descriptors.js';
import { readHostAddresses } from '../io/interfaces.js';
import { openPacketPath } from '../io/kernel-path.js';
import type { LinkConfiguration } from '../io/link-commands.js';
import { resolveIpv4 } from '../io/resolver.js';
import { REFRESH_INTERVAL } from '../protocol/constants.js';
import type { Servers } from '../protocol/qualification.js';
import { SENTENCES } from '../protocol/reasons.js';
import type { TunnelState } from '../protocol/tunnel-state.js';
import { ClientEngine } from '../tunnel/client-engine.js';
import type { Ipv4Address } from '../wire/ipv4.js';
import { type Ipv6Address, parseIpv6 } from '../wire/ipv6.js';
import { TEREDO_PREFIX } from '../wire/teredo-address.js';
import { now, systemEnvironment } from './environment.js';
import { LinkKeeper } from './link-keeper.js';
import type { Log } from './log.js';
import type { Broken, Service, Started, StartFailure } from './service.js';
import { describeState } from './state-text.js';

/** Peers a desktop speaks to at the same time, generously; about 100 bytes each. */
const PEER_CAPACITY = 16384;
/** Behind every native default route (RFC 4380 §3.2.1: Teredo is the last resort). */
const DEFAULT_ROUTE_METRIC = 1029;
const TEREDO_PREFIX_LENGTH = 32;
/** Milliseconds before a name is resolved again; doubles up to the limit. */
const RESOLVE_DELAY = 1000;
const RESOLVE_DELAY_LIMIT = 60_000;
/** How often the host's subnets are looked at. */
const SCOPE_PERIOD = 60_000;

/** Opens interface and socket and begins; what comes after start-up only ever changes the state. */
export function startClient(settings: ClientSettings, log: Log, broken: Broken): Started | StartFailure {
  const tun = openTun(settings.interfaceName);
  if (!tun.ok) return tun;
  const socket = openUdp({ address: settings.bindAddress, port: settings.bindPort });
  if (!socket.ok) {
    closeDescriptor(tun.fd);
    return socket;
  }
  const service = new ClientService(settings, tun, socket, log, broken);
  service.begin();
  return { ok: true, service };
}

class ClientService implements Service {
  readonly #settings: ClientSettings;
  readonly #tun: TunDevice;
  readonly #log: Log;
  readonly #link: LinkKeeper;
  readonly #engine: ClientEngine;
  readonly #closing = new AbortController();
  readonly #scopeTimer: NodeJS.Timeout;
  #servers: Servers | undefined;
  #resolveTimer: NodeJS.Timeout | undefined;
  #resolveDelay = RESOLVE_DELAY;

  constructor(settings: ClientSettings, tun: TunDevice, socket: UdpSocket, log: Log, broken: Broken) {
    this.#settings = settings;
    this.#tun = tun;
    this.#log = log;
    this.#link = new LinkKeeper(tun.name, (failure) => log('error', failure.sentence));
    const configuration = {
      prefix: TEREDO_PREFIX,
      localPort: socket.local.port,
      scope: this.#scope(),
      refreshInterval: REFRESH_INTERVAL,
      credentials: undefined,
      peerCapacity: PEER_CAPACITY,
    };
    const path = openPacketPath({ tun: tun.fd, sockets: [socket.fd] });
    this.#engine = new ClientEngine(configuration, systemEnvironment(), path, now, {
      stateChanged: (state) => this.#stateChanged(state),
      failed: (failure) => broken(failure.sentence),
    });
    this.#scopeTimer = setInterval(() => this.#engine.setScope(this.#scope()), SCOPE_PERIOD);
  }

  begin(): void {
    void this.#resolve();
  }

  /** The interface goes with its descriptor, and its address and routes with the interface. */
  close(): void {
    this.#closing.abort();
    clearInterval(this.#scopeTimer);
    clearTimeout(this.#resolveTimer);
    this.#link.close();
    this.#engine.close();
  }

  #scope() {
    return readHostAddresses([this.#tun.name]);
  }

  /** Finds the server's addresses; tries for ever, since the network may come up later. */
  async #resolve(): Promise<void> {
    const { server, secondary } = this.#settings;
    if (server.address === undefined) this.#say({ name: 'resolving', server: server.text });
    const primary = await this.#addressOf(server);
    const second = secondary === undefined ? primary && nextAddress(primary) : await this.#addressOf(secondary);
    if (this.#closing.signal.aborted) return;
    if (primary === undefined || second === undefined) {
      this.#say({ name: 'waiting', reason: { code: 'dns-failed', sentence: SENTENCES['dns-failed'] } });
      this.#resolveTimer = setTimeout(() => void this.#resolve(), this.#resolveDelay);
      this.#resolveDelay = Math.min(2 * this.#resolveDelay, RESOLVE_DELAY_LIMIT);
      return;
    }
    this.#resolveDelay = RESOLVE_DELAY;
    this.#servers = { primary, secondary: second };
    this.#engine.start(this.#servers);
  }

  async #addressOf(name: ServerName): Promise<Ipv4Address | undefined> {
    if (name.address !== undefined) return name.address;
    const result = await resolveIpv4(name.text, this.#closing.signal);
    if (result.ok) return result.address;
    if (result.code !== 'aborted') this.#log('warning', result.sentence);
    return undefined;
  }

  #stateChanged(state: TunnelState): void {
    this.#say(state);
    if (state.name === 'qualified') {
      void this.#link.want(linkConfiguration(state.address, state.mtu));
      return;
    }
    void this.#link.want(undefined);
    if (state.name === 'failed') void this.#followName();
  }

  /** The server may have moved: a failure is the time to ask for its name again. */
  async #followName(): Promise<void> {
    const { server, secondary } = this.#settings;
    if (server.address !== undefined) return;
    const primary = await this.#addressOf(server);
    const second = secondary === undefined ? primary && nextAddress(primary) : await this.#addressOf(secondary);
    if (this.#closing.signal.aborted || primary === undefined || second === undefined) return;
    if (primary === this.#servers?.primary && second === this.#servers.secondary) return;
    this.#servers = { primary, secondary: second };
    this.#engine.start(this.#servers);
  }

  #say(state: TunnelState): void {
    this.#log(state.name === 'failed' || state.name === 'waiting' ? 'warning' : 'notice', describeState(state));
  }
}

/** As the old program leaves it: the prefix's length on the address is the route to all other clients. */
function linkConfiguration(address: Ipv6Address, mtu: number): LinkConfiguration {
  const anywhere = parseIpv6('::') as Ipv6Address;
  return {
    mtu,
    addresses: [{ address, prefixLength: TEREDO_PREFIX_LENGTH }],
    routes: [{ destination: anywhere, prefixLength: 0, metric: DEFAULT_ROUTE_METRIC }],
  };
}
