/** What a core needs from its host besides datagrams and time. All of it is passed in, so that a test owns it. */

/** Fills with cryptographically strong random bytes (RFC 5991 §4: nonces and flag bits must not be guessable). */
export interface Entropy {
  fill(target: Uint8Array): void;
}

export type HmacAlgorithm = 'sha1' | 'md5';

/** HMAC (RFC 2104) over the concatenation of `parts`. */
export type Hmac = (algorithm: HmacAlgorithm, secret: Uint8Array, parts: readonly Uint8Array[]) => Uint8Array;

export interface Environment {
  readonly entropy: Entropy;
  readonly hmac: Hmac;
}

/** Memory in which the device left packets; `bytes` and `view` are the same memory. */
export interface PacketMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Length of the headers before the payload of a run, which each of its packets gets: bits 12 to 23 of what the device
 * says of it. The rest of that is the device's own.
 */
export const runHeaderLength = (offload: number): number => (offload >>> 12) & 0xfff;

/** Where a judged packet goes. One object a core, overwritten by each call: no allocation per packet. */
export class Forward {
  /** Start and length of the IPv6 packet in the memory that was handed in. */
  offset = 0;
  length = 0;
  /** Outward: IPv4 destination in host order (signed or unsigned 32 bits) and UDP port. */
  address = 0;
  port = 0;
}
