/**
 * Peers that are being contacted: what was asked, when to ask again, and the packets that wait for the answer.
 *
 * Every contact waits the same two seconds between requests (RFC 4380 §5.2.4), so the order in which they were last
 * armed is the order of their deadlines, and a Map's insertion order is the whole timer queue.
 */
import { CONTACT_LIMIT, CONTACT_TIMEOUT, QUEUE_BYTES, QUEUE_PACKETS, QUEUE_TOTAL_BYTES } from './constants.js';
import { PEER_CONTACTED, type PeerTable } from './peer-table.js';
import { after, type Instant, NEVER } from './time.js';

/** A packet that waits: its own copy, and how the device described it (see the packet path's rows). */
export interface QueuedPacket {
  readonly bytes: Uint8Array;
  readonly segment: number;
  readonly offload: number;
}

/** A packet that came in before its sender was proven, and from where. */
export interface HeldPacket {
  readonly bytes: Uint8Array;
  readonly address: number;
  readonly port: number;
}

export interface Contact {
  readonly peer: number;
  /** Requests sent so far. */
  attempts: number;
  deadline: Instant;
  /** Of the echo request, when the peer is outside Teredo (RFC 4380 §5.2.9). */
  nonce: Uint8Array | undefined;
  /** BOUNDED: QUEUE_PACKETS and QUEUE_BYTES, with `held`. */
  queue: QueuedPacket[];
  held: HeldPacket[];
  bytes: number;
}

export class Contacts {
  readonly #peers: PeerTable;
  readonly #limit: number;
  /** By peer index, in the order of deadlines. BOUNDED: #limit. */
  readonly #contacts = new Map<number, Contact>();
  #bytes = 0;

  constructor(peers: PeerTable) {
    this.#peers = peers;
    // Never so many that the table has nothing left to evict.
    this.#limit = Math.max(1, Math.min(CONTACT_LIMIT, peers.capacity >>> 1));
  }

  get size(): number {
    return this.#contacts.size;
  }

  /** Bytes that wait in all queues. */
  get queuedBytes(): number {
    return this.#bytes;
  }

  find(peer: number): Contact | undefined {
    return this.#contacts.get(peer);
  }

  /** The contact that has waited longest, when there is no room for another. */
  overdue(): Contact | undefined {
    return this.#contacts.size < this.#limit ? undefined : this.#first();
  }

  open(now: Instant, peer: number): Contact {
    const contact: Contact = {
      peer,
      attempts: 0,
      deadline: after(now, CONTACT_TIMEOUT),
      nonce: undefined,
      queue: [],
      held: [],
      bytes: 0,
    };
    this.#contacts.set(peer, contact);
    this.#peers.setFlag(peer, PEER_CONTACTED, true);
    return contact;
  }

  /** Counts a request and waits for its answer. */
  arm(now: Instant, contact: Contact): void {
    contact.attempts++;
    contact.deadline = after(now, CONTACT_TIMEOUT);
    this.#contacts.delete(contact.peer);
    this.#contacts.set(contact.peer, contact);
  }

  close(contact: Contact): void {
    this.#bytes -= contact.bytes;
    this.#contacts.delete(contact.peer);
    this.#peers.setFlag(contact.peer, PEER_CONTACTED, false);
  }

  clear(): void {
    for (const contact of this.#contacts.values()) this.#peers.setFlag(contact.peer, PEER_CONTACTED, false);
    this.#contacts.clear();
    this.#bytes = 0;
  }

  /** Copies a packet behind those that wait already; false when there is no room. */
  enqueue(contact: Contact, packet: Uint8Array, segment: number, offload: number): boolean {
    if (!this.#reserve(contact, packet.length)) return false;
    contact.queue.push({ bytes: packet.slice(), segment, offload });
    return true;
  }

  /** Copies a packet that shall be delivered if its sender proves to be at `address`:`port`. */
  hold(contact: Contact, packet: Uint8Array, address: number, port: number): boolean {
    if (!this.#reserve(contact, packet.length)) return false;
    contact.held.push({ bytes: packet.slice(), address: address >>> 0, port });
    return true;
  }

  /** The contact whose deadline has come, if any. Close or arm it before asking again. */
  due(now: Instant): Contact | undefined {
    const first = this.#first();
    return first !== undefined && first.deadline <= now ? first : undefined;
  }

  nextTimeout(): Instant {
    return this.#first()?.deadline ?? NEVER;
  }

  #first(): Contact | undefined {
    for (const contact of this.#contacts.values()) return contact;
    return undefined;
  }

  #reserve(contact: Contact, length: number): boolean {
    if (contact.queue.length + contact.held.length >= QUEUE_PACKETS) return false;
    if (contact.bytes + length > QUEUE_BYTES || this.#bytes + length > QUEUE_TOTAL_BYTES) return false;
    contact.bytes += length;
    this.#bytes += length;
    return true;
  }
}
