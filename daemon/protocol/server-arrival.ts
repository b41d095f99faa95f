/**
 * The datagram a server is looking at: where it came from and where its parts lie.
 *
 * A server keeps one Arrival and overwrites it for each datagram, so that bubbles and solicitations cost no
 * allocation. It reads the same format as `parseDatagram`, which makes values; a test holds the two together.
 */
import {
  AUTHENTICATION_INDICATOR,
  AUTHENTICATION_MIN_LENGTH,
  NONCE_LENGTH,
  ORIGIN_INDICATOR,
  ORIGIN_LENGTH,
} from '../wire/encapsulation.js';
import { ipv6PacketLength } from '../wire/ipv6.js';
import type { PacketMemory } from './environment.js';

const EMPTY = new Uint8Array(0);

export class Arrival {
  memory: PacketMemory = { bytes: EMPTY, view: new DataView(EMPTY.buffer) };
  /** First byte of the UDP payload. */
  offset = 0;
  /** End of the UDP payload: behind the trailers. */
  end = 0;
  /** 0 when it came to the primary address, 1 to the secondary. */
  socket = 0;
  /** IPv4 source, unsigned. */
  address = 0;
  port = 0;
  /** Offset of the nonce; -1 without authentication. */
  nonce = -1;
  /** The authentication names a client or holds a value: more than a nonce. */
  secured = false;
  /** Offset and length of the IPv6 packet. */
  packet = 0;
  packetLength = 0;

  /** Finds the parts of `memory`'s bytes from `offset` to `end`. False: not a well-formed Teredo packet. */
  locate(): boolean {
    const { view } = this.memory;
    this.nonce = -1;
    this.secured = false;
    let at = this.offset;
    if (this.end - at >= 2 && view.getUint16(at) === AUTHENTICATION_INDICATOR) {
      at = this.#locateNonce(at);
      if (at < 0) return false;
    }
    if (this.end - at >= 2 && view.getUint16(at) === ORIGIN_INDICATOR) at += ORIGIN_LENGTH;
    this.packet = at;
    this.packetLength = ipv6PacketLength(view, at, this.end - at);
    return this.packetLength >= 0;
  }

  /** Offset behind the authentication at `at`, or -1. */
  #locateNonce(at: number): number {
    if (this.end - at < AUTHENTICATION_MIN_LENGTH) return -1;
    const { view } = this.memory;
    const variable = view.getUint8(at + 2) + view.getUint8(at + 3);
    const after = at + AUTHENTICATION_MIN_LENGTH + variable;
    if (after > this.end) return -1;
    this.nonce = after - NONCE_LENGTH - 1;
    this.secured = variable > 0;
    return after;
  }
}
