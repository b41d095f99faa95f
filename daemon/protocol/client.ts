/**
 * A Teredo client (RFC 4380 §5.2 as updated by RFC 5991): qualification on one side, peers on the other.
 *
 * Theory of operation. Outward, a packet to a peer whose entry is valid is forwarded at once; any other waits while
 * the peer is contacted: by bubbles when it is a Teredo client (§5.2.4 case 5), by the direct IPv6 connectivity test
 * when it is not (case 2). Inward, a packet is forwarded when it comes from the mapping that its peer is known by
 * (§5.2.3 case 1); otherwise it must prove itself: by an address that embeds its origin (case 3), or by the answer to
 * an echo test (cases 2 and 6). The cone bit of peers is ignored (RFC 5991 §3.2), so case 4 of §5.2.4 does not exist.
 */
import { isBubble } from '../wire/bubble.js';
import { parseDatagram, type TeredoDatagram } from '../wire/encapsulation.js';
import {
  echoData,
  echoIdAndSequence,
  hasValidIcmpv6Checksum,
  ICMPV6_ECHO_REPLY,
  ICMPV6_ROUTER_ADVERTISEMENT,
  icmpv6TypeAt,
} from '../wire/icmpv6.js';
import { type Endpoint, type Ipv4Scope, ipv4, isPermittedDestination } from '../wire/ipv4.js';
import {
  IPV6_DESTINATION,
  IPV6_HEADER_LENGTH,
  IPV6_SOURCE,
  ipv6PacketLength,
  isGlobalScope,
  isLinkLocal,
} from '../wire/ipv6.js';
import { isTeredoAt, mappedAddressAt, mappedPortAt, TEREDO_PORT } from '../wire/teredo-address.js';
import { resetLimit } from './bubble-limits.js';
import { ClientRequests } from './client-requests.js';
import type { ClientConfiguration } from './configuration.js';
import { ACKNOWLEDGE_AFTER, PEER_VALIDITY, REVALIDATE_AFTER, STRANGER_BURST, STRANGER_RATE } from './constants.js';
import { Contacting } from './contacting.js';
import type { ClientCore } from './cores.js';
import { Counters, type DropReason } from './drops.js';
import { type Environment, Forward, type PacketMemory, runHeaderLength } from './environment.js';
import { InternetTest } from './internet-test.js';
import type { ClientOutput } from './outputs.js';
import { NO_PEER, PEER_CHOSEN, PEER_CONTACTED, PEER_TRUSTED, PeerTable } from './peer-table.js';
import { Qualification, type Servers } from './qualification.js';
import { sameBytes } from './secure-qualification.js';
import { earlier, type Instant } from './time.js';
import { TokenBucket } from './token-bucket.js';
import type { TunnelState } from './tunnel-state.js';

export class TeredoClient implements ClientCore {
  readonly counters = new Counters();
  readonly forward = new Forward();
  readonly qualification: Qualification;
  readonly peers: PeerTable;

  readonly #prefix: number;
  readonly #output: ClientOutput;
  readonly #requests: ClientRequests;
  readonly #contacting: Contacting;
  readonly #internet: InternetTest;
  readonly #strangers = new TokenBucket(STRANGER_RATE, STRANGER_BURST);
  #scope: Ipv4Scope;
  /** Our address as four words, for comparison in the packet path; meaningless while #qualified is false. */
  readonly #own = new Int32Array(4);
  #qualified = false;
  /** When a change of state comes about. */
  #now = 0 as Instant;
  #mtu = 0;

