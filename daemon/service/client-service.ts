/** A Teredo client on this host: interface, service port, server's addresses, engine, and the interface's address. */
import { isDeepStrictEqual } from 'node:util';
import type { ClientSettings } from '../config/miredo-conf.js';
import type { OpenPorts } from '../config/values.js';
import { readHostAddresses } from '../io/interfaces.js';
import { readIpv4Routes } from '../io/ipv4-routes.js';
import type { LinkFailure } from '../io/link.js';
import type { LinkConfiguration } from '../io/link-commands.js';
import { localAddressTo } from '../io/local-address.js';
import type { Reachability } from '../protocol/internet-test.js';
import type { Servers } from '../protocol/qualification.js';
import { reasonOf } from '../protocol/reasons.js';
import type { Reason, ReasonCode, TunnelState } from '../protocol/tunnel-state.js';
import type { Confinement, EngineStatistics } from '../tunnel/messages.js';
import { type Endpoint, type Ipv4Address, sameEndpoint, UNSPECIFIED_IPV4 } from '../wire/ipv4.js';
import { formatIpv6, type Ipv6Address } from '../wire/ipv6.js';
import { TEREDO_PREFIX } from '../wire/teredo-address.js';
import type { NatFiltering } from './diagnose/nat-facts.js';
import { EngineProcess } from './engine-process.js';
import { Guard } from './firewall/guard.js';
import { LinkKeeper } from './link-keeper.js';
import { ReachabilityTests } from './reachability-tests.js';
import { RetryDelay } from './retry-delay.js';
import { findServers, hasNames } from './server-addresses.js';
import type { ServerTarget } from './servers/server-list.js';
import type { Service, ServiceHost, Started, StartFailure } from './service.js';
import { closeTunnelDescriptors, openTunnelDescriptors, type TunnelDescriptors } from './tunnel-descriptors.js';
import { wayTo } from './way-to-server.js';

/** Behind every native default route (RFC 4380 §3.2.1: Teredo is the last resort). */
const DEFAULT_ROUTE_METRIC = 1029;
const DEFAULT_ROUTE = new Uint8Array(16) as Ipv6Address;
const TEREDO_PREFIX_LENGTH = 32;
/** Milliseconds before a name is resolved again; doubles up to the limit. */
const RESOLVE_DELAY = 1000;
const RESOLVE_DELAY_LIMIT = 60_000;
/** The same before an interface that was refused its address is tried again. */
const LINK_DELAY = 1000;
const LINK_DELAY_LIMIT = 60_000;

/** Opens interface and socket and begins; what comes after start-up only ever changes the state. */
export function startClient(
  settings: ClientSettings,
  confinement: Confinement,
  host: ServiceHost,
): Started | StartFailure {
  const { interfaceName, bindAddress, bindPort } = settings;
  const descriptors = openTunnelDescriptors(interfaceName, { address: bindAddress, port: bindPort });
  if (!descriptors.ok) return descriptors;
  return { ok: true, service: new ClientService(settings, confinement, descriptors, host) };
}

export interface ClientStatistics extends EngineStatistics {
  /** Packets that the firewall has refused; undefined without one. */
  readonly refused: number | undefined;
}

/** What of the host's network the way to a server depends on, to see a change. */
interface Network {
  readonly addresses: string;
  readonly routes: string;
}

/** What there is to know about a client beyond its state. */
export interface ClientFacts {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  /** That the tunnel's datagrams leave by; the unspecified one when the kernel chooses. */
  readonly bindAddress: Ipv4Address;
  /** As configured; empty while there is none. */
  readonly server: string;
  /** undefined while its name is not resolved. */
  readonly serverAddress: Ipv4Address | undefined;
  /** Our address on the way to the server, and the service port; while qualified. */
  readonly local: Endpoint | undefined;
  readonly reachability: Reachability;
  /** What the NAT lets in, as a diagnosis has found for this mapping. */
  readonly filtering: NatFiltering;
  readonly firewall: FirewallFacts;
}

