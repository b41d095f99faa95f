/**
 * The Teredo server (RFC 4380 §5.3): answers router solicitations, and passes bubbles and ICMPv6 between clients,
 * relays and the IPv6 Internet.
 *
 * It keeps no state but counters: the answer to a datagram depends on that datagram alone. Each datagram passes the
 * rules of §5.3.1 in the order of their cost, then one of four things happens to it: it is answered (solicitation,
 * echo request), sent on over UDP, handed to the caller for native IPv6, or dropped and counted. Exactly one of them:
 * datagramsIn is always packetsOut plus the sum of the drops.
 */
import { isBubble } from '../wire/bubble.js';
import { ORIGIN_LENGTH, parseDatagram, writeOrigin } from '../wire/encapsulation.js';
import {
  echoData,
  emitEchoReply,
  hasValidIcmpv6Checksum,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_ROUTER_SOLICITATION,
  icmpv6TypeAt,
} from '../wire/icmpv6.js';
import { type Ipv4Address, ipv4, isPermittedDestination, type Port, port as toPort } from '../wire/ipv4.js';
import {
  ALL_ROUTERS,
  IPV6_DESTINATION,
  IPV6_HEADER_LENGTH,
  IPV6_HOP_LIMIT,
  IPV6_PAYLOAD_LENGTH,
  IPV6_SOURCE,
  type Ipv6Address,
  ipv6EqualsAt,
  isGlobalScope,
  isLinkLocal,
  readIpv6,
} from '../wire/ipv6.js';
import { MAXIMUM_MTU } from '../wire/mtu.js';
import { isRouterSolicitation } from '../wire/router-discovery.js';
import {
  FLAG_CONE,
  isTeredoAt,
  mappedAddressAt,
  mappedPortAt,
  serverAt,
  serverLinkLocal,
  TEREDO_PORT,
} from '../wire/teredo-address.js';
import type { ServerConfiguration } from './configuration.js';
import type { ServerCore } from './cores.js';
import { Counters, type DropReason } from './drops.js';
import { type Environment, Forward, type PacketMemory } from './environment.js';
import type { ServerOutput } from './outputs.js';
import { CONFIRMATION_NEW_KEY, CONFIRMATION_VALID, hasValidValue, signAdvertisement } from './secure-qualification.js';
import { AdvertisementTemplate } from './server-advertisement.js';
import { Arrival } from './server-arrival.js';
import { Staging } from './server-staging.js';

/** Neighbour discovery, 133 to 137: spoken on a link and by §5.3 not among what a server passes on. */
const NEIGHBOUR_DISCOVERY_LAST = 137;
/** Type, code, checksum, identifier, sequence number. */
const ECHO_HEADER_LENGTH = 8;
/** Everything is sent on from the primary address (RFC 4380 §5.3.1). */
const PRIMARY_SOCKET = 0;

export class TeredoServer implements ServerCore {
  readonly counters = new Counters();
  readonly forward = new Forward();
  readonly #configuration: ServerConfiguration;
  readonly #environment: Environment;
  readonly #output: ServerOutput;
  readonly #linkLocal: Ipv6Address;
  readonly #advertisement: AdvertisementTemplate;
  readonly #arrival = new Arrival();
  readonly #staging = new Staging();

  constructor(configuration: ServerConfiguration, environment: Environment, output: ServerOutput) {
    this.#configuration = configuration;
    this.#environment = environment;
    this.#output = output;
    this.#linkLocal = serverLinkLocal(configuration.primary);
    this.#advertisement = new AdvertisementTemplate(configuration);
  }

