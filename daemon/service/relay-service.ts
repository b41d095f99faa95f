/** A Teredo relay on this host: an interface to which the Teredo prefix is routed. */
import type { RelaySettings } from '../config/miredo-conf.js';
import type { TunDevice, UdpSocket } from '../io/descriptors.js';
import { readHostAddresses } from '../io/interfaces.js';
import { readForwarding } from '../io/link.js';
import type { LinkConfiguration } from '../io/link-commands.js';
import type { Confinement, Role } from '../tunnel/messages.js';
import { formatEndpoint, type Ipv4Address, type Port } from '../wire/ipv4.js';
import { formatIpv6, type Ipv6Address } from '../wire/ipv6.js';
import { emitLinkLocal } from '../wire/teredo-address.js';
import { EngineGroup, engineCount } from './engine-group.js';
import { EngineSteering, whyNoSteering } from './engine-steering.js';
import { LinkKeeper } from './link-keeper.js';
import type { Log } from './log.js';
import type { Service, ServiceHost, Started, StartFailure } from './service.js';
import { closeGroupDescriptors, type GroupDescriptors, openGroupDescriptors } from './tunnel-descriptors.js';

const PREFIX_LENGTH = 32;
const LINK_LOCAL_PREFIX_LENGTH = 64;
const ROUTE_METRIC = 1024;
/** The interface's own address; the old program's. */
const INTERFACE_ADDRESS = emitLinkLocal(0, 0 as Ipv4Address, 0 as Port);

export function startRelay(
  settings: RelaySettings,
  confinement: Confinement,
  host: ServiceHost,
): Started | StartFailure {
  const { interfaceName, bindAddress, bindPort } = settings;
  const engines = usableEngines(settings, host.log);
  const descriptors = openGroupDescriptors(interfaceName, { address: bindAddress, port: bindPort }, engines);
  if (!descriptors.ok) return descriptors;
  return { ok: true, service: new RelayService(settings, confinement, descriptors, host) };
}

/** Without steering an engine would get packets for clients that another one knows. */
function usableEngines({ engines }: RelaySettings, log: Log): number {
  const wanted = engineCount(engines);
  const refusal = wanted > 1 ? whyNoSteering() : undefined;
  if (refusal === undefined) return wanted;
  log('warning', `${refusal.sentence} One engine does all the work, instead of ${wanted}.`);
  return 1;
}

export class RelayService implements Service {
  readonly ready: Promise<void>;
  readonly #descriptors: GroupDescriptors;
  readonly #interfaceName: string;
  readonly #link: LinkKeeper;
  readonly #engines: EngineGroup;

  constructor(settings: RelaySettings, confinement: Confinement, descriptors: GroupDescriptors, host: ServiceHost) {
    const { queues, sockets } = descriptors;
    const [queue, socket] = [queues[0] as TunDevice, sockets[0] as UdpSocket];
    this.#descriptors = descriptors;
    this.#interfaceName = queue.name;
    const addresses = readHostAddresses([queue.name]);
    // The IPv6 Internet accepts "unreachable" only from a native address of this host.
    const [errorSource = INTERFACE_ADDRESS] = addresses.nativeIpv6;
    if (addresses.nativeIpv6.length === 0) {
      host.log('warning', 'This host has no native IPv6 address: a relay needs IPv6 of its own.');
    }
    const steered = { engines: queues.length, sockets: [socket.fd], device: queue.fd };
    const steering = new EngineSteering(steered, host.log);
    const link = linkConfiguration(settings);
    const role: Role = {
      name: 'relay',
      prefix: settings.prefix,
      directBubbles: settings.directBubbles,
      errorSource: formatIpv6(errorSource),
    };
    this.#engines = new EngineGroup(
      queues.map(({ fd }, index) => ({
        role,
        confinement,
        device: fd,
        sockets: sockets.slice(index, index + 1).map((own) => own.fd),
        directedBroadcasts: addresses.directedBroadcasts,
      })),
      {
        crewChanged: (present) => {
          steering.follow(present);
          // Without an engine the route would lead into the void; another way to the clients may be known.
          void this.#link.want(present.length === 0 ? undefined : link);
        },
        broken: (sentence) => host.broken(sentence),
      },
      host.log,
    );
    this.#link = new LinkKeeper(queue.name, (failure) => host.broken(failure.sentence));
    this.ready = this.#engines.ready.then(() => this.#bringUp(settings, host.log, formatEndpoint(socket.local)));
  }

  isHealthy(): Promise<boolean> {
    return this.#engines.isHealthy();
  }

  networkChanged(): void {
    this.#engines.setScope(readHostAddresses([this.#interfaceName]).directedBroadcasts);
  }

  close(): Promise<void> {
    this.#link.close();
    const gone = this.#engines.close();
    closeGroupDescriptors(this.#descriptors);
    return gone;
  }

  async #bringUp(settings: RelaySettings, log: Log, endpoint: string): Promise<void> {
    await this.#link.settled();
    const isForwarding = await readForwarding();
    const prefix = prefixAddress(settings.prefix);
    const engines = this.#descriptors.queues.length;
    const how = engines === 1 ? '' : `, with ${engines} engines`;
    const where = `through ${endpoint} on ${this.#interfaceName}`;
    log('notice', `relaying ${formatIpv6(prefix)}/${PREFIX_LENGTH} ${where}${how}`);
    if (isForwarding !== false) return;
    log('warning', 'IPv6 forwarding is off: set net.ipv6.conf.all.forwarding=1 to relay for others.');
  }
}

const linkConfiguration = ({ prefix, mtu }: RelaySettings): LinkConfiguration => ({
  mtu,
  addresses: [{ address: INTERFACE_ADDRESS, prefixLength: LINK_LOCAL_PREFIX_LENGTH }],
  routes: [{ destination: prefixAddress(prefix), prefixLength: PREFIX_LENGTH, metric: ROUTE_METRIC }],
});

function prefixAddress(prefix: number): Ipv6Address {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, prefix);
  return bytes as Ipv6Address;
}
