/** A Teredo relay on this host: an interface to which the Teredo prefix is routed. */
import { readFileSync } from 'node:fs';
import type { RelaySettings } from '../config/miredo-conf.js';
import { readHostAddresses } from '../io/interfaces.js';
import type { LinkConfiguration } from '../io/link-commands.js';
import type { Confinement } from '../tunnel/messages.js';
import { formatEndpoint, type Ipv4Address, type Port } from '../wire/ipv4.js';
import { formatIpv6, type Ipv6Address } from '../wire/ipv6.js';
import { emitLinkLocal } from '../wire/teredo-address.js';
import { EngineProcess } from './engine-process.js';
import { LinkKeeper } from './link-keeper.js';
import type { Log } from './log.js';
import type { Service, ServiceHost, Started, StartFailure } from './service.js';
import { closeTunnelDescriptors, openTunnelDescriptors, type TunnelDescriptors } from './tunnel-descriptors.js';

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
  const descriptors = openTunnelDescriptors(interfaceName, { address: bindAddress, port: bindPort });
  if (!descriptors.ok) return descriptors;
  return { ok: true, service: new RelayService(settings, confinement, descriptors, host) };
}

export class RelayService implements Service {
  readonly ready: Promise<void>;
  readonly #descriptors: TunnelDescriptors;
  readonly #link: LinkKeeper;
  readonly #engine: EngineProcess;

  constructor(settings: RelaySettings, confinement: Confinement, descriptors: TunnelDescriptors, host: ServiceHost) {
    const { tun, socket } = descriptors;
    this.#descriptors = descriptors;
    const addresses = readHostAddresses([tun.name]);
    // The IPv6 Internet accepts "unreachable" only from a native address of this host.
    const [errorSource = INTERFACE_ADDRESS] = addresses.nativeIpv6;
    if (!addresses.hasNativeIpv6) {
      host.log('warning', 'This host has no native IPv6 address: a relay needs IPv6 of its own.');
    }
    this.#engine = new EngineProcess(
      {
        role: {
          name: 'relay',
          prefix: settings.prefix,
          directBubbles: settings.directBubbles,
          errorSource: formatIpv6(errorSource),
        },
        confinement,
        device: tun.fd,
        sockets: [socket.fd],
        directedBroadcasts: addresses.directedBroadcasts,
      },
      {
        stateChanged: () => {},
        // Without an engine the route would lead into the void; another way to the clients may be known.
        gone: () => void this.#link.want(undefined),
        ready: () => void this.#link.want(linkConfiguration(settings)),
        broken: (sentence) => host.broken(sentence),
      },
      host.log,
    );
    this.#link = new LinkKeeper(tun.name, (failure) => host.broken(failure.sentence));
    this.ready = this.#engine.ready.then(() => this.#bringUp(settings, host.log));
  }

  isHealthy(): Promise<boolean> {
    return this.#engine.isHealthy();
  }

  networkChanged(): void {
    this.#engine.setScope(readHostAddresses([this.#descriptors.tun.name]).directedBroadcasts);
  }

  close(): Promise<void> {
    this.#link.close();
    const gone = this.#engine.close();
    closeTunnelDescriptors(this.#descriptors);
    return gone;
  }

  async #bringUp(settings: RelaySettings, log: Log): Promise<void> {
    await this.#link.settled();
    const prefix = prefixAddress(settings.prefix);
    const where = formatEndpoint(this.#descriptors.socket.local);
    log('notice', `relaying ${formatIpv6(prefix)}/${PREFIX_LENGTH} through ${where} on ${this.#descriptors.tun.name}`);
    if (!forwards()) log('warning', 'IPv6 forwarding is off: set net.ipv6.conf.all.forwarding=1 to relay for others.');
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

function forwards(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').trim() !== '0';
  } catch {
    return true; // no /proc to look at: not ours to complain
  }
}