  constructor(configuration: ClientConfiguration, environment: Environment, output: ClientOutput) {
    this.#prefix = configuration.prefix;
    this.#scope = configuration.scope;
    this.#output = output;
    this.peers = new PeerTable(configuration.peerCapacity, environment.entropy);
    this.qualification = new Qualification(configuration, environment, {
      solicit: (datagram, server) => output.sendDatagram(datagram, server, TEREDO_PORT),
      stateChanged: (state) => this.#stateChanged(state),
    });
    this.#requests = new ClientRequests(this.peers, this.qualification, environment.entropy, output, this.counters);
    this.#requests.setScope(configuration.scope);
    this.#contacting = new Contacting(this.peers, output, this.counters, this.#requests);
    this.#internet = new InternetTest(configuration.testAddresses ?? [], environment.entropy, {
      send: (packet, server) => output.sendDatagram(packet, server, TEREDO_PORT),
      changed: (reachability) => output.reachabilityChanged?.(reachability),
    });
  }

  start(now: Instant, servers: Servers): void {
    this.#now = now;
    this.#forgetPeers();
    this.#internet.stop();
    this.qualification.start(now, servers);
  }

  stop(_now: Instant): void {
    this.#forgetPeers();
    this.qualification.stop();
  }

  /** Asks the IPv6 Internet again, whether it answers. */
  testInternet(now: Instant): void {
    this.#internet.again(now);
  }

  setScope(scope: Ipv4Scope): void {
    this.#scope = scope;
    this.#requests.setScope(scope);
    this.qualification.setScope(scope);
  }

  nextTimeout(): Instant {
    const own = earlier(this.qualification.nextTimeout(), this.#internet.nextTimeout());
    return earlier(own, this.#contacting.nextTimeout());
  }

  handleTimeout(now: Instant): void {
    this.#now = now;
    this.qualification.handleTimeout(now);
    this.#internet.handleTimeout(now);
    this.#contacting.handleTimeout(now);
  }

  /** RFC 4380 §5.2.4. */
  handlePacket(
    now: Instant,
    memory: PacketMemory,
    offset: number,
    length: number,
    segment: number,
    offload: number,
  ): boolean {
    const { view } = memory;
    if (!this.#qualified) return this.#drop('not-qualified');
    if (length < IPV6_HEADER_LENGTH || view.getUint8(offset) >>> 4 !== 6) return this.#drop('malformed');
    if (!this.#isOwn(view, offset + IPV6_SOURCE)) return this.#drop('bad-source');
    // The interface has the same MTU, unless somebody changed it.
    const largest = segment === 0 ? length : runHeaderLength(offload) + segment;
    if (largest > this.#mtu) {
      this.#contacting.tooBig(now, memory.bytes.subarray(offset, offset + length), this.#mtu);
      return false;
    }
    const destination = offset + IPV6_DESTINATION;
    const peer = this.peers.find(view, destination);
    if (peer !== NO_PEER && ((this.peers.flags[peer] as number) & PEER_TRUSTED) !== 0) {
      const silence = now - (this.peers.lastReception[peer] as number);
      if (silence < PEER_VALIDITY) {
        if (silence >= REVALIDATE_AFTER) this.#contacting.contact(now, peer);
        this.#sendTo(now, peer, offset, length);
        return true;
      }
    }
    this.#contactFor(now, memory, offset, length, peer, segment, offload);
    return false;
  }

  /** RFC 4380 §5.2.3. */
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
    const { primary, secondary } = this.qualification.servers;
    const sender = address >>> 0;
    const packetLength = ipv6PacketLength(memory.view, offset, length);
    if (port === TEREDO_PORT && (sender === primary || sender === secondary)) {
      if (packetLength > 0 && icmpv6TypeAt(memory.view, offset) !== ICMPV6_ROUTER_ADVERTISEMENT) {
        return this.#handleRelayed(now, memory, offset, packetLength, address);
      }
      return this.#handleFromServer(now, memory, offset, length, {
        address: ipv4(sender),
        port: TEREDO_PORT,
      });
    }
    if (packetLength > 0) return this.#handleFromPeer(now, memory, offset, packetLength, address, port);
    const datagram = parseDatagram(memory.bytes, offset, length);
    if (typeof datagram === 'string') return this.#drop('malformed');
    // Shims are a server's; what is inside has to prove itself all the same.
    return this.#handleFromPeer(now, memory, datagram.packetOffset, datagram.packetLength, address, port);
  }

  #handleFromServer(now: Instant, memory: PacketMemory, offset: number, length: number, from: Endpoint): boolean {
    this.#now = now;
    const datagram = parseDatagram(memory.bytes, offset, length);
    if (typeof datagram === 'string') return this.#drop('malformed');
    const { packetOffset, packetLength, origin } = datagram;
    if (icmpv6TypeAt(memory.view, packetOffset) === ICMPV6_ROUTER_ADVERTISEMENT) {
      return this.#drop(this.qualification.handleAdvertisement(now, from.address, memory.bytes, datagram));
    }
    if (origin === undefined) return this.#handleRelayed(now, memory, packetOffset, packetLength, from.address);
    if (from.address === this.qualification.servers.primary) this.qualification.handleServerContact(now);
    return this.#handleIndirect(now, memory, datagram, origin);
  }

  /** A server may be a relay as well (§5.4.3): what it relays carries no origin indication, and may be all our data. */
  #handleRelayed(now: Instant, memory: PacketMemory, packet: number, length: number, server: number): boolean {
    if (server >>> 0 === this.qualification.servers.primary) this.qualification.handleServerContact(now);
    return this.#handleFromPeer(now, memory, packet, length, server, TEREDO_PORT);
  }

  /** What another node sent us through our server; the server has put in where it came from. */
  #handleIndirect(now: Instant, memory: PacketMemory, datagram: TeredoDatagram, origin: Endpoint): boolean {
    const { view } = memory;
    const packet = datagram.packetOffset;
    if (!this.#qualified) return this.#drop('not-qualified');
    if (!this.#isOwn(view, packet + IPV6_DESTINATION)) return this.#drop('not-for-us');
    const source = packet + IPV6_SOURCE;
    const isTeredo = isTeredoAt(view, source, this.#prefix);
    if (!isBubble(view, packet)) {
      if (!isTeredo && isGlobalScope(view.getUint32(source))) this.#testStranger(now, view, source);
      return this.#drop('via-server');
    }
    this.counters.bubblesReceived++;
    if (isTeredo) this.#answerClient(now, view, source);
    else this.#answerRelay(now, memory, source, origin);
    return this.#drop('bubble');
  }

  /** A direct bubble opens our NAT for the other client (§5.2.3, §5.2.6). */
  #answerClient(now: Instant, view: DataView, source: number): void {
    if (this.#isOwn(view, source) || !this.#requests.isReachable(view, source)) return;
    const peer = this.#findOrInsert(now, view, source);
    if (peer !== NO_PEER) this.#requests.answer(now, peer);
  }

  /**
   * A relay waits for a bubble to the address its own came from, often a link-local one made for this purpose. No
   * entry is made for that address: the peers are the hosts behind the relay.
   */
  #answerRelay(now: Instant, memory: PacketMemory, source: number, origin: Endpoint): void {
    const { view } = memory;
    const first = view.getUint32(source);
    if (!isGlobalScope(first) && !isLinkLocal(first)) return;
    if (origin.port === 0 || !isPermittedDestination(origin.address, this.#scope)) return;
    if (!this.#strangers.take(now)) return;
    this.#requests.answerStranger(memory.bytes, source, origin);
    if (isGlobalScope(first)) this.#testStranger(now, view, source);
  }

  /** The address is signed, as it lies in the row: half of the unsigned ones would be objects on the heap. */
  #handleFromPeer(
    now: Instant,
    memory: PacketMemory,
    packet: number,
    length: number,
    address: number,
    port: number,
  ): boolean {
    const { view } = memory;
    if (!this.#qualified) return this.#drop('not-qualified');
    if (!this.#isOwn(view, packet + IPV6_DESTINATION)) return this.#drop('not-for-us');
    if (this.#isTestOfInternet(now, memory, packet)) return this.#drop('control');
    const source = packet + IPV6_SOURCE;
    const peer = this.peers.find(view, source);
    if (peer !== NO_PEER) {
      const flags = this.peers.flags[peer] as number;
      if (flags & PEER_CONTACTED) {
        if (this.#isTestReply(memory, packet, peer)) return this.#provenByTest(now, peer, address >>> 0, port);
      }
      // A second answer to a test (it was repeated, or the network did): it proves nothing any more.
      if (this.#isTestEcho(view, packet)) return this.#drop('control');
      if (flags & PEER_TRUSTED && this.peers.hasMapping(peer, address, port)) {
        return this.#acceptKnown(now, view, packet, length, peer, flags);
      }
    }
    if (isTeredoAt(view, source, this.#prefix)) {
      return this.#acceptClient(now, view, packet, length, peer, address >>> 0, port);
    }
    return this.#holdForTest(now, memory, packet, length, address >>> 0, port);
  }

  /** Case 1: from the mapping the peer is trusted at. */
  #acceptKnown(now: Instant, view: DataView, packet: number, length: number, peer: number, flags: number): boolean {
    this.peers.lastReception[peer] = now;
    resetLimit(this.peers, peer);
    const silence = now - (this.peers.lastTransmission[peer] as number);
    if (silence >= ACKNOWLEDGE_AFTER && isTeredoAt(view, packet + IPV6_SOURCE, this.#prefix)) {
      // Traffic that flows one way only: the sender need not ask whether we are still here.
      this.#requests.answer(now, peer);
    }
    if (flags & PEER_CONTACTED) this.#contacting.settle(now, peer);
    return this.#deliver(view, packet, length);
  }

  /** Case 3: a Teredo client's address says where its packets come from. Any other place is a lie. */
  #acceptClient(
    now: Instant,
    view: DataView,
    packet: number,
    length: number,
    known: number,
    address: number,
    port: number,
  ): boolean {
    const source = packet + IPV6_SOURCE;
    if (this.#isOwn(view, source)) return this.#drop('bad-source');
    // Cases 4 and 5 of §5.2.3, local discovery, and the nonces of RFC 6081 §5.2.4.4 have their place here.
    if (mappedAddressAt(view, source) !== address || mappedPortAt(view, source) !== port) return this.#drop('spoofed');
    if (port === 0 || !isPermittedDestination(address, this.#scope)) return this.#drop('not-global-ipv4');
    const peer = known === NO_PEER ? this.peers.insert(now, view, source) : known;
    if (peer === NO_PEER) return this.#drop('queue-full');
    this.peers.trust(now, peer, address, port);
    resetLimit(this.peers, peer);
    this.#contacting.settle(now, peer);
    return this.#deliver(view, packet, length);
  }

  /** Case 2: the answer to our echo test. It is ours, not the IPv6 stack's. */
  #provenByTest(now: Instant, peer: number, address: number, port: number): boolean {
    if (port === 0 || !isPermittedDestination(address, this.#scope)) return this.#drop('not-global-ipv4');
    // A host that wrote to us first, and may have a relay of its own, tells nothing of the others.
    const isChosen = ((this.peers.flags[peer] as number) & PEER_CHOSEN) !== 0;
    this.peers.trust(now, peer, address, port);
    this.#contacting.settle(now, peer);
    if (isChosen) this.#internet.proven(now);
    return this.#drop('control');
  }

  #isTestOfInternet(now: Instant, memory: PacketMemory, packet: number): boolean {
    return icmpv6TypeAt(memory.view, packet) === ICMPV6_ECHO_REPLY && this.#internet.takes(now, memory, packet);
  }

  #isTestEcho(view: DataView, packet: number): boolean {
    return (
      icmpv6TypeAt(view, packet) === ICMPV6_ECHO_REPLY && echoIdAndSequence(view, packet) === this.#requests.testId
    );
  }

  #isTestReply(memory: PacketMemory, packet: number, peer: number): boolean {
    const nonce = this.#contacting.contacts.find(peer)?.nonce;
    if (nonce === undefined || icmpv6TypeAt(memory.view, packet) !== ICMPV6_ECHO_REPLY) return false;
    if (!sameBytes(echoData(memory.bytes, memory.view, packet), nonce)) return false;
    return hasValidIcmpv6Checksum(memory.view, packet);
  }

  /** Case 6: a host outside Teredo whose relay we do not know yet. Its packet waits until the test proves it. */
  #holdForTest(
    now: Instant,
    memory: PacketMemory,
    packet: number,
    length: number,
    address: number,
    port: number,
  ): boolean {
    const source = packet + IPV6_SOURCE;
    if (!isGlobalScope(memory.view.getUint32(source))) return this.#drop('bad-source');
    if (!isPermittedDestination(address, this.#scope)) return this.#drop('not-global-ipv4');
    if (isBubble(memory.view, packet)) return this.#drop('untrusted');
    const contact = this.#testStranger(now, memory.view, source);
    if (contact === undefined) return this.#drop('untrusted');
    const bytes = memory.bytes.subarray(packet, packet + length);
    if (!this.#contacting.contacts.hold(contact, bytes, address, port)) return this.#drop('queue-full');
    return false;
  }

  /** Starts (or finds) the echo test of a host that wrote to us first; limited, since anybody can cause it. */
  #testStranger(now: Instant, view: DataView, source: number) {
    const known = this.peers.find(view, source);
    if (known !== NO_PEER) {
      const running = this.#contacting.contacts.find(known);
      if (running !== undefined) return running;
    }
    if (!this.#strangers.take(now)) return undefined;
    const peer = known === NO_PEER ? this.peers.insert(now, view, source) : known;
    return peer === NO_PEER ? undefined : this.#contacting.contact(now, peer);
  }

  /** Cases 2 and 5 of §5.2.4: the packet waits while the peer is contacted. */
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
    if (!isGlobalScope(view.getUint32(destination)) || this.#isOwn(view, destination)) {
      this.#drop('bad-destination');
      return;
    }
    if (isTeredoAt(view, destination, this.#prefix) && !this.#requests.isReachable(view, destination)) {
      this.#drop('not-global-ipv4');
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

  #sendTo(now: Instant, peer: number, offset: number, length: number): void {
    const { peers, forward, counters } = this;
    peers.lastTransmission[peer] = now;
    peers.flags[peer] = (peers.flags[peer] as number) | PEER_CHOSEN;
    forward.offset = offset;
    forward.length = length;
    forward.address = peers.address[peer] as number;
    forward.port = peers.port[peer] as number;
    counters.packetsOut++;
    counters.bytesOut += length;
  }

  /** Bubbles end here (§5.2.3); all else is the IPv6 stack's. */
  #deliver(view: DataView, packet: number, length: number): boolean {
    if (isBubble(view, packet)) {
      this.counters.bubblesReceived++;
      return this.#drop('bubble');
    }
    this.forward.offset = packet;
    this.forward.length = length;
    return true;
  }

  #findOrInsert(now: Instant, view: DataView, address: number): number {
    const peer = this.peers.find(view, address);
    return peer === NO_PEER ? this.peers.insert(now, view, address) : peer;
  }

  #isOwn(view: DataView, offset: number): boolean {
    const own = this.#own;
    return (
      view.getInt32(offset + 12) === own[3] &&
      view.getInt32(offset + 8) === own[2] &&
      view.getInt32(offset + 4) === own[1] &&
      view.getInt32(offset) === own[0]
    );
  }

  /** A new address is a new node to all peers, and a new mapping is closed to them: every entry is stale. */
  #stateChanged(state: TunnelState): void {
    this.#qualified = state.name === 'qualified';
    if (state.name === 'qualified') {
      const view = new DataView(state.address.buffer, state.address.byteOffset, 16);
      if (!this.#isOwn(view, 0)) this.#forgetPeers();
      this.#mtu = state.mtu;
      for (let word = 0; word < 4; word++) this.#own[word] = view.getInt32(4 * word);
    } else {
      this.#forgetPeers();
    }
    this.#output.stateChanged(state);
    if (state.name === 'qualified') this.#internet.start(this.#now, state.address, state.server);
    else this.#internet.stop();
  }

  #forgetPeers(): void {
    this.#contacting.clear();
    this.peers.clear();
  }

  #drop(reason: DropReason): false {
    this.counters.drops[reason]++;
    return false;
  }
}
