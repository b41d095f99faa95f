/** A core at work in the engine process: packet path, timer, and the supervisor's messages. */
import type { PacketPath, PacketPathFailure } from '../io/packet-path.js';
import { TeredoClient } from '../protocol/client.js';
import { REFRESH_INTERVAL } from '../protocol/constants.js';
import type { Counters } from '../protocol/drops.js';
import type { Environment } from '../protocol/environment.js';
import { TeredoRelay } from '../protocol/relay.js';
import { TeredoServer } from '../protocol/server.js';
import type { Instant } from '../protocol/time.js';
import { port } from '../wire/ipv4.js';
import { type Ipv6Address, parseIpv6 } from '../wire/ipv6.js';
import type {
  ClientRole,
  Configure,
  EngineStatistics,
  FromEngine,
  RelayRole,
  ServerRole,
  ToEngine,
} from './messages.js';
import { ProbeEngine } from './probe-engine.js';
import type { FromProbe } from './probe-messages.js';
import { ServerTunnel, serverOutput } from './server-tunnel.js';
import { pathOutput, Tunnel } from './tunnel.js';

export interface Engine {
  heed(message: Exclude<ToEngine, Configure>): void;
}

/** A desktop's peers at the same time, generously; a relay's. About 100 bytes each, taken from memory as they come. */
const CLIENT_PEERS = 16384;
const RELAY_PEERS = 1_000_000;

export interface EngineHost {
  readonly path: PacketPath;
  readonly environment: Environment;
  readonly clock: () => Instant;
  readonly send: (message: FromEngine | FromProbe) => void;
}

export function createEngine(message: Configure, host: EngineHost): Engine {
  const { role } = message;
  switch (role.name) {
    case 'client':
      return new ClientEngine(role, message, host);
    case 'relay':
      return new RelayEngine(role, message, host);
    case 'server':
      return new ServerEngine(role, message, host);
    case 'probe':
      return new ProbeEngine(role, message, host);
  }
}

const reportFailure =
  ({ send }: EngineHost) =>
  (failure: PacketPathFailure): void =>
    send({ type: 'broken', sentence: failure.sentence });

const counts = ({ datagramsIn, bytesIn, packetsOut, bytesOut, bubblesSent, bubblesReceived, drops }: Counters) => ({
  datagramsIn,
  bytesIn,
  packetsOut,
  bytesOut,
  bubblesSent,
  bubblesReceived,
  drops,
});

function answer(host: EngineHost, number: number, counters: Counters, more: Partial<EngineStatistics> = {}): void {
  const statistics = {
    ...counts(counters),
    peers: 0,
    path: host.path.counters(),
    roundTrip: undefined,
    serverSilence: undefined,
    refreshInterval: undefined,
    ...more,
  };
  host.send({ type: 'answer', number, statistics });
}

class ClientEngine implements Engine {
  readonly #host: EngineHost;
  readonly #client: TeredoClient;
  readonly #tunnel: Tunnel;

  constructor(role: ClientRole, { directedBroadcasts }: Configure, host: EngineHost) {
    this.#host = host;
    const configuration = {
      prefix: role.prefix,
      localPort: port(role.localPort),
      scope: { directedBroadcasts },
      refreshInterval: REFRESH_INTERVAL,
      credentials: undefined,
      peerCapacity: CLIENT_PEERS,
      testAddresses: role.testAddresses.flatMap((text) => parseIpv6(text) ?? []),
    };
    this.#client = new TeredoClient(configuration, host.environment, {
      ...pathOutput(host.path),
      stateChanged: (state) => host.send({ type: 'state', state }),
      reachabilityChanged: (reachability) => host.send({ type: 'reachability', reachability }),
    });
    this.#tunnel = new Tunnel(this.#client, host.path, host.clock, reportFailure(host));
    this.#tunnel.start();
  }

  heed(message: Exclude<ToEngine, Configure>): void {
    const now = this.#host.clock();
    switch (message.type) {
      case 'start':
        this.#client.start(now, message);
        break;
      case 'stop':
        this.#client.stop(now);
        break;
      case 'test':
        this.#client.testInternet(now);
        break;
      case 'scope':
        this.#client.setScope(message);
        break;
      case 'ask':
        answer(this.#host, message.number, this.#client.counters, this.#facts(now));
        break;
    }
    this.#tunnel.rearm();
  }

  #facts(now: Instant): Partial<EngineStatistics> {
    const { roundTrip, lastServerContact, current } = this.#client.qualification;
    const silence = now - lastServerContact;
    return {
      peers: this.#client.peers.size,
      roundTrip,
      serverSilence: Number.isFinite(silence) ? silence : undefined,
      refreshInterval: current === undefined ? undefined : REFRESH_INTERVAL,
    };
  }
}

class RelayEngine implements Engine {
  readonly #host: EngineHost;
  readonly #relay: TeredoRelay;

  constructor(role: RelayRole, { directedBroadcasts }: Configure, host: EngineHost) {
    this.#host = host;
    const address = randomLinkLocal(host.environment);
    this.#relay = new TeredoRelay(
      {
        prefix: role.prefix,
        address,
        errorSource: parseIpv6(role.errorSource) ?? address,
        directBubbles: role.directBubbles,
        scope: { directedBroadcasts },
        peerCapacity: RELAY_PEERS,
      },
      host.environment,
      pathOutput(host.path),
    );
    new Tunnel(this.#relay, host.path, host.clock, reportFailure(host)).start();
  }

  heed(message: Exclude<ToEngine, Configure>): void {
    if (message.type === 'scope') this.#relay.setScope(message);
    else if (message.type === 'ask') {
      answer(this.#host, message.number, this.#relay.counters, { peers: this.#relay.peers.size });
    }
  }
}

class ServerEngine implements Engine {
  readonly #host: EngineHost;
  readonly #server: TeredoServer;

  constructor(role: ServerRole, { directedBroadcasts }: Configure, host: EngineHost) {
    this.#host = host;
    const { prefix, primary, secondary, mtu } = role;
    this.#server = new TeredoServer(
      { prefix, primary, secondary, mtu, scope: { directedBroadcasts }, authentication: undefined },
      host.environment,
      serverOutput(host.path),
    );
    new ServerTunnel(this.#server, host.path, reportFailure(host)).start();
  }

  heed(message: Exclude<ToEngine, Configure>): void {
    if (message.type === 'ask') answer(this.#host, message.number, this.#server.counters);
  }
}

/** Nobody but those who are sent a bubble can know it, and so answer (see RelayConfiguration). */
function randomLinkLocal({ entropy }: Environment): Ipv6Address {
  const bytes = new Uint8Array(16);
  entropy.fill(bytes.subarray(8));
  bytes.set([0xfe, 0x80]);
  return bytes as Ipv6Address;
}