  handleDatagram(
    memory: PacketMemory,
    offset: number,
    length: number,
    socket: number,
    address: number,
    port: number,
  ): boolean {
    this.counters.datagramsIn++;
    this.counters.bytesIn += length;
    const arrival = this.#arrival;
    arrival.memory = memory;
    arrival.offset = offset;
    arrival.end = offset + length;
    arrival.socket = socket;
    arrival.address = address >>> 0;
    arrival.port = port;
    // What a server sent itself would go round for ever (RFC 4380 §7.4).
    if (this.#isOwnService(arrival.address, port)) return this.#drop('bad-source');
    if (port === 0) return this.#drop('not-global-ipv4');
    if (!isPermittedDestination(arrival.address, this.#configuration.scope)) return this.#drop('not-global-ipv4');
    if (!arrival.locate()) return this.#drop('malformed');
    return this.#handlePacket(arrival);
  }

  /** Rules 2 and 4 to 7, then the destination. */
  #handlePacket(arrival: Arrival): boolean {
    const { view } = arrival.memory;
    const { packet } = arrival;
    const bubble = isBubble(view, packet);
    if (bubble) this.counters.bubblesReceived++;
    if (!bubble && icmpv6TypeAt(view, packet) < 0) return this.#drop('via-server');
    const source = view.getUint32(packet + IPV6_SOURCE);
    if (isLinkLocal(source) && !bubble) return this.#handleSolicitation(arrival);
    if (isTeredoAt(view, packet + IPV6_SOURCE, this.#configuration.prefix)) {
      if (!this.#isFromItsMapping(arrival)) return this.#drop('spoofed');
    } else {
      // Relays ask for bubbles at link-local addresses that they make up, the old program's at one for each client.
      if (!isGlobalScope(source) && !isLinkLocal(source)) return this.#drop('bad-source');
      if (!this.#isServed(view, packet + IPV6_DESTINATION)) return this.#drop('not-for-us');
    }
    return this.#handleAccepted(arrival, bubble);
  }

  /** By destination (end of §5.3.1). */
  #handleAccepted(arrival: Arrival, bubble: boolean): boolean {
    const { bytes, view } = arrival.memory;
    const destination = arrival.packet + IPV6_DESTINATION;
    const type = icmpv6TypeAt(view, arrival.packet);
    if (ipv6EqualsAt(bytes, destination, this.#linkLocal)) return this.#answerEcho(arrival, type);
    if (ipv6EqualsAt(bytes, destination, ALL_ROUTERS)) return this.#answerEcho(arrival, type);
    if (type >= ICMPV6_ROUTER_SOLICITATION && type <= NEIGHBOUR_DISCOVERY_LAST) return this.#drop('via-server');
    if (!isGlobalScope(view.getUint32(destination))) return this.#drop('bad-destination');
    if (isTeredoAt(view, destination, this.#configuration.prefix)) return this.#sendOn(arrival, bubble);
    return this.#routeNatively(arrival);
  }

  /** Rule 4: the one thing but a bubble that a link-local source may send is a router solicitation. */
  #handleSolicitation(arrival: Arrival): false {
    const { bytes, view } = arrival.memory;
    if (icmpv6TypeAt(view, arrival.packet) !== ICMPV6_ROUTER_SOLICITATION) return this.#drop('bad-source');
    if (!ipv6EqualsAt(bytes, arrival.packet + IPV6_DESTINATION, ALL_ROUTERS)) return this.#drop('bad-destination');
    if (!isRouterSolicitation(view, arrival.packet)) return this.#drop('malformed');
    const { authentication } = this.#configuration;
    if (authentication !== undefined && arrival.secured) return this.#advertiseSecurely(arrival);
    if (authentication?.required) return this.#drop('bad-authentication');
    this.#advertisement.fill(arrival);
    // A nonce comes back even where there are no keys: a client discards any answer without its own (§5.2.2).
    this.#advertise(arrival, arrival.nonce < 0 ? this.#advertisement.plain : this.#advertisement.withNonce);
    return false;
  }

  /** Secure qualification (§5.2.2, §5.3.2): the solicitation names its client. */
  #advertiseSecurely(arrival: Arrival): false {
    const { authentication } = this.#configuration;
    const { hmac } = this.#environment;
    const { bytes } = arrival.memory;
    const datagram = parseDatagram(bytes, arrival.offset, arrival.end - arrival.offset);
    if (typeof datagram === 'string' || datagram.authentication === undefined) return this.#drop('malformed');
    const { clientId, nonce } = datagram.authentication;
    const key = authentication?.find(clientId);
    if (key === undefined && authentication?.required) return this.#drop('bad-authentication');
    if (key !== undefined && !hasValidValue(key, bytes, datagram, hmac)) return this.#drop('bad-authentication');
    this.#advertisement.fill(arrival);
    const answered = { clientId, nonce, confirmation: key?.valid ? CONFIRMATION_VALID : CONFIRMATION_NEW_KEY };
    const { origin, packet } = this.#advertisement;
    this.#advertise(arrival, signAdvertisement(key, answered, origin, packet, hmac));
    return false;
  }

  /**
   * An advertisement goes back to where the solicitation came from. The cone bit in the solicitation's source asks
   * for an answer from the other address, which only a cone NAT lets in (§5.3.2; RFC 5991 §3.2: MUST NOT be ignored).
   */
  #advertise(arrival: Arrival, bytes: Uint8Array): void {
    const flags = arrival.memory.view.getUint16(arrival.packet + IPV6_SOURCE + 8);
    const socket = (flags & FLAG_CONE) === 0 ? arrival.socket : 1 - arrival.socket;
    this.#send(socket, bytes, ipv4(arrival.address), toPort(arrival.port));
  }

  /** A server is a router and answers to "ping"; of all local traffic it has no other use for anything. */
  #answerEcho(arrival: Arrival, type: number): false {
    const { bytes, view } = arrival.memory;
    const { packet } = arrival;
    if (type !== ICMPV6_ECHO_REQUEST) return this.#drop('not-for-us');
    if (view.getUint16(packet + IPV6_PAYLOAD_LENGTH) < ECHO_HEADER_LENGTH) return this.#drop('malformed');
    if (!hasValidIcmpv6Checksum(view, packet)) return this.#drop('malformed');
    const identity = packet + IPV6_HEADER_LENGTH + 4;
    const reply = emitEchoReply(
      this.#linkLocal,
      readIpv6(bytes, packet + IPV6_SOURCE),
      bytes.subarray(identity, identity + 4),
      echoData(bytes, view, packet),
    );
    this.#send(arrival.socket, reply, ipv4(arrival.address), toPort(arrival.port));
    return false;
  }

  /** To the mapping in a Teredo destination, with trailers; our own clients are told where it came from. */
  #sendOn(arrival: Arrival, bubble: boolean): false {
    const { bytes, view } = arrival.memory;
    const destination = arrival.packet + IPV6_DESTINATION;
    const address = mappedAddressAt(view, destination);
    const port = mappedPortAt(view, destination);
    if (port === 0) return this.#drop('not-global-ipv4');
    if (!isPermittedDestination(address, this.#configuration.scope)) return this.#drop('not-global-ipv4');
    if (this.#isOwnService(address, port)) return this.#drop('bad-destination');
    const reserved = this.#isServed(view, destination) ? ORIGIN_LENGTH : 0;
    if (reserved + arrival.end - arrival.packet > MAXIMUM_MTU) return this.#drop('bad-destination');
    const datagram = this.#staging.compose(reserved, bytes, arrival.packet, arrival.end);
    if (reserved > 0) writeOrigin(datagram, 0, arrival.address, arrival.port);
    if (bubble) this.counters.bubblesSent++;
    this.#send(PRIMARY_SOCKET, datagram, address, port);
    return false;
  }

  /** To the IPv6 Internet, without trailers, as a router does it. */
  #routeNatively(arrival: Arrival): boolean {
    const { bytes, view } = arrival.memory;
    const hopLimit = view.getUint8(arrival.packet + IPV6_HOP_LIMIT);
    if (hopLimit <= 1) return this.#drop('bad-destination');
    bytes[arrival.packet + IPV6_HOP_LIMIT] = hopLimit - 1;
    this.forward.offset = arrival.packet;
    this.forward.length = arrival.packetLength;
    this.counters.packetsOut++;
    this.counters.bytesOut += arrival.packetLength;
    return true;
  }

  /** Rule 5: the outer source is the mapping in the IPv6 source. */
  #isFromItsMapping(arrival: Arrival): boolean {
    const { view } = arrival.memory;
    const source = arrival.packet + IPV6_SOURCE;
    return mappedAddressAt(view, source) === arrival.address && mappedPortAt(view, source) === arrival.port;
  }

  /** A Teredo address allocated through this server. */
  #isServed(view: DataView, offset: number): boolean {
    return (
      isTeredoAt(view, offset, this.#configuration.prefix) && serverAt(view, offset) === this.#configuration.primary
    );
  }

  #isOwnService(address: number, port: number): boolean {
    const { primary, secondary } = this.#configuration;
    return port === TEREDO_PORT && (address === primary || address === secondary);
  }

  #send(socket: number, bytes: Uint8Array, address: Ipv4Address, port: Port): void {
    this.counters.packetsOut++;
    this.counters.bytesOut += bytes.length;
    this.#output.sendDatagram(socket, bytes, address, port);
  }

  #drop(reason: DropReason): false {
    this.counters.drops[reason]++;
    return false;
  }
}
