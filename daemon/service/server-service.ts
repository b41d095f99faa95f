/** A Teredo server on this host: port 3544 of two addresses, and a way into native IPv6. */
import type { ServerSettings } from '../config/server-conf.js';
import { closeDescriptor, openRawIpv6, openUdp } from '../io/descriptors.js';
import { readHostAddresses } from '../io/interfaces.js';
import type { Confinement } from '../tunnel/messages.js';
import { formatIpv4 } from '../wire/ipv4.js';
import { TEREDO_PORT } from '../wire/teredo-address.js';
import { EngineProcess } from './engine-process.js';
import type { Service, ServiceHost, Started, StartFailure } from './service.js';

export function startServer(
  settings: ServerSettings,
  confinement: Confinement,
  host: ServiceHost,
): Started | StartFailure {
  const descriptors = openServerDescriptors(settings);
  return descriptors.ok
    ? { ok: true, service: new ServerService(settings, confinement, descriptors, host) }
    : descriptors;
}

export class ServerService implements Service {
  readonly ready: Promise<void>;
  readonly #descriptors: ServerDescriptors;
  readonly #engine: EngineProcess;

  constructor(settings: ServerSettings, confinement: Confinement, descriptors: ServerDescriptors, host: ServiceHost) {
    this.#descriptors = descriptors;
    const { primary, secondary, prefix, mtu } = settings;
    this.#engine = new EngineProcess(
      {
        role: { name: 'server', primary, secondary, prefix, mtu },
        confinement,
        device: descriptors.raw,
        sockets: descriptors.sockets,
        directedBroadcasts: readHostAddresses().directedBroadcasts,
      },
      { stateChanged: () => {}, gone: () => {}, ready: () => {}, broken: (sentence) => host.broken(sentence) },
      host.log,
    );
    this.ready = this.#engine.ready.then(() => {
      const where = `${formatIpv4(primary)} and ${formatIpv4(secondary)}`;
      host.log('notice', `serving on port ${TEREDO_PORT} of ${where}`);
    });
  }

  isHealthy(): Promise<boolean> {
    return this.#engine.isHealthy();
  }

  networkChanged(): void {
    this.#engine.setScope(readHostAddresses().directedBroadcasts);
  }

  close(): Promise<void> {
    const gone = this.#engine.close();
    for (const fd of [...this.#descriptors.sockets, this.#descriptors.raw]) closeDescriptor(fd);
    return gone;
  }
}

interface ServerDescriptors {
  readonly ok: true;
  readonly sockets: readonly number[];
  readonly raw: number;
}

/** All three or none. */
function openServerDescriptors(settings: ServerSettings): ServerDescriptors | StartFailure {
  const open: number[] = [];
  const attempts = [
    () => openUdp({ address: settings.primary, port: TEREDO_PORT }),
    () => openUdp({ address: settings.secondary, port: TEREDO_PORT }),
    openRawIpv6,
  ];
  for (const attempt of attempts) {
    const result = attempt();
    if (!result.ok) {
      for (const fd of open) closeDescriptor(fd);
      return result;
    }
    open.push(result.fd);
  }
  const [first, second, raw] = open as [number, number, number];
  return { ok: true, sockets: [first, second], raw };
}