export interface FirewallFacts {
  /** What of the configuration is to be let in unasked; undefined: there is to be no firewall. */
  readonly wanted: readonly OpenPorts[] | undefined;
  /** Where the rules are; undefined while there are none. */
  readonly table: string | undefined;
}

export class ClientService implements Service {
  readonly ready: Promise<void>;
  #settings: ClientSettings;
  readonly #descriptors: TunnelDescriptors;
  readonly #host: ServiceHost;
  readonly #link: LinkKeeper;
  readonly #guard: Guard;
  readonly #engine: EngineProcess;
  /** Names are resolved without privilege too: answers come from the network. */
  readonly #resolverUser: Confinement;
  #state: TunnelState = { name: 'stopped', reason: reasonOf('user') };
  #network: Network;
  /** The server in use. */
  #target: ServerTarget | undefined;
  #servers: Servers | undefined;
  /** To the server, when it was begun with. */
  #way = '';
  #local: Endpoint | undefined;
  #reachability: Reachability = 'unknown';
  #filtering: NatFiltering = 'unknown';
  readonly #tests = new ReachabilityTests();
  /** Aborted when the names it resolves are no longer wanted. */
  #resolving = new AbortController();
  #resolveTimer: NodeJS.Timeout | undefined;
  readonly #resolveDelay = new RetryDelay(RESOLVE_DELAY, RESOLVE_DELAY_LIMIT);
  readonly #linkDelay = new RetryDelay(LINK_DELAY, LINK_DELAY_LIMIT);
  /** Whether there is to be a tunnel. */
  #isWanted: boolean;
  #closed = false;

  constructor(settings: ClientSettings, confinement: Confinement, descriptors: TunnelDescriptors, host: ServiceHost) {
    this.#settings = settings;
    const { tun, socket } = descriptors;
    this.#descriptors = descriptors;
    this.#host = host;
    this.#resolverUser = confinement;
    const addresses = readHostAddresses([tun.name]);
    this.#network = { addresses: String(addresses.ipv4), routes: readIpv4Routes() };
    this.#link = new LinkKeeper(tun.name, (failure) => this.#linkFailed(failure));
    this.#guard = new Guard(tun, host, () => this.#unguarded());
    this.#engine = new EngineProcess(
      {
        role: {
          name: 'client',
          prefix: TEREDO_PREFIX,
          localPort: socket.local.port,
          testAddresses: settings.testAddresses.map(formatIpv6),
        },
        confinement,
        device: tun.fd,
        sockets: [socket.fd],
        directedBroadcasts: addresses.directedBroadcasts,
      },
      {
        stateChanged: (state) => this.#engineSays(state),
        reachabilityChanged: (reachability) => this.#reachabilityChanged(reachability),
        gone: () => this.#engineGone(),
        ready: () => {},
        broken: (sentence) => host.broken(sentence),
      },
      host.log,
    );
    this.ready = this.#engine.ready;
    this.#isWanted = host.isWanted();
    if (this.#isWanted) void this.#begin();
    else this.#enter(this.#state);
  }

