/** A Teredo relay on this host: an interface to which the Teredo prefix is routed. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { RelaySettings } from '../config/miredo-conf.js';
import { closeDescriptor, openTun, openUdp, type TunDevice, type UdpSocket } from '../io/descriptors.js';
import { readHostAddresses } from '../io/interfaces.js';
import { openPacketPath } from '../io/kernel-path.js';
import type { Entropy } from '../protocol/environment.js';
import { TeredoRelay } from '../protocol/relay.js';
import { pathOutput, Tunnel } from '../tunnel/tunnel.js';
import { formatEndpoint, type Ipv4Address, type Port } from '../wire/ipv4.js';
import { formatIpv6, type Ipv6Address, isGlobalScope, parseIpv6 } from '../wire/ipv6.js';
import { emitLinkLocal } from '../wire/teredo-address.js';
import { now, systemEnvironment } from './environment.js';
import { LinkKeeper } from './link-keeper.js';
import type { Log } from './log.js';
import type { Broken, Service, Started, StartFailure } from './service.js';

/** About 100 bytes each, taken from memory only as they come. */
const PEER_CAPACITY = 1_000_000;
const PREFIX_LENGTH = 32;
const LINK_LOCAL_PREFIX_LENGTH = 64;
const ROUTE_METRIC = 1024;
const SCOPE_PERIOD = 60_000;
/** The interface's own address; the old program's. */
const INTERFACE_ADDRESS = emitLinkLocal(0, 0 as Ipv4Address, 0 as Port);

export function startRelay(settings: RelaySettings, log: Log, broken: Broken): Started | StartFailure {
  const tun = openTun(settings.interfaceName);
  if (!tun.ok) return tun;
  const socket = openUdp({ address: settings.bindAddress, port: settings.bindPort });
  if (!socket.ok) {
    closeDescriptor(tun.fd);
    return socket;
  }
  return { ok: true, service: new RelayService(settings, tun, socket, log, broken) };
}

class RelayService implements Service {
  readonly #link: LinkKeeper;
  readonly #tunnel: Tunnel;
  readonly #scopeTimer: NodeJS.Timeout;

  constructor(settings: RelaySettings, tun: TunDevice, socket: UdpSocket, log: Log, broken: Broken) {
    const environment = systemEnvironment();
    const path = openPacketPath({ tun: tun.fd, sockets: [socket.fd] });
    const scope = (): ReturnType<typeof readHostAddresses> => readHostAddresses([tun.name]);
    const relay = new TeredoRelay(
      {
        prefix: settings.prefix,
        address: randomLinkLocal(environment.entropy),
        errorSource: nativeAddress(tun.name) ?? INTERFACE_ADDRESS,
        directBubbles: settings.directBubbles,
        scope: scope(),
        peerCapacity: PEER_CAPACITY,
      },
      environment,
      pathOutput(path),
    );
    this.#tunnel = new Tunnel(relay, path, now, (failure) => broken(failure.sentence));
    this.#tunnel.start();
    this.#scopeTimer = setInterval(() => relay.setScope(scope()), SCOPE_PERIOD);
    this.#link = new LinkKeeper(tun.name, (failure) => broken(failure.sentence));
    void this.#bringUp(settings, socket, log);
  }

  close(): void {
    clearInterval(this.#scopeTimer);
    this.#link.close();
    this.#tunnel.close();
  }

  async #bringUp(settings: RelaySettings, socket: UdpSocket, log: Log): Promise<void> {
    const prefix = prefixAddress(settings.prefix);
    await this.#link.want({
      mtu: settings.mtu,
      addresses: [{ address: INTERFACE_ADDRESS, prefixLength: LINK_LOCAL_PREFIX_LENGTH }],
      routes: [{ destination: prefix, prefixLength: PREFIX_LENGTH, metric: ROUTE_METRIC }],
    });
    const where = formatEndpoint(socket.local);
    log('notice', `relaying ${formatIpv6(prefix)}/${PREFIX_LENGTH} through ${where} on ${settings.interfaceName}`);
    if (!forwards()) log('warning', 'IPv6 forwarding is off: set net.ipv6.conf.all.forwarding=1 to relay for others.');
  }
}

/** Nobody but those who are sent a bubble can know it, and so answer (see RelayConfiguration). */
function randomLinkLocal(entropy: Entropy): Ipv6Address {
  const bytes = new Uint8Array(16);
  entropy.fill(bytes.subarray(8));
  bytes.set([0xfe, 0x80]);
  return bytes as Ipv6Address;
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
