/**
 * Secure qualification: the nonce that pairs an advertisement with its solicitation, and the HMAC that proves who
 * made either (RFC 4380 §5.2.2).
 *
 * The HMAC covers nonce, confirmation byte, origin indication if present and IPv6 packet, in this order; neither
 * the client identifier, the two lengths, nor trailers. The outer IPv4 and UDP headers are not covered either: the
 * address a datagram came from is never proved by it.
 *
 * Digests and secrets are compared in constant time: the time of the answer tells nothing about the right value.
 */
import { concatenate, emitAuthentication, type TeredoDatagram } from '../wire/encapsulation.js';
import type { Credentials } from './configuration.js';
import type { Hmac, HmacAlgorithm } from './environment.js';

const NOTHING = new Uint8Array(0);

/** The confirmation byte: a client always says 0; from a server anything else means "get a new key". */
export const CONFIRMATION_VALID = 0;
export const CONFIRMATION_NEW_KEY = 1;

/** Judgement of an advertisement; 'key-expired' passed every other check. */
export type AdvertisementVerdict = 'valid' | 'absent' | 'wrong-nonce' | 'wrong-client' | 'wrong-value' | 'key-expired';

/** The key half of {@link Credentials}: what the HMAC itself needs. */
export interface Key {
  readonly secret: Uint8Array;
  readonly algorithm: HmacAlgorithm;
}

/**
 * A whole solicitation datagram: authentication and `packet`. Without credentials the header holds the nonce only,
 * which still keeps everyone off who does not see the client's traffic.
 */
export function signSolicitation(
  credentials: Credentials | undefined,
  nonce: Uint8Array,
  packet: Uint8Array,
  hmac: Hmac,
): Uint8Array {
  const value =
    credentials === undefined ? NOTHING : authenticationValue(credentials, nonce, CONFIRMATION_VALID, [packet], hmac);
  const clientId = credentials?.clientId ?? NOTHING;
  return concatenate(
    emitAuthentication({
      clientId,
      value,
      nonce,
      confirmation: CONFIRMATION_VALID,
    }),
    packet,
  );
}

/**
 * A whole advertisement datagram: authentication, `origin` (the indication, 8 bytes) and `packet`. Without a key
 * the value is empty, as for a client whose identifier is not known.
 */
export function signAdvertisement(
  key: Key | undefined,
  answered: {
    readonly clientId: Uint8Array;
    readonly nonce: Uint8Array;
    readonly confirmation: number;
  },
  origin: Uint8Array,
  packet: Uint8Array,
  hmac: Hmac,
): Uint8Array {
  const { clientId, nonce, confirmation } = answered;
  const value = key === undefined ? NOTHING : authenticationValue(key, nonce, confirmation, [origin, packet], hmac);
  return concatenate(emitAuthentication({ clientId, value, nonce, confirmation }), origin, packet);
}

/** Judges the authentication of an advertisement that answers one of the solicitations sent with `nonces`. */
export function verifyAdvertisement(
  credentials: Credentials | undefined,
  nonces: readonly Uint8Array[],
  bytes: Uint8Array,
  datagram: TeredoDatagram,
  hmac: Hmac,
): AdvertisementVerdict {
  const { authentication } = datagram;
  if (authentication === undefined) return 'absent';
  if (!isOneOf(authentication.nonce, nonces)) return 'wrong-nonce';
  if (credentials !== undefined) {
    if (!sameBytes(authentication.clientId, credentials.clientId)) return 'wrong-client';
    if (!hasValidValue(credentials, bytes, datagram, hmac)) return 'wrong-value';
  }
  return authentication.confirmation === CONFIRMATION_VALID ? 'valid' : 'key-expired';
}

/** Whether the datagram's authentication value is the one that `key` gives. */
export function hasValidValue(key: Key, bytes: Uint8Array, datagram: TeredoDatagram, hmac: Hmac): boolean {
  const { authentication, originOffset, packetOffset, packetLength } = datagram;
  if (authentication === undefined) return false;
  const covered = bytes.subarray(originOffset, packetOffset + packetLength);
  const { nonce, confirmation, value } = authentication;
  return sameBytes(value, authenticationValue(key, nonce, confirmation, [covered], hmac));
}

function authenticationValue(
  key: Key,
  nonce: Uint8Array,
  confirmation: number,
  covered: readonly Uint8Array[],
  hmac: Hmac,
): Uint8Array {
  return hmac(key.algorithm, key.secret, [nonce, Uint8Array.of(confirmation), ...covered]);
}

/** Looks at every candidate whether or not an earlier one matched. */
function isOneOf(nonce: Uint8Array, nonces: readonly Uint8Array[]): boolean {
  let found = false;
  for (const candidate of nonces) if (sameBytes(nonce, candidate)) found = true;
  return found;
}

/** In constant time for equal lengths; the lengths are no secret, an observer sees them in the datagram. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