  get facts(): ClientFacts {
    const { name, index } = this.#descriptors.tun;
    const { text = '', address } = this.#target?.primary ?? {};
    const serverAddress = this.#servers?.primary ?? address;
    const isQualified = this.#state.name === 'qualified';
    return {
      interfaceName: name,
      interfaceIndex: index,
      bindAddress: this.#settings.bindAddress,
      server: text,
      serverAddress,
      local: isQualified ? this.#local : undefined,
      reachability: isQualified ? this.#reachability : 'unknown',
      filtering: this.#filtering,
      firewall: { wanted: this.#settings.firewall, table: this.#guard.table },
    };
  }

  /** Resolves to 'unknown' when it is not qualified, or no answer comes in time. */
  testReachability(): Promise<Reachability> {
    if (this.#state.name !== 'qualified') return Promise.resolve('unknown');
    if (this.#settings.testAddresses.length === 0) return Promise.resolve(this.#reachability);
    return this.#tests.wait(
      () => this.#engine.testReachability(),
      () => this.#reachability,
    );
  }

  learnt(filtering: NatFiltering): void {
    this.#filtering = filtering;
    this.#host.refresh?.();
  }

  async statistics(): Promise<ClientStatistics | undefined> {
    const [statistics, refused] = await Promise.all([this.#engine.statistics(), this.#guard.refused()]);
    return statistics && { ...statistics, refused };
  }

  /** Begins when it was stopped. */
  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    // Whoever asked hears at once that it does not stand still any more.
    this.#beginAnew({ isHeard: true });
  }

  /** Resolves when address and routes are gone. The interface stays, and so does its port. */
  async stop(): Promise<void> {
    if (this.#isWanted) {
      this.#isWanted = false;
      this.#cancel();
      this.#enter({ name: 'stopped', reason: reasonOf('user') });
    }
    await this.#rest();
  }

  /** Resolves when the interface is as the state says. */
  linkSettled(): Promise<void> {
    return this.#link.settled();
  }

  /** Qualifies anew; false when it is stopped. */
  restart(): boolean {
    if (this.#isWanted) this.#beginAnew();
    return this.#isWanted;
  }

  /** What {@link ServiceHost.hold} says is another. */
  holdChanged(): void {
    if (this.#isWanted) this.#beginAnew();
  }

  /** Takes a new configuration over, if that can be done without giving up interface and port. */
  adopt(settings: ClientSettings): boolean {
    const { interfaceName, bindAddress, bindPort } = this.#settings;
    if (settings.interfaceName !== interfaceName) return false;
    if (settings.bindAddress !== bindAddress || settings.bindPort !== bindPort) return false;
    if (String(settings.testAddresses) !== String(this.#settings.testAddresses)) return false;
    const hasFirewall = isDeepStrictEqual(settings.firewall, this.#settings.firewall);
    this.#settings = settings;
    if (!hasFirewall && this.#isWanted && this.#host.hold() === undefined) this.#adoptFirewall();
    return true;
  }

  isHealthy(): Promise<boolean> {
    return this.#engine.isHealthy();
  }

  /**
   * The host's addresses or routes may have changed. Where packets to the server go another way now, the mapping in the
   * NAT is another, so the client begins anew at once; and it does not sit out a long wait whose reason may just have
   * gone. `isToldOf`: by somebody who knows of changes that neither shows, such as that a portal lets us through.
   */
  networkChanged({ isToldOf = false } = {}): void {
    const addresses = readHostAddresses([this.#descriptors.tun.name]);
    this.#engine.setScope(addresses.directedBroadcasts);
    const before = this.#network;
    const network = { addresses: String(addresses.ipv4), routes: readIpv4Routes() };
    this.#network = network;
    const hasMoved = network.addresses !== before.addresses;
    if (!this.#isWanted || this.#host.hold() !== undefined) return;
    if (this.#state.name === 'waiting' || this.#state.name === 'failed') {
      if (isToldOf || hasMoved || network.routes !== before.routes) this.#beginAnew();
    } else if (this.#servers === undefined) {
      if (hasMoved) this.#beginAnew();
    } else {
      void this.#followWay(this.#servers);
    }
  }

  async #followWay({ primary }: Servers): Promise<void> {
    const { signal } = this.#resolving;
    const way = await wayTo(primary, this.#settings.bindAddress);
    if (!signal.aborted && way !== this.#way) this.#beginAnew();
  }

  /** The interface goes with its descriptor, and its address and routes with the interface. */
  close(): Promise<void> {
    this.#closed = true;
    this.#resolving.abort();
    clearTimeout(this.#resolveTimer);
    this.#link.close();
    const gone = this.#engine.close();
    closeTunnelDescriptors(this.#descriptors);
    return gone.then(() => this.#guard.close());
  }

  #beginAnew({ isHeard = false } = {}): void {
    this.#cancel();
    this.#resolving = new AbortController();
    this.#resolveDelay.reset();
    void this.#begin(isHeard);
  }

  #cancel(): void {
    this.#servers = undefined;
    this.#engine.stop();
    this.#resolving.abort();
    clearTimeout(this.#resolveTimer);
  }

  /** Finds the server's addresses; tries for ever, since the network may come up later. */
  async #begin(isHeard = false): Promise<void> {
    const { signal } = this.#resolving;
    const hold = this.#host.hold();
    if (hold !== undefined) {
      this.#enter({ name: 'waiting', reason: hold });
      return;
    }
    if (readHostAddresses([this.#descriptors.tun.name]).ipv4.length === 0) {
      this.#wait('no-network');
      return;
    }
    const target = this.#nextServer();
    if (target === undefined) return;
    if (hasNames(target) || isHeard) this.#enter({ name: 'resolving', server: target.primary.text });
    const guarding = this.#guard.set(this.#settings.firewall);
    const servers = await this.#find(target, signal);
    const isGuarded = await guarding;
    if (signal.aborted) return;
    if (!isGuarded) {
      this.#unguarded();
      return;
    }
    if (servers === undefined) {
      this.#wait('dns-failed');
      return;
    }
    this.#resolveDelay.reset();
    await this.#use(servers, signal);
  }

  async #use(servers: Servers, signal: AbortSignal): Promise<void> {
    const way = await wayTo(servers.primary, this.#settings.bindAddress);
    if (signal.aborted) return;
    this.#way = way;
    this.#servers = servers;
    this.#engine.useServers(servers);
  }

  /** undefined when there is none yet, which the state tells then. */
  #nextServer(): ServerTarget | undefined {
    const wanted = this.#host.server();
    this.#target = wanted.type === 'server' ? wanted.target : undefined;
    if (wanted.type === 'coming') this.#enter({ name: 'resolving', server: '' });
    if (wanted.type === 'none') this.#enter({ name: 'failed', reason: wanted.reason, retryIn: 0 });
    return this.#target;
  }

  /** To be open to everybody unknown to its user is worse than no tunnel. It tries again: nft(8) may be installed. */
  #unguarded(): void {
    this.#fail(reasonOf('firewall'), this.#resolveDelay);
  }

  /** Another interface would be refused its address as well, and what is set for this one would be lost with it. */
  #linkFailed({ code, sentence }: LinkFailure): void {
    if (code === 'ipv6-disabled') this.#fail({ code, sentence }, this.#linkDelay);
    else this.#host.broken(sentence);
  }

  /** For want of something on this computer, which is tried again. */
  #fail(reason: Reason, again: RetryDelay): void {
    if (this.#closed || !this.#isWanted) return;
    this.#cancel();
    this.#resolving = new AbortController();
    const delay = again.take();
    this.#enter({ name: 'failed', reason, retryIn: delay });
    this.#resolveTimer = setTimeout(() => void this.#begin(), delay);
  }

  /** Connections stay, those of a port that was open and is no more as well. */
  #adoptFirewall(): void {
    if (this.#state.name === 'failed' && this.#state.reason.code === 'firewall') {
      this.#beginAnew();
      return;
    }
    void this.#guard.set(this.#settings.firewall).then((isGuarded) => {
      if (!isGuarded) this.#unguarded();
    });
  }

  /** Takes address and routes away, and then the rules for what came by them. */
  async #rest(): Promise<void> {
    await this.#link.want(undefined);
    const isToRest = !this.#isWanted || this.#host.hold() !== undefined;
    if (isToRest && !this.#closed) await this.#guard.set(undefined);
  }

  #wait(code: ReasonCode): void {
    this.#enter({ name: 'waiting', reason: reasonOf(code) });
    this.#resolveTimer = setTimeout(() => void this.#begin(), this.#resolveDelay.take());
  }

  async #find(target: ServerTarget, signal: AbortSignal): Promise<Servers | undefined> {
    const found = await findServers(target, { signal, user: this.#resolverUser });
    if (found.ok) return found.servers;
    if (found.code !== 'aborted') this.#host.log('warning', found.sentence);
    return undefined;
  }

  #engineSays(state: TunnelState): void {
    // The end of an attempt that is no longer wanted; and when it stops is not the engine's to say.
    if (this.#servers === undefined || state.name === 'stopped') return;
    this.#enter(state);
    if (state.name === 'failed') void this.#followName();
  }

  /** Address and routes are those of an engine that is no more; the next one qualifies anew. */
  #engineGone(): void {
    if (!this.#isWanted || this.#host.hold() !== undefined) return;
    this.#enter({ name: 'waiting', reason: reasonOf('internal') });
  }

  /** The server may have moved: a failure is the time to ask for its name again. */
  async #followName(): Promise<void> {
    const target = this.#target;
    if (target === undefined || !hasNames(target)) return;
    const { signal } = this.#resolving;
    const servers = await this.#find(target, signal);
    if (signal.aborted || servers === undefined) return;
    if (servers.primary === this.#servers?.primary && servers.secondary === this.#servers.secondary) return;
    await this.#use(servers, signal);
  }

  #reachabilityChanged(reachability: Reachability): void {
    if (this.#state.name !== 'qualified') return;
    this.#reachability = reachability;
    if (reachability === 'unknown') return;
    this.#tests.settle(reachability);
    this.#host.refresh?.();
  }

  /** What was learnt of another mapping, or of none, is not true any more. */
  #forget(state: TunnelState): void {
    const before = this.#state;
    const isSame =
      before.name === 'qualified' && state.name === 'qualified' && sameEndpoint(before.mapped, state.mapped);
    if (isSame) return;
    this.#filtering = 'unknown';
    this.#reachability = 'unknown';
    this.#tests.settle('unknown');
  }

  async #findLocal(server: Ipv4Address): Promise<void> {
    const { bindAddress } = this.#settings;
    const { port } = this.#descriptors.socket.local;
    const way =
      bindAddress === UNSPECIFIED_IPV4 ? await localAddressTo(server) : { ok: true as const, address: bindAddress };
    this.#local = way.ok ? { address: way.address, port } : undefined;
  }

  #enter(state: TunnelState): void {
    if (this.#closed) return;
    this.#forget(state);
    this.#state = state;
    if (state.name !== 'qualified') {
      void this.#rest();
      this.#host.stateChanged(state);
      return;
    }
    if (this.#settings.firewall === undefined) void this.#guard.tellExposure();
    // Whoever hears of the address may use it at once.
    const configured = this.#link.want(linkConfiguration(state.address, state.mtu));
    void Promise.all([configured, this.#findLocal(state.server)]).then(() => {
      if (this.#state !== state || this.#closed) return;
      this.#linkDelay.reset();
      this.#host.stateChanged(state);
    });
  }
}

/**
 * Behind a slow uplink this is the queue of an upload. A place in it holds a run, at 10 Mbit/s mostly of two packets, so
 * the kernel's 500 places would be a second and more; at full speed they hold up to 64 KiB each.
 */
const QUEUE = 128;

/** As the old program leaves it: the prefix's length on the address is the route to all other clients. */
function linkConfiguration(address: Ipv6Address, mtu: number): LinkConfiguration {
  return {
    mtu,
    queue: QUEUE,
    addresses: [{ address, prefixLength: TEREDO_PREFIX_LENGTH }],
    routes: [{ destination: DEFAULT_ROUTE, prefixLength: 0, metric: DEFAULT_ROUTE_METRIC }],
  };
}
