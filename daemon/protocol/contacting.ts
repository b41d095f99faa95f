/**
 * Contacting a peer, the same for client and relay: packets wait in a queue while the peer is asked, up to four
 * times, two seconds apart (RFC 4380 §5.2.4, §5.4.1). An answer releases them in order; silence returns an ICMPv6
 * "unreachable" to their sender, so that it can try another address at once (RFC 6081 §3).
 *
 * What "asking" means (bubbles, an echo test) is the {@link Requester}'s affair.
 */
import { emitTooBig, emitUnreachable, isIcmpv6Error } from '../wire/icmpv6.js';
import { ipv4, port } from '../wire/ipv4.js';
import { IPV6_SOURCE, type Ipv6Address, readIpv6 } from '../wire/ipv6.js';
import { CONTACT_ATTEMPTS, UNREACHABLE_BURST, UNREACHABLE_RATE } from './constants.js';
import { type Contact, Contacts } from './contacts.js';
import type { Counters } from './drops.js';
import type { TunnelOutput } from './outputs.js';
import type { PeerTable } from './peer-table.js';
import type { Instant } from './time.js';
import { TokenBucket } from './token-bucket.js';

export interface Requester {
  /** Asks the peer to answer. False: it may not be asked (any more), so waiting is in vain. */
  request(now: Instant, contact: Contact): boolean;
  /** Called after the contact was closed without an answer. */
  abandoned(now: Instant, peer: number): void;
  /** Source address of "unreachable" errors. */
  errorSource(): Ipv6Address;
}

export class Contacting {
  readonly contacts: Contacts;
  readonly #peers: PeerTable;
  readonly #output: TunnelOutput;
  readonly #counters: Counters;
  readonly #requester: Requester;
  readonly #errors = new TokenBucket(UNREACHABLE_RATE, UNREACHABLE_BURST);

  constructor(peers: PeerTable, output: TunnelOutput, counters: Counters, requester: Requester) {
    this.contacts = new Contacts(peers);
    this.#peers = peers;
    this.#output = output;
    this.#counters = counters;
    this.#requester = requester;
  }

  /** The contact with `peer`: the running one, or a new one whose first request has left; undefined if none may. */
  contact(now: Instant, peer: number): Contact | undefined {
    const running = this.contacts.find(peer);
    if (running !== undefined) return running;
    const overdue = this.contacts.overdue();
    if (overdue !== undefined) this.#abandon(now, overdue);
    const contact = this.contacts.open(now, peer);
    if (!this.#requester.request(now, contact)) {
      this.contacts.close(contact);
      return undefined;
    }
    this.contacts.arm(now, contact);
    return contact;
  }

  /** Queues a packet for `peer` and sees that the peer is being contacted. */
  queue(now: Instant, peer: number, packet: Uint8Array, segment: number, offload: number): void {
    const contact = this.contact(now, peer);
    if (contact === undefined) {
      this.refuse(now, packet);
    } else if (!this.contacts.enqueue(contact, packet, segment, offload)) {
      this.#counters.drops['queue-full']++;
    }
  }

  /** The peer has answered from its mapping: everything that waited goes, in order. */
  settle(now: Instant, peer: number): void {
    const contact = this.contacts.find(peer);
    if (contact === undefined) return;
    this.contacts.close(contact);
    const address = ipv4(this.#peers.address[peer] as number);
    const udpPort = port(this.#peers.port[peer] as number);
    for (const packet of contact.queue) {
      this.#counters.packetsOut++;
      this.#counters.bytesOut += packet.bytes.length;
      this.#output.sendRun(packet.bytes, packet.segment, packet.offload, address, udpPort);
    }
    if (contact.queue.length > 0) this.#peers.lastTransmission[peer] = now;
    for (const packet of contact.held) {
      if (packet.address === address && packet.port === udpPort) this.#output.deliverPacket(packet.bytes);
      else this.#counters.drops.untrusted++;
    }
  }

  handleTimeout(now: Instant): void {
    for (let due = this.contacts.due(now); due !== undefined; due = this.contacts.due(now)) {
      if (due.attempts < CONTACT_ATTEMPTS && this.#requester.request(now, due)) this.contacts.arm(now, due);
      else this.#abandon(now, due);
    }
  }

  nextTimeout(): Instant {
    return this.contacts.nextTimeout();
  }

  /** Forgets all contacts without a word. */
  clear(): void {
    this.contacts.clear();
  }

  /** Tells the sender of `packet` that its destination does not answer (RFC 4443 §3.1, rate limited by §2.4). */
  refuse(now: Instant, packet: Uint8Array): void {
    this.#counters.drops.unreachable++;
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    if (isIcmpv6Error(view, 0) || !this.#errors.take(now)) return;
    this.#output.deliverPacket(emitUnreachable(this.#requester.errorSource(), readIpv6(packet, IPV6_SOURCE), packet));
  }

  /** Tells the sender of `packet` that the tunnel carries `mtu` bytes (RFC 4443 §3.2), within the same limit. */
  tooBig(now: Instant, packet: Uint8Array, mtu: number): void {
    this.#counters.drops['too-big']++;
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    if (isIcmpv6Error(view, 0) || !this.#errors.take(now)) return;
    this.#output.deliverPacket(emitTooBig(this.#requester.errorSource(), readIpv6(packet, IPV6_SOURCE), packet, mtu));
  }

  #abandon(now: Instant, contact: Contact): void {
    this.contacts.close(contact);
    for (const packet of contact.queue) this.refuse(now, packet.bytes);
    this.#counters.drops.untrusted += contact.held.length;
    this.#requester.abandoned(now, contact.peer);
  }
}
