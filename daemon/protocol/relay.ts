/**
 * A Teredo relay (RFC 4380 §5.4): an IPv6 router to which 2001::/32 is routed, and which carries packets between the
 * IPv6 Internet and Teredo clients.
 *
 * Theory of operation. A packet for a client with a valid entry is forwarded at once. Any other waits while a bubble
 * goes through the client's own server (§5.4.1 case 3; the cone bit is ignored, RFC 5991 §3.2), and leaves when the
 * client's answer shows that its NAT is open. Inward, only what comes from the very mapping that its Teredo source
 * address names is looked at (§5.4.2).
 */
import { emitBubble, isBubble } from '../wire/bubble.js';
import { type Ipv4Scope, isPermittedDestination } from '../wire/ipv4.js';
import {
  IPV6_DESTINATION,
  IPV6_HEADER_LENGTH,
  IPV6_SOURCE,
  type Ipv6Address,
  ipv6EqualsAt,
  ipv6PacketLength,
  isGlobalScope,
} from '../wire/ipv6.js';
import {
  hasUsableMapping,
  isTeredoAt,
  mappedAddressAt,
  mappedPortAt,
  parseTeredoAddress,
  serverAt,
  TEREDO_PORT,
} from '../wire/teredo-address.js';
import { resetLimit } from './bubble-limits.js';
import type { RelayConfiguration } from './configuration.js';
import { PEER_VALIDITY, REVALIDATE_AFTER } from './constants.js';
import { Contacting, type Requester } from './contacting.js';
import type { Contact } from './contacts.js';
import type { TunnelCore } from './cores.js';
import { Counters, type DropReason } from './drops.js';
import { type Environment, Forward, type PacketMemory } from './environment.js';
import type { TunnelOutput } from './outputs.js';
import { NO_PEER, PEER_CHOSEN, PEER_CONTACTED, PEER_TRUSTED, PeerTable } from './peer-table.js';
import type { Instant } from './time.js';

export class TeredoRelay implements TunnelCore, Requester {
  readonly counters = new Counters();
  readonly forward = new Forward();
  readonly peers: PeerTable;

  readonly #configuration: RelayConfiguration;
  readonly #output: TunnelOutput;
  readonly #contacting: Contacting;
  #scope: Ipv4Scope;

  constructor(configuration: RelayConfiguration, environment: Environment, output: TunnelOutput) {
    this.#configuration = configuration;
    this.#output = output;
    this.#scope = configuration.scope;
    this.peers = new PeerTable(configuration.peerCapacity, environment.entropy);
    this.#contacting = new Contacting(this.peers, output, this.counters, this);
  }

  setScope(scope: Ipv4Scope): void {
    this.#scope = scope;
  }

  nextTimeout(): Instant {
    return this.#contacting.nextTimeout();
  }

  handleTimeout(now: Instant): void {
    this.#contacting.handleTimeout(now);
  }

