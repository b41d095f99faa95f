/** A simulated Teredo server: two IPv4 addresses, and a native place in the IPv6 Internet. */
import type { ServerAuthentication } from '../../daemon/protocol/configuration.js';
import type { ServerOutput } from '../../daemon/protocol/outputs.js';
import type { Servers } from '../../daemon/protocol/qualification.js';
import { TeredoServer } from '../../daemon/protocol/server.js';
import type { Ipv4Address, Port } from '../../daemon/wire/ipv4.js';
import { IPV6_DESTINATION, type Ipv6Address, isGlobalScope } from '../../daemon/wire/ipv6.js';
import { DEFAULT_MTU } from '../../daemon/wire/mtu.js';
import { isTeredoAt, TEREDO_PORT, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import { CoreNode, type World } from './core-node.js';
import type { Ipv6Interface, Ipv6Internet } from './ipv6-internet.js';
import type { LinkProfile } from './link.js';
import type { Datagram, Ipv4Interface, Ipv4Network } from './network.js';

export interface ServerOptions {
  readonly name: string;
  readonly ipv4: Ipv4Network;
  readonly ipv6: Ipv6Internet;
  readonly primary: Ipv4Address;
  readonly secondary: Ipv4Address;
  readonly native: Ipv6Address;
  readonly line: LinkProfile;
  readonly mtu?: number;
  readonly authentication?: ServerAuthentication;
}

export class ServerNode extends CoreNode implements ServerOutput {
  readonly core: TeredoServer;
  readonly servers: Servers;
  /** By socket: false, and that address is deaf. */
  readonly listening: [boolean, boolean] = [true, true];
  readonly #lines: readonly [Ipv4Interface, Ipv4Interface];
  readonly #native: Ipv6Interface;

  constructor(world: World, options: ServerOptions) {
    super(options.name, world);
    const { primary, secondary, ipv4, ipv6, line } = options;
    this.servers = { primary, secondary };
    const configuration = {
      prefix: TEREDO_PREFIX,
      primary,
      secondary,
      mtu: options.mtu ?? DEFAULT_MTU,
      scope: { directedBroadcasts: [] },
      authentication: options.authentication,
    };
    this.core = new TeredoServer(configuration, this.environment, this);
    this.#lines = [
      ipv4.attach(primary, (datagram) => this.#receive(0, datagram), line),
      ipv4.attach(secondary, (datagram) => this.#receive(1, datagram), line),
    ];
    this.#native = ipv6.attach(options.native, () => undefined, line);
  }

  sendDatagram(socket: number, bytes: Uint8Array, address: Ipv4Address, port: Port): void {
    this.checkSent(bytes, address, port);
    const line = this.#lines[socket];
    if (line === undefined) this.report(`sent from socket ${socket}`);
    else line.send({ address: line.address, port: TEREDO_PORT }, { address, port }, bytes);
  }

  #receive(socket: 0 | 1, datagram: Datagram): void {
    if (!this.isOn || !this.listening[socket] || datagram.destination.port !== TEREDO_PORT) return;
    const { bytes, source } = datagram;
    const { memory } = this.world.callMemory;
    const packet = this.lend(bytes, this.core.forward, (offset) =>
      this.core.handleDatagram(memory, offset, bytes.length, socket, source.address | 0, source.port),
    );
    if (packet === undefined) return;
    const view = this.checkDelivered(packet);
    this.demand(isGlobalScope(view.getUint32(IPV6_DESTINATION)), 'S-10: routed to a destination that is not global');
    this.demand(!isTeredoAt(view, IPV6_DESTINATION, TEREDO_PREFIX), 'S-13: routed a Teredo packet natively');
    this.#native.send(packet);
  }
}
