/** A simulated Teredo client: a real core, a host's IPv6 stack above it, an IPv4 network below. */
import { TeredoClient } from '../../daemon/protocol/client.js';
import type { ClientConfiguration } from '../../daemon/protocol/configuration.js';
import { QUEUE_BYTES, QUEUE_PACKETS, REFRESH_INTERVAL } from '../../daemon/protocol/constants.js';
import type { ClientOutput } from '../../daemon/protocol/outputs.js';
import type { Servers } from '../../daemon/protocol/qualification.js';
import type { Qualified, TunnelState } from '../../daemon/protocol/tunnel-state.js';
import { isBubble } from '../../daemon/wire/bubble.js';
import { parseDatagram } from '../../daemon/wire/encapsulation.js';
import { ICMPV6_UNREACHABLE, icmpv6TypeAt } from '../../daemon/wire/icmpv6.js';
import type { Endpoint, Ipv4Address, Port } from '../../daemon/wire/ipv4.js';
import {
  formatIpv6,
  IPV6_DESTINATION,
  IPV6_SOURCE,
  type Ipv6Address,
  ipv6EqualsAt,
  isGlobalScope,
  isLinkLocal,
  readIpv6,
} from '../../daemon/wire/ipv6.js';
import { isRouterSolicitation } from '../../daemon/wire/router-discovery.js';
import {
  isTeredoAt,
  mappedAddressAt,
  mappedPortAt,
  serverAt,
  TEREDO_PORT,
  TEREDO_PREFIX,
} from '../../daemon/wire/teredo-address.js';
import { BubbleRules } from './bubble-rules.js';
import { CoreNode, type World } from './core-node.js';
import type { Flows } from './flow.js';
import { Ipv6Stack } from './ipv6-stack.js';
import type { LinkProfile } from './link.js';
import type { Datagram, Ipv4Interface, Ipv4Network } from './network.js';

export interface ClientOptions {
  readonly name: string;
  readonly network: Ipv4Network;
  readonly local: Endpoint;
  readonly line: LinkProfile;
  readonly servers: Servers;
  readonly configuration?: Partial<ClientConfiguration>;
  /** A table so small that it forgets peers forgets their bubbles, too: then B-5 and B-6 cannot be watched. */
  readonly watchBubbles?: boolean;
}

const PEER_CAPACITY = 512;

export class ClientNode extends CoreNode implements ClientOutput {
  readonly core: TeredoClient;
  readonly stack: Ipv6Stack;
  readonly line: Ipv4Interface;
  readonly local: Endpoint;
  /** Every state the core told, with its time. */
  readonly states: { readonly at: number; readonly state: TunnelState }[] = [];
  readonly #bubbles: BubbleRules | undefined;
  servers: Servers;
  /** Direct bubbles of the present call wait here: an indirect one makes them part of a question. */
  #directBubbles = new Set<string>();
  #runPackets = 0;
  #runBytes = 0;
  #current: Qualified | undefined;

