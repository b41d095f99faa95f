/** A simulated Teredo relay: a router between the IPv6 Internet and Teredo clients. */
import type { RelayConfiguration } from '../../daemon/protocol/configuration.js';
import { BUBBLE_SPACING, QUEUE_BYTES, QUEUE_PACKETS } from '../../daemon/protocol/constants.js';
import type { TunnelOutput } from '../../daemon/protocol/outputs.js';
import { TeredoRelay } from '../../daemon/protocol/relay.js';
import { isBubble } from '../../daemon/wire/bubble.js';
import type { Endpoint, Ipv4Address, Port } from '../../daemon/wire/ipv4.js';
import {
  formatIpv6,
  IPV6_DESTINATION,
  IPV6_SOURCE,
  type Ipv6Address,
  ipv6EqualsAt,
  isGlobalScope,
  readIpv6,
} from '../../daemon/wire/ipv6.js';
import {
  isTeredoAt,
  mappedAddressAt,
  mappedPortAt,
  serverAt,
  TEREDO_PORT,
  TEREDO_PREFIX,
} from '../../daemon/wire/teredo-address.js';
import { CoreNode, type World } from './core-node.js';
import type { Ipv6Interface, Ipv6Internet } from './ipv6-internet.js';
import type { LinkProfile } from './link.js';
import type { Datagram, Ipv4Interface, Ipv4Network } from './network.js';

export interface RelayOptions {
  readonly name: string;
  readonly ipv4: Ipv4Network;
  readonly ipv6: Ipv6Internet;
  readonly local: Endpoint;
  readonly native: Ipv6Address;
  /** Source of its bubbles. */
  readonly bubbleSource: Ipv6Address;
  readonly line: LinkProfile;
  readonly configuration?: Partial<RelayConfiguration>;
}

const PEER_CAPACITY = 4096;

export class RelayNode extends CoreNode implements TunnelOutput {
  core: TeredoRelay;
  /** Its place in the IPv6 Internet: what is routed here for a Teredo address goes through it. */
  readonly native: Ipv6Interface;
  readonly line: Ipv4Interface;
  readonly local: Endpoint;
  readonly bubbleSource: Ipv6Address;
  readonly #configuration: RelayConfiguration;
  readonly #lastQuestion = new Map<string, number>();
  #runPackets = 0;
  #runBytes = 0;

  constructor(world: World, options: RelayOptions) {
    super(options.name, world);
    this.local = options.local;
    this.bubbleSource = options.bubbleSource;
    this.#configuration = {
      prefix: TEREDO_PREFIX,
      address: options.bubbleSource,
      errorSource: options.native,
      directBubbles: false,
      scope: { directedBroadcasts: [] },
      peerCapacity: PEER_CAPACITY,
      ...options.configuration,
    };
    this.core = this.#makeCore();
    this.line = options.ipv4.attach(options.local.address, (datagram) => this.#receive(datagram), options.line);
    this.native = options.ipv6.attach(options.native, (packet) => this.#route(packet), options.line);
  }

  /** Forgets everything, as a new process does. */
  restart(): void {
    this.disarm();
    this.#lastQuestion.clear();
    this.core = this.#makeCore();
  }

  sendDatagram(bytes: Uint8Array, address: Ipv4Address, port: Port): void {
    this.#send(bytes, address, port);
  }

  sendRun(bytes: Uint8Array, segment: number, offload: number, address: Ipv4Address, port: Port): void {
    this.demand(segment === 0 && offload === 0, 'a queued packet lost its segment or offload');
    this.#runPackets++;
    this.#runBytes += bytes.length;
    this.demand(this.#runPackets <= QUEUE_PACKETS, 'R-9: more packets queued than QUEUE_PACKETS');
    this.demand(this.#runBytes <= QUEUE_BYTES, 'R-9: more bytes queued than QUEUE_BYTES');
    this.#send(bytes, address, port);
  }

  deliverPacket(bytes: Uint8Array): void {
    const view = this.checkDelivered(bytes);
    const isOwn = ipv6EqualsAt(bytes, IPV6_SOURCE, this.#configuration.errorSource);
    this.demand(isOwn, 'made a packet with a source that is not its own');
    this.#checkDestination(view);
    this.native.send(bytes);
  }

  protected override timeoutHandled(): void {
    this.#closeCall();
  }

  #makeCore(): TeredoRelay {
    return new TeredoRelay(this.#configuration, this.environment, this);
  }

  #closeCall(): void {
    this.#runPackets = 0;
    this.#runBytes = 0;
    this.arm(this.core);
  }

  #receive(datagram: Datagram): void {
    if (!this.isOn || datagram.destination.port !== this.local.port) return;
    const { bytes, source } = datagram;
    const { memory } = this.world.callMemory;
    const packet = this.lend(bytes, this.core.forward, (offset) =>
      this.core.handleDatagram(this.now, memory, offset, bytes.length, source.address | 0, source.port),
    );
    if (packet !== undefined) {
      const view = this.checkDelivered(packet);
      const isHonest =
        isTeredoAt(view, IPV6_SOURCE, TEREDO_PREFIX) &&
        mappedAddressAt(view, IPV6_SOURCE) === source.address &&
        mappedPortAt(view, IPV6_SOURCE) === source.port;
      this.demand(isHonest, 'R-14: routed a packet whose source lies about its origin');
      this.demand(!isBubble(view, 0), 'B-10: routed a bubble');
      this.#checkDestination(view);
      this.native.send(packet);
    }
    this.#closeCall();
  }

  #checkDestination(view: DataView): void {
    const first = view.getUint32(IPV6_DESTINATION);
    this.demand(isGlobalScope(first) && first !== TEREDO_PREFIX, 'R-16: routed to a destination it does not serve');
  }

  /** From the IPv6 Internet. What is for the relay itself it ignores. */
  #route(packet: Uint8Array): void {
    const incoming = new DataView(packet.buffer, packet.byteOffset, packet.length);
    if (!this.isOn || !isTeredoAt(incoming, IPV6_DESTINATION, TEREDO_PREFIX)) return;
    const { forward } = this.core;
    const { memory } = this.world.callMemory;
    const sent = this.lend(packet, forward, (offset) =>
      this.core.handlePacket(this.now, memory, offset, packet.length, 0, 0),
    );
    if (sent !== undefined) this.#send(sent, (forward.address >>> 0) as Ipv4Address, forward.port as Port);
    this.#closeCall();
  }

  #send(bytes: Uint8Array, address: Ipv4Address, port: Port): void {
    this.checkSent(bytes, address, port);
    const view = this.checkDelivered(bytes);
    this.demand(isTeredoAt(view, IPV6_DESTINATION, TEREDO_PREFIX), 'R-1: sent to a destination that is not Teredo');
    if (isBubble(view, 0) && address === serverAt(view, IPV6_DESTINATION) && port === TEREDO_PORT) {
      this.#noteQuestion(formatIpv6(readIpv6(bytes, IPV6_DESTINATION)));
    }
    this.line.send(this.local, { address, port }, bytes);
  }

  #noteQuestion(peer: string): void {
    const since = this.now - (this.#lastQuestion.get(peer) ?? Number.NEGATIVE_INFINITY);
    this.demand(since >= BUBBLE_SPACING, `B-5: bubbles to ${peer} after ${since} ms`);
    this.#lastQuestion.set(peer, this.now);
  }
}
