/**
 * What may stand before the IPv6 packet in a Teredo datagram: authentication, then origin indication
 * (RFC 4380 §5.1.1). The two first bytes tell them apart: 0001, 0000, or the 6 of plain IPv6.
 */
import { type Endpoint, ipv4, port } from './ipv4.js';
import { ipv6PacketLength } from './ipv6.js';

export const AUTHENTICATION_INDICATOR = 0x0001;
export const ORIGIN_INDICATOR = 0x0000;
export const ORIGIN_LENGTH = 8;
export const NONCE_LENGTH = 8;
/** Without identifier and value: indicator, two lengths, nonce, confirmation byte. */
export const AUTHENTICATION_MIN_LENGTH = 13;

/** The authentication encapsulation; its arrays are views into the datagram. */
export interface Authentication {
  readonly clientId: Uint8Array;
  readonly value: Uint8Array;
  readonly nonce: Uint8Array;
  /** From a server: 0 means the client's key is still valid. */
  readonly confirmation: number;
}

/** One Teredo datagram, taken apart. Offsets count from the beginning of the bytes that were parsed. */
export interface TeredoDatagram {
  readonly authentication: Authentication | undefined;
  readonly origin: Endpoint | undefined;
  /** Where the origin indication begins (equal to `packetOffset` when there is none): the start of the HMAC's input. */
  readonly originOffset: number;
  readonly packetOffset: number;
  /** Length of the IPv6 packet; what follows in the datagram are trailers (RFC 6081 §4). */
  readonly packetLength: number;
}

/** Why a datagram is not a Teredo packet. */
export type MalformedReason = 'truncated' | 'unknown-encapsulation' | 'bad-ipv6';

/** Parses the `length` bytes at `offset`. Offsets in the result count from the start of `bytes`. */
export function parseDatagram(bytes: Uint8Array, offset: number, length: number): TeredoDatagram | MalformedReason {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = offset + length;
  let at = offset;
  let authentication: Authentication | undefined;
  if (end - at >= 2 && view.getUint16(at) === AUTHENTICATION_INDICATOR) {
    const size = authenticationLength(view, at, end);
    if (size === undefined) return 'truncated';
    authentication = readAuthentication(bytes, at);
    at += size;
  }
  const originOffset = at;
  let origin: Endpoint | undefined;
  if (end - at >= 2 && view.getUint16(at) === ORIGIN_INDICATOR) {
    if (end - at < ORIGIN_LENGTH) return 'truncated';
    origin = {
      port: port(view.getUint16(at + 2) ^ 0xffff),
      address: ipv4(~view.getUint32(at + 4)),
    };
    at += ORIGIN_LENGTH;
  }
  if (at >= end) return 'truncated';
  if (view.getUint8(at) >>> 4 !== 6) return 'unknown-encapsulation';
  const packetLength = ipv6PacketLength(view, at, end - at);
  if (packetLength < 0) return 'bad-ipv6';
  return {
    authentication,
    origin,
    originOffset,
    packetOffset: at,
    packetLength,
  };
}

function authenticationLength(view: DataView, at: number, end: number): number | undefined {
  if (end - at < AUTHENTICATION_MIN_LENGTH) return undefined;
  const length = AUTHENTICATION_MIN_LENGTH + view.getUint8(at + 2) + view.getUint8(at + 3);
  return length <= end - at ? length : undefined;
}

function readAuthentication(bytes: Uint8Array, at: number): Authentication {
  const idLength = bytes[at + 2] ?? 0;
  const valueLength = bytes[at + 3] ?? 0;
  const value = at + 4 + idLength;
  const nonce = value + valueLength;
  return {
    clientId: bytes.subarray(at + 4, value),
    value: bytes.subarray(value, nonce),
    nonce: bytes.subarray(nonce, nonce + NONCE_LENGTH),
    confirmation: bytes[nonce + NONCE_LENGTH] ?? 0,
  };
}

export function emitAuthentication(authentication: Authentication): Uint8Array {
  const { clientId, value, nonce, confirmation } = authentication;
  const bytes = new Uint8Array(AUTHENTICATION_MIN_LENGTH + clientId.length + value.length);
  bytes[1] = AUTHENTICATION_INDICATOR;
  bytes[2] = clientId.length;
  bytes[3] = value.length;
  bytes.set(clientId, 4);
  bytes.set(value, 4 + clientId.length);
  bytes.set(nonce, 4 + clientId.length + value.length);
  bytes[bytes.length - 1] = confirmation;
  return bytes;
}

/** Both values are obfuscated, because some NATs translate every address they find in a packet (RFC 4380 §5.1.1). */
export function emitOrigin(origin: Endpoint): Uint8Array {
  const bytes = new Uint8Array(ORIGIN_LENGTH);
  writeOrigin(bytes, 0, origin.address, origin.port);
  return bytes;
}

export function writeOrigin(target: Uint8Array, offset: number, address: number, udpPort: number): void {
  target[offset] = 0;
  target[offset + 1] = 0;
  target[offset + 2] = (udpPort >>> 8) ^ 255;
  target[offset + 3] = (udpPort & 255) ^ 255;
  target[offset + 4] = (address >>> 24) ^ 255;
  target[offset + 5] = ((address >>> 16) & 255) ^ 255;
  target[offset + 6] = ((address >>> 8) & 255) ^ 255;
  target[offset + 7] = (address & 255) ^ 255;
}

/** The parts of a datagram one behind the other. */
export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