  /** RFC 4380 §5.4.1. */
  handlePacket(
    now: Instant,
    memory: PacketMemory,
    offset: number,
    length: number,
    segment: number,
    offload: number,
  ): boolean {
    const { view } = memory;
    if (length < IPV6_HEADER_LENGTH || view.getUint8(offset) >>> 4 !== 6) return this.#drop('malformed');
    // Sizes are not looked at: the interface's MTU is this router's, and the kernel tells who sends more.
    const destination = offset + IPV6_DESTINATION;
    const peer = this.peers.find(view, destination);
    if (peer !== NO_PEER && ((this.peers.flags[peer] as number) & PEER_TRUSTED) !== 0) {
      const silence = now - (this.peers.lastReception[peer] as number);
      if (silence < PEER_VALIDITY) {
        if (!this.#isServed(view, offset + IPV6_SOURCE)) return this.#drop('bad-source');
        if (silence >= REVALIDATE_AFTER) this.#contacting.contact(now, peer);
        this.#sendTo(now, peer, offset, length);
        return true;
      }
    }
    this.#contactFor(now, memory, offset, length, peer, segment, offload);
    return false;
  }

  /** RFC 4380 §5.4.2. */
  handleDatagram(
    now: Instant,
    memory: PacketMemory,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): boolean {
    this.counters.datagramsIn++;
    this.counters.bytesIn += length;
    const { view } = memory;
    const packetLength = ipv6PacketLength(view, offset, length);
    if (packetLength < 0) return this.#drop('malformed');
    const source = offset + IPV6_SOURCE;
    const sender = address >>> 0;
    if (!isTeredoAt(view, source, this.#configuration.prefix)) return this.#drop('bad-source');
    if (mappedAddressAt(view, source) !== sender || mappedPortAt(view, source) !== port) return this.#drop('spoofed');
    // Below, the address is signed, as it lies in the row: half of the unsigned ones would be objects on the heap.
    if (isBubble(view, offset)) return this.#handleBubble(now, memory, offset, address, port);
    if (!this.#isServed(view, offset + IPV6_DESTINATION)) return this.#drop('not-for-us');
    if (!this.#trust(now, view, source, address, port)) return false;
    this.forward.offset = offset;
    this.forward.length = packetLength;
    return true;
  }

  /** Asks through the client's server; directly first when our own NAT must be opened (§5.4.1). */
  request(_now: Instant, contact: Contact): boolean {
    const destination = this.peers.ipv6Of(contact.peer);
    const client = parseTeredoAddress(destination, this.#configuration.prefix);
    if (client === undefined) return false;
    const bubble = emitBubble(this.#configuration.address, destination);
    if (this.#configuration.directBubbles) {
      this.counters.bubblesSent++;
      this.#output.sendDatagram(bubble, client.mappedAddress, client.mappedPort);
    }
    this.counters.bubblesSent++;
    this.#output.sendDatagram(bubble, client.server, TEREDO_PORT);
    return true;
  }

  /** "The entry is removed from the list of peers" (§5.4.1), unless it was a revalidation and is valid still. */
  abandoned(now: Instant, peer: number): void {
    if (!this.peers.isValid(now, peer)) this.peers.remove(peer);
  }

  errorSource(): Ipv6Address {
    return this.#configuration.errorSource;
  }

  /** A client's answer goes to the address our bubble came from, which only those know to whom one was sent. */
  #handleBubble(now: Instant, memory: PacketMemory, offset: number, address: number, port: number): boolean {
    this.counters.bubblesReceived++;
    const destination = offset + IPV6_DESTINATION;
    const isAnswer = ipv6EqualsAt(memory.bytes, destination, this.#configuration.address);
    if (!isAnswer && !this.#isServed(memory.view, destination)) return this.#drop('not-for-us');
    if (!this.#trust(now, memory.view, offset + IPV6_SOURCE, address, port)) return false;
    return this.#drop('bubble');
  }

  /** The source address names the mapping the datagram came from: the entry is trusted, what waited goes. */
  #trust(now: Instant, view: DataView, source: number, address: number, port: number): boolean {
    let peer = this.peers.find(view, source);
    if (peer === NO_PEER || !this.peers.isTrusted(peer)) {
      if (port === 0 || !isPermittedDestination(address >>> 0, this.#scope)) return this.#drop('not-global-ipv4');
      if (peer === NO_PEER) peer = this.peers.insert(now, view, source);
      if (peer === NO_PEER) return this.#drop('queue-full');
    }
    this.peers.trust(now, peer, address, port);
    resetLimit(this.peers, peer);
    if ((this.peers.flags[peer] as number) & PEER_CONTACTED) this.#contacting.settle(now, peer);
    return true;
  }

  #contactFor(
    now: Instant,
    memory: PacketMemory,
    offset: number,
    length: number,
    known: number,
    segment: number,
    offload: number,
  ): void {
    const { view } = memory;
    const destination = offset + IPV6_DESTINATION;
    const problem = this.#refusal(view, offset + IPV6_SOURCE, destination);
    if (problem !== undefined) {
      this.#drop(problem);
      return;
    }
    const peer = known === NO_PEER ? this.peers.insert(now, view, destination) : known;
    if (peer === NO_PEER) {
      this.#drop('queue-full');
      return;
    }
    this.peers.setFlag(peer, PEER_CHOSEN, true);
    this.#contacting.queue(now, peer, memory.bytes.subarray(offset, offset + length), segment, offload);
  }

  /** Why nothing may be sent from this source to this destination, if so. */
  #refusal(view: DataView, source: number, destination: number): DropReason | undefined {
    if (!isTeredoAt(view, destination, this.#configuration.prefix)) return 'bad-destination';
    if (!this.#isServed(view, source)) return 'bad-source';
    if (!hasUsableMapping(view, destination)) return 'not-global-ipv4';
    if (!isPermittedDestination(mappedAddressAt(view, destination), this.#scope)) return 'not-global-ipv4';
    return isPermittedDestination(serverAt(view, destination), this.#scope) ? undefined : 'not-global-ipv4';
  }

  /** The range a relay serves: the IPv6 Internet, less Teredo, which has ways of its own (§5.4.2). */
  #isServed(view: DataView, offset: number): boolean {
    const first = view.getUint32(offset);
    return isGlobalScope(first) && first !== this.#configuration.prefix;
  }

  #sendTo(now: Instant, peer: number, offset: number, length: number): void {
    const { peers, forward, counters } = this;
    peers.lastTransmission[peer] = now;
    forward.offset = offset;
    forward.length = length;
    forward.address = peers.address[peer] as number;
    forward.port = peers.port[peer] as number;
    counters.packetsOut++;
    counters.bytesOut += length;
  }

  #drop(reason: DropReason): false {
    this.counters.drops[reason]++;
    return false;
  }
}
