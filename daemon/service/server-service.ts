/** A Teredo server on this host: port 3544 of two addresses, and a way into native IPv6. */
import type { ServerSettings } from '../config/server-conf.js';
import { closeDescriptor, openRawGroup, openUdpGroup } from '../io/descriptors.js';
import { readHostAddresses } from '../io/interfaces.js';
import type { Confinement } from '../tunnel/messages.js';
import { formatIpv4 } from '../wire/ipv4.js';
import { TEREDO_PORT } from '../wire/teredo-address.js';
import { EngineGroup, engineCount } from './engine-group.js';
import { EngineSteering } from './engine-steering.js';
import type { Service, ServiceHost, Started, StartFailure } from './service.js';

export function startServer(
  settings: ServerSettings,
  confinement: Confinement,
  host: ServiceHost,
): Started | StartFailure {
  const descriptors = openServerDescriptors(settings, engineCount(settings.engines));
  return descriptors.ok
    ? { ok: true, service: new ServerService(settings, confinement, descriptors, host) }
    : descriptors;
}

export class ServerService implements Service {
  readonly ready: Promise<void>;
  readonly #descriptors: ServerDescriptors;
  readonly #engines: EngineGroup;

  constructor(settings: ServerSettings, confinement: Confinement, descriptors: ServerDescriptors, host: ServiceHost) {
    this.#descriptors = descriptors;
    const { primary, secondary, prefix, mtu } = settings;
    const { stations } = descriptors;
    const { directedBroadcasts } = readHostAddresses();
    const steering = new EngineSteering({ engines: stations.length, sockets: stations[0]?.sockets ?? [] }, host.log);
    this.#engines = new EngineGroup(
      stations.map(({ sockets, raw }) => ({
        role: { name: 'server', primary, secondary, prefix, mtu },
        confinement,
        device: raw,
        sockets,
        directedBroadcasts,
      })),
      { crewChanged: (present) => steering.follow(present), broken: (sentence) => host.broken(sentence) },
      host.log,
    );
    this.ready = this.#engines.ready.then(() => {
      const where = `${formatIpv4(primary)} and ${formatIpv4(secondary)}`;
      const how = stations.length === 1 ? '' : `, with ${stations.length} engines`;
      host.log('notice', `serving on port ${TEREDO_PORT} of ${where}${how}`);
    });
  }

  isHealthy(): Promise<boolean> {
    return this.#engines.isHealthy();
  }

  networkChanged(): void {
    this.#engines.setScope(readHostAddresses().directedBroadcasts);
  }

  close(): Promise<void> {
    const gone = this.#engines.close();
    closeStations(this.#descriptors.stations);
    return gone;
  }
}

/** What one engine works with. */
interface Station {
  /** Of the primary and the secondary address. */
  readonly sockets: readonly number[];
  readonly raw: number;
}

interface ServerDescriptors {
  readonly ok: true;
  readonly stations: readonly Station[];
}

const closeStations = (stations: readonly Station[]): void => {
  for (const { sockets, raw } of stations) for (const fd of [...sockets, raw]) closeDescriptor(fd);
};

/** Those of all engines or none. */
function openServerDescriptors(settings: ServerSettings, engines: number): ServerDescriptors | StartFailure {
  const open: number[][] = [];
  const groups = [
    () => openUdpGroup({ address: settings.primary, port: TEREDO_PORT }, engines),
    () => openUdpGroup({ address: settings.secondary, port: TEREDO_PORT }, engines),
    () => openRawGroup(engines),
  ];
  for (const openGroup of groups) {
    const group = openGroup();
    if ('ok' in group) {
      for (const fd of open.flat()) closeDescriptor(fd);
      return group;
    }
    open.push(group.map(({ fd }) => fd));
  }
  const [first = [], second = [], raw = []] = open;
  const stations = raw.map((fd, index) => ({ sockets: [first[index] ?? -1, second[index] ?? -1], raw: fd }));
  return { ok: true, stations };
}
