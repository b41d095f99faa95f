/**
 * The list of recent peers (RFC 4380 §5.2), as columns of typed arrays.
 *
 * A relay may know a million peers and is asked for one with each packet, so an entry costs about ninety bytes, a
 * look-up allocates nothing, and the key is the four 32-bit words of the peer's IPv6 address where they lie in the
 * packet. The columns are public: what acts on them stands in bubbles, contacts, client and relay.
 *
 * Look-up is open addressing with linear probing and backward-shift deletion; the hash is seeded, so that nobody
 * can choose addresses that collide.
 */
import type { Ipv6Address } from '../wire/ipv6.js';
import { BUBBLE_LIMIT, NEW_PEER_AGE, PEER_VALIDITY } from './constants.js';
import type { Entropy } from './environment.js';
import type { Instant } from './time.js';

/** No such peer. */
export const NO_PEER = -1;

/** The mapping was verified: a packet came from it that proves it (RFC 4380 §5.2.3). */
export const PEER_TRUSTED = 1;
/** We have sent data to it: it is nobody's invention, so it is evicted after those that may be. */
export const PEER_CHOSEN = 2;
/** It is being contacted; a queue may wait for it. Never evicted. */
export const PEER_CONTACTED = 4;
/** The last bubble sent to it answered one of its own. */
export const PEER_ANSWERED = 8;

/** How many entries an eviction compares: a full search for the stalest of a million would stall the tunnel. */
const EVICTION_SAMPLE = 32;

export class PeerTable {
  readonly capacity: number;
  /** Four words of the IPv6 address each. */
  readonly keys: Int32Array;
  readonly flags: Uint8Array;
  /** Mapped IPv4 address in host order, and mapped port. */
  readonly address: Uint32Array;
  readonly port: Uint16Array;
  readonly lastReception: Float64Array;
  readonly lastTransmission: Float64Array;
  /** Time of the last bubble, -Infinity when there was none. */
  readonly lastBubble: Float64Array;
  /**
   * Times of the last BUBBLE_LIMIT bubbles since the last direct answer, newest first (RFC 4380 §5.2.6); -Infinity
   * where there was none.
   */
  readonly bubbleTimes: Float64Array;

  /** Peer index + 1, or 0 for an empty slot. BOUNDED: twice the capacity, rounded up to a power of two. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #seed: Int32Array;
  /** Entries that were removed, to be used again. BOUNDED: capacity. */
  readonly #free: Int32Array;
  #freeCount = 0;
  /** Entries 0 to #used - 1 have been in use at some time. */
  #used = 0;
  #size = 0;
  #hand = 0;

