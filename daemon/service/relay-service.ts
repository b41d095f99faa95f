/** A Teredo relay on this host: an interface to which the Teredo prefix is routed. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { RelaySettings } from '../config/miredo-conf.js';
import { closeDescriptor, openTun, openUdp, type TunDevice, type UdpSocket } from '../io/descriptors.js';
import { readHostAddresses } from '../io/interfaces.js';
import type { Confinement } from '../tunnel/messages.js';
import { formatEndpoint, type Ipv4Address, type Port } from '../wire/ipv4.js';
import { formatIpv6, type Ipv6Address, isGlobalScope, parseIpv6 } from '../wire/ipv6.js';
import { emitLinkLocal } from '../wire/teredo-address.js';
import { EngineProcess } from './engine-process.js';
import { LinkKeeper } from './link-keeper.js';
import type { Log } from './log.js';
import type { Service, ServiceHost, Started, StartFailure } from './service.js';

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
  const tun = openTun(settings.interfaceName);
  if (!tun.ok) return tun;
  const socket = openUdp({ address: settings.bindAddress, port: settings.bindPort });
  if (!socket.ok) {
    closeDescriptor(tun.fd);
    return socket;
  }
  return { ok: true, service: new RelayService(settings, confinement, tun, socket, host) };
}

export class RelayService implements Service {
  readonly ready: Promise<void>;
  readonly #tun: TunDevice;
  readonly #socket: UdpSocket;
  readonly #link: LinkKeeper;
  readonly #engine: EngineProcess;

  constructor(settings: RelaySettings, confinement: Confinement, tun: TunDevice, socket: UdpSocket, host: ServiceHost) {
    this.#tun = tun;
    this.#socket = socket;
    this.#engine = new EngineProcess(
      {
        role: {
          name: 'relay',
          prefix: settings.prefix,
          directBubbles: settings.directBubbles,
          errorSource: formatIpv6(nativeAddress(tun.name) ?? INTERFACE_ADDRESS),
        },
        confinement,
        device: tun.fd,
        sockets: [socket.fd],
        directedBroadcasts: readHostAddresses([tun.name]).directedBroadcasts,
      },
      { stateChanged: () => {}, gone: () => {}, broken: (sentence) => host.broken(sentence) },
      host.log,
    );
    this.#link = new LinkKeeper(tun.name, (failure) => host.broken(failure.sentence));
    this.ready = Promise.all([this.#engine.ready, this.#bringUp(settings, host.log)]).then(() => {});
  }

  networkChanged(): void {
    this.#engine.setScope(readHostAddresses([this.#tun.name]).directedBroadcasts);
  }

  close(): void {
    this.#link.close();
    this.#engine.close();
    closeDescriptor(this.#socket.fd);
    closeDescriptor(this.#tun.fd);
  }

  async #bringUp(settings: RelaySettings, log: Log): Promise<void> {
    const prefix = prefixAddress(settings.prefix);
    await this.#link.want({
      mtu: settings.mtu,
      addresses: [{ address: INTERFACE_ADDRESS, prefixLength: LINK_LOCAL_PREFIX_LENGTH }],
      routes: [{ destination: prefix, prefixLength: PREFIX_LENGTH, metric: ROUTE_METRIC }],
    });
    const where = formatEndpoint(this.#socket.local);
    log('notice', `relaying ${formatIpv6(prefix)}/${PREFIX_LENGTH} through ${where} on ${this.#tun.name}`);
    if (!forwards()) log('warning', 'IPv6 forwarding is off: set net.ipv6.conf.all.forwarding=1 to relay for others.');
  }
}

function prefixAddress(prefix: number): Ipv6Address {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, prefix);
  return bytes as Ipv6Address;
}

/** A global address of this host, from which the IPv6 Internet accepts "unreachable". */
function nativeAddress(tunnel: string): Ipv6Address | undefined {
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    if (name === tunnel) continue;
    for (const entry of entries ?? []) {
      const address = entry.family === 'IPv6' && !entry.internal ? parseIpv6(entry.address) : undefined;
      if (address !== undefined && isGlobalScope(new DataView(address.buffer).getUint32(0))) return address;
    }
  }
  return undefined;
}

function forwards(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').trim() !== '0';
  } catch {
    return true; // no /proc to look at: not ours to complain
  }
}