  constructor(world: World, flows: Flows, options: ClientOptions) {
    super(options.name, world);
    this.local = options.local;
    this.servers = options.servers;
    this.#bubbles = options.watchBubbles === false ? undefined : new BubbleRules();
    const configuration: ClientConfiguration = {
      prefix: TEREDO_PREFIX,
      localPort: options.local.port,
      scope: { directedBroadcasts: [] },
      refreshInterval: REFRESH_INTERVAL,
      credentials: undefined,
      peerCapacity: PEER_CAPACITY,
      ...options.configuration,
    };
    this.core = new TeredoClient(configuration, this.environment, this);
    this.line = options.network.attach(options.local.address, (datagram) => this.#receive(datagram), options.line);
    this.stack = new Ipv6Stack({
      name: options.name,
      clock: world.clock,
      violations: world.violations,
      flows,
      address: () => this.#current?.address,
      transmit: (packet) => this.#transmit(packet),
    });
  }

  get state(): TunnelState | undefined {
    return this.states[this.states.length - 1]?.state;
  }

  get qualified(): Qualified | undefined {
    return this.#current;
  }

  get address(): Ipv6Address | undefined {
    return this.#current?.address;
  }

  /** Codes of the failures told so far. */
  get failures(): string[] {
    return this.states.flatMap(({ state }) => (state.name === 'failed' ? [state.reason.code] : []));
  }

  /** Addresses the client has had, in order. */
  get addresses(): string[] {
    return this.states.flatMap(({ state }) => (state.name === 'qualified' ? [formatIpv6(state.address)] : []));
  }

  start(): void {
    this.#call(() => this.core.start(this.now, this.servers));
  }

  stop(): void {
    this.#call(() => this.core.stop(this.now));
  }

  /** The host is gone, without a word. */
  kill(): void {
    this.isOn = false;
  }

  sendDatagram(bytes: Uint8Array, address: Ipv4Address, port: Port): void {
    this.#send(bytes, address, port);
  }

  sendRun(bytes: Uint8Array, segment: number, offload: number, address: Ipv4Address, port: Port): void {
    this.demand(segment === 0 && offload === 0, 'a queued packet lost its segment or offload');
    this.#runPackets++;
    this.#runBytes += bytes.length;
    this.demand(this.#runPackets <= QUEUE_PACKETS, 'more packets queued than QUEUE_PACKETS');
    this.demand(this.#runBytes <= QUEUE_BYTES, 'more bytes queued than QUEUE_BYTES');
    this.#send(bytes, address, port);
  }

  deliverPacket(bytes: Uint8Array): void {
    this.#deliver(bytes.slice(), true);
  }

  stateChanged(state: TunnelState): void {
    this.states.push({ at: this.now, state });
    this.#current = state.name === 'qualified' ? state : undefined;
    this.#bubbles?.forget();
  }

  #call(call: () => void): void {
    this.guard(call);
    this.#closeCall();
  }

  #closeCall(): void {
    for (const peer of this.#directBubbles) this.#noteBubble(peer, false);
    this.#directBubbles.clear();
    this.#runPackets = 0;
    this.#runBytes = 0;
    this.arm(this.core);
  }

  protected override timeoutHandled(): void {
    this.#closeCall();
  }

  #receive(datagram: Datagram): void {
    if (!this.isOn || datagram.destination.port !== this.local.port) return;
    const { bytes, source } = datagram;
    this.#noteHeard(bytes, source);
    const { memory } = this.world.callMemory;
    const packet = this.lend(bytes, this.core.forward, (offset) =>
      this.core.handleDatagram(this.now, memory, offset, bytes.length, source.address | 0, source.port),
    );
    if (packet !== undefined) {
      this.#checkSource(packet, source);
      this.#deliver(packet, false);
    }
    this.#closeCall();
  }

  #transmit(packet: Uint8Array): void {
    if (!this.isOn) return;
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
    const datagram = parseDatagram(bytes, 0, bytes.length);
    if (typeof datagram === 'string') {
      this.report(`sent what is not Teredo: ${datagram}`);
      return;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const packet = datagram.packetOffset;
    if (isRouterSolicitation(view, packet)) {
      const { primary, secondary } = this.servers;
      this.demand(port === TEREDO_PORT && (address === primary || address === secondary), 'solicited another server');
    } else {
      this.demand(this.#current !== undefined, 'C-QUAL-4: sent something else than a solicitation unqualified');
      if (isBubble(view, packet)) this.#noteBubbleSent(bytes, view, packet, address, port);
    }
    this.line.send(this.local, { address, port }, bytes);
  }

  #noteBubbleSent(bytes: Uint8Array, view: DataView, packet: number, address: Ipv4Address, port: Port): void {
    const destination = packet + IPV6_DESTINATION;
    if (!isTeredoAt(view, destination, TEREDO_PREFIX)) return;
    const peer = formatIpv6(readIpv6(bytes, destination));
    const isIndirect = address === serverAt(view, destination) && port === TEREDO_PORT;
    if (!isIndirect) {
      this.#directBubbles.add(peer);
      return;
    }
    this.#directBubbles.delete(peer);
    this.#noteBubble(peer, true);
  }

  #noteBubble(peer: string, isQuestion: boolean): void {
    const fault = this.#bubbles?.sent(this.now, peer, isQuestion);
    if (fault !== undefined) this.report(fault);
  }

  /** A direct packet from a Teredo client ends the count of bubbles to it. */
  #noteHeard(bytes: Uint8Array, source: Endpoint): void {
    if (this.#bubbles === undefined) return;
    const datagram = parseDatagram(bytes, 0, bytes.length);
    if (typeof datagram === 'string') return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const at = datagram.packetOffset + IPV6_SOURCE;
    if (!isTeredoAt(view, at, TEREDO_PREFIX)) return;
    if (mappedAddressAt(view, at) !== source.address || mappedPortAt(view, at) !== source.port) return;
    this.#bubbles.heard(formatIpv6(readIpv6(bytes, at)));
  }

  /** A Teredo source says where the datagram comes from (RFC 4380 §5.2.3 case 3). */
  #checkSource(packet: Uint8Array, source: Endpoint): void {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    if (!isTeredoAt(view, IPV6_SOURCE, TEREDO_PREFIX)) return;
    const isHonest =
      mappedAddressAt(view, IPV6_SOURCE) === source.address && mappedPortAt(view, IPV6_SOURCE) === source.port;
    this.demand(isHonest, 'handed up a packet whose Teredo source lies about its origin');
  }

  /** `own`: the core may have made it itself, as an error. */
  #deliver(packet: Uint8Array, own: boolean): void {
    const view = this.checkDelivered(packet);
    const first = view.getUint32(IPV6_SOURCE);
    const isError = own && icmpv6TypeAt(view, 0) === ICMPV6_UNREACHABLE && isLinkLocal(first);
    this.demand(isError || isGlobalScope(first), 'F-6: handed up a packet with a source that is not global');
    this.demand(!isBubble(view, 0), 'B-10: handed up a bubble');
    const { address } = this;
    const isOurs = address !== undefined && ipv6EqualsAt(packet, IPV6_DESTINATION, address);
    this.demand(isOurs, 'C-RECV-2: handed up a packet for another address');
    this.world.clock.after(0, () => this.stack.receive(packet));
  }
}