  constructor(capacity: number, entropy: Entropy) {
    this.capacity = capacity;
    this.keys = new Int32Array(4 * capacity);
    this.flags = new Uint8Array(capacity);
    this.address = new Uint32Array(capacity);
    this.port = new Uint16Array(capacity);
    this.lastReception = new Float64Array(capacity);
    this.lastTransmission = new Float64Array(capacity);
    this.lastBubble = new Float64Array(capacity);
    this.bubbleTimes = new Float64Array(BUBBLE_LIMIT * capacity);
    const slots = 1 << (32 - Math.clz32(2 * capacity - 1));
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#free = new Int32Array(capacity);
    const seed = new Uint8Array(8);
    entropy.fill(seed);
    this.#seed = new Int32Array(seed.buffer);
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of all columns together. */
  get byteLength(): number {
    const columns = [this.keys, this.flags, this.address, this.port, this.lastReception, this.lastTransmission];
    const others = [this.lastBubble, this.bubbleTimes, this.#slots, this.#free];
    return [...columns, ...others].reduce((sum, column) => sum + column.byteLength, 0);
  }

  /** Index of the peer whose IPv6 address lies at `offset`, or NO_PEER. */
  find(view: DataView, offset: number): number {
    const a = view.getInt32(offset);
    const b = view.getInt32(offset + 4);
    const c = view.getInt32(offset + 8);
    const d = view.getInt32(offset + 12);
    const slot = this.#probe(a, b, c, d);
    return (this.#slots[slot] as number) - 1;
  }

  /**
   * Adds the peer whose IPv6 address lies at `offset`, which must not be in the table: untrusted, no mapping, last
   * times as RFC 4380 §5.2.6 sets them. Evicts the stalest of a sample when full; NO_PEER when all are in contact.
   */
  insert(now: Instant, view: DataView, offset: number): number {
    const peer = this.#allocate();
    if (peer === NO_PEER) return NO_PEER;
    const key = 4 * peer;
    for (let word = 0; word < 4; word++) this.keys[key + word] = view.getInt32(offset + 4 * word);
    this.flags[peer] = 0;
    this.address[peer] = 0;
    this.port[peer] = 0;
    this.lastReception[peer] = now - NEW_PEER_AGE;
    this.lastTransmission[peer] = now - NEW_PEER_AGE;
    this.lastBubble[peer] = Number.NEGATIVE_INFINITY;
    this.bubbleTimes.fill(Number.NEGATIVE_INFINITY, BUBBLE_LIMIT * peer, BUBBLE_LIMIT * (peer + 1));
    this.#slots[this.#slotOf(peer)] = peer + 1;
    this.#size++;
    return peer;
  }

  remove(peer: number): void {
    this.#vacate(this.#slotOf(peer));
    this.#free[this.#freeCount++] = peer;
    this.#size--;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#freeCount = 0;
    this.#used = 0;
    this.#size = 0;
    this.#hand = 0;
  }

  isTrusted(peer: number): boolean {
    return ((this.flags[peer] as number) & PEER_TRUSTED) !== 0;
  }

  /** RFC 4380 §5.2.4: trusted, and heard less than 30 seconds ago. */
  isValid(now: Instant, peer: number): boolean {
    return this.isTrusted(peer) && now - (this.lastReception[peer] as number) < PEER_VALIDITY;
  }

  /** Whether packets of this peer come from `address`:`port`. */
  hasMapping(peer: number, address: number, port: number): boolean {
    return this.address[peer] === address >>> 0 && this.port[peer] === port;
  }

  /** The mapping is proven: data may go there. */
  trust(now: Instant, peer: number, address: number, port: number): void {
    this.flags[peer] = (this.flags[peer] as number) | PEER_TRUSTED;
    this.address[peer] = address;
    this.port[peer] = port;
    this.lastReception[peer] = now;
  }

  setFlag(peer: number, flag: number, on: boolean): void {
    const flags = this.flags[peer] as number;
    this.flags[peer] = on ? flags | flag : flags & ~flag;
  }

  /** A copy of the peer's IPv6 address. */
  ipv6Of(peer: number): Ipv6Address {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    for (let word = 0; word < 4; word++) view.setInt32(4 * word, this.keys[4 * peer + word] as number);
    return bytes as Ipv6Address;
  }

  #allocate(): number {
    if (this.#freeCount > 0) return this.#free[--this.#freeCount] as number;
    if (this.#used < this.capacity) return this.#used++;
    const victim = this.#stalest();
    if (victim === NO_PEER) return NO_PEER;
    this.remove(victim);
    return this.#free[--this.#freeCount] as number;
  }

  /** Walks on until it has seen a sample of entries that may go, and picks the least worth keeping. */
  #stalest(): number {
    let victim = NO_PEER;
    let worst = Number.POSITIVE_INFINITY;
    let seen = 0;
    for (let step = 0; step < this.capacity && seen < EVICTION_SAMPLE; step++) {
      const peer = this.#hand;
      this.#hand = peer + 1 === this.capacity ? 0 : peer + 1;
      const flags = this.flags[peer] as number;
      if (flags & PEER_CONTACTED) continue;
      seen++;
      const lastUse = Math.max(this.lastReception[peer] as number, this.lastTransmission[peer] as number);
      // A flood of made-up peers must not push out those we talk to (RFC 4380 §7.3.3): these count as an hour younger.
      const worth = flags & PEER_CHOSEN ? lastUse + 3_600_000 : lastUse;
      if (worth < worst) {
        worst = worth;
        victim = peer;
      }
    }
    return victim;
  }

  #hash(a: number, b: number, c: number, d: number): number {
    const seed = this.#seed;
    let h = (seed[0] as number) ^ a;
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) ^ b;
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39) ^ c;
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b) ^ d;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) ^ (seed[1] as number);
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    return h ^ (h >>> 15);
  }

  /** The slot that holds this key, or the empty one where it belongs. */
  #probe(a: number, b: number, c: number, d: number): number {
    const keys = this.keys;
    let slot = this.#hash(a, b, c, d) & this.#mask;
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry === 0) return slot;
      const key = 4 * (entry - 1);
      if (keys[key + 3] === d && keys[key + 2] === c && keys[key + 1] === b && keys[key] === a) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #slotOf(peer: number): number {
    const key = 4 * peer;
    const keys = this.keys;
    return this.#probe(keys[key] as number, keys[key + 1] as number, keys[key + 2] as number, keys[key + 3] as number);
  }

  #homeOf(entry: number): number {
    const key = 4 * (entry - 1);
    const keys = this.keys;
    return (
      this.#hash(keys[key] as number, keys[key + 1] as number, keys[key + 2] as number, keys[key + 3] as number) &
      this.#mask
    );
  }

  /** Empties a slot and moves later entries of the same cluster back, so that no probe stops short of them. */
  #vacate(slot: number): void {
    let hole = slot;
    let next = slot;
    for (;;) {
      next = (next + 1) & this.#mask;
      const entry = this.#slots[next] as number;
      if (entry === 0) break;
      const home = this.#homeOf(entry);
      if (((next - home) & this.#mask) >= ((next - hole) & this.#mask)) {
        this.#slots[hole] = entry;
        hole = next;
      }
    }
    this.#slots[hole] = 0;
  }
}
