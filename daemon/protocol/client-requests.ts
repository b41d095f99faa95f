/**
 * What a client sends of its own to reach peers: bubbles to Teredo clients (RFC 4380 §5.2.6), echo tests to all
 * others (§5.2.9), and answers to those who try to reach it.
 */
import { emitBubble } from '../wire/bubble.js';
import { emitEchoRequest } from '../wire/icmpv6.js';
import { type Endpoint, type Ipv4Scope, isPermittedDestination } from '../wire/ipv4.js';
import { type Ipv6Address, readIpv6 } from '../wire/ipv6.js';
import {
  hasUsableMapping,
  mappedAddressAt,
  parseTeredoAddress,
  serverAt,
  serverLinkLocal,
  TEREDO_PORT,
  type TeredoAddress,
} from '../wire/teredo-address.js';
import { mayAnswer, maySolicit, recordBubble, withinLimit } from './bubble-limits.js';
import type { Requester } from './contacting.js';
import type { Contact } from './contacts.js';
import type { Counters } from './drops.js';
import type { Entropy } from './environment.js';
import type { TunnelOutput } from './outputs.js';
import type { PeerTable } from './peer-table.js';
import type { Qualification } from './qualification.js';
import type { Instant } from './time.js';
import type { Qualified } from './tunnel-state.js';

/** RFC 4380 §5.2.9: "at least 64 bits". */
const TEST_NONCE_LENGTH = 8;

export class ClientRequests implements Requester {
  /** What marks an echo reply as the answer to a test, and so none of the IPv6 stack's: random, as one number. */
  readonly testId: number;
  readonly #peers: PeerTable;
  readonly #qualification: Qualification;
  readonly #entropy: Entropy;
  readonly #output: TunnelOutput;
  readonly #counters: Counters;
  /** Identifier and sequence number of our echo tests. */
  readonly #testId = new Uint8Array(4);
  #scope: Ipv4Scope = { directedBroadcasts: [] };

  constructor(
    peers: PeerTable,
    qualification: Qualification,
    entropy: Entropy,
    output: TunnelOutput,
    counters: Counters,
  ) {
    this.#peers = peers;
    this.#qualification = qualification;
    this.#entropy = entropy;
    this.#output = output;
    this.#counters = counters;
    entropy.fill(this.#testId);
    this.testId = new DataView(this.#testId.buffer).getInt32(0);
  }

  setScope(scope: Ipv4Scope): void {
    this.#scope = scope;
  }

  /** Whether the Teredo address at `offset` names a mapping and a server we may send to (RFC 4380 §5.2.4). */
  isReachable(view: DataView, offset: number): boolean {
    return (
      hasUsableMapping(view, offset) &&
      isPermittedDestination(mappedAddressAt(view, offset), this.#scope) &&
      isPermittedDestination(serverAt(view, offset), this.#scope)
    );
  }

  request(now: Instant, contact: Contact): boolean {
    const { current } = this.#qualification;
    if (current === undefined) return false;
    const destination = this.#peers.ipv6Of(contact.peer);
    const teredo = parseTeredoAddress(destination, this.#prefix(current));
    if (teredo === undefined) {
      this.#test(current, contact, destination);
      return true;
    }
    return this.#solicit(now, current, contact.peer, destination, teredo);
  }

  abandoned(): void {
    // The entry stays: its bubble times keep us from asking again too soon (RFC 4380 §5.2.6).
  }

  /** As if our server, the router of this link, had said it. */
  errorSource(): Ipv6Address {
    return serverLinkLocal(this.#qualification.servers.primary);
  }

  /** Answers a Teredo client's indirect bubble by a direct one, within the limits. */
  answer(now: Instant, peer: number): void {
    const { current } = this.#qualification;
    if (current === undefined || !mayAnswer(this.#peers, now, peer)) return;
    const destination = this.#peers.ipv6Of(peer);
    const teredo = parseTeredoAddress(destination, this.#prefix(current));
    if (teredo === undefined) return;
    recordBubble(this.#peers, now, peer, true);
    this.#counters.bubblesSent++;
    this.#output.sendDatagram(emitBubble(current.address, destination), teredo.mappedAddress, teredo.mappedPort);
  }

  /** Answers a relay's indirect bubble: straight to where the server saw it come from. */
  answerStranger(bytes: Uint8Array, source: number, origin: Endpoint): void {
    const { current } = this.#qualification;
    if (current === undefined) return;
    this.#counters.bubblesSent++;
    this.#output.sendDatagram(emitBubble(current.address, readIpv6(bytes, source)), origin.address, origin.port);
  }

  /** Direct before indirect: our NAT must be open when the answer to the indirect one comes (RFC 6081 §6.1). */
  #solicit(now: Instant, current: Qualified, peer: number, destination: Ipv6Address, teredo: TeredoAddress): boolean {
    if (!maySolicit(this.#peers, now, peer)) {
      // Too close to the last one, say an answer: that may do, wait for it. Over the limit: nothing will come.
      return withinLimit(this.#peers, now, peer);
    }
    recordBubble(this.#peers, now, peer, false);
    const bubble = emitBubble(current.address, destination);
    this.#counters.bubblesSent += 2;
    this.#output.sendDatagram(bubble, teredo.mappedAddress, teredo.mappedPort);
    this.#output.sendDatagram(bubble, teredo.server, TEREDO_PORT);
    return true;
  }

  /** The nonce stays the same through the repeats: the answer to any of them proves as much. */
  #test(current: Qualified, contact: Contact, destination: Ipv6Address): void {
    if (contact.nonce === undefined) {
      contact.nonce = new Uint8Array(TEST_NONCE_LENGTH);
      this.#entropy.fill(contact.nonce);
    }
    const request = emitEchoRequest(current.address, destination, contact.nonce, this.#testId);
    this.#output.sendDatagram(request, current.server, TEREDO_PORT);
  }

  #prefix(current: Qualified): number {
    return new DataView(current.address.buffer, current.address.byteOffset, 4).getUint32(0);
  }
}
