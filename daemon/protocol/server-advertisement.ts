/**
 * A server's router advertisement, built once and patched for each client: destination, checksum, origin indication
 * and nonce. That is the whole difference between two answers, and servers give tens of thousands a second.
 */
import {
  AUTHENTICATION_MIN_LENGTH,
  concatenate,
  emitAuthentication,
  NONCE_LENGTH,
  ORIGIN_LENGTH,
  writeOrigin,
} from '../wire/encapsulation.js';
import { IPV6_DESTINATION, IPV6_HEADER_LENGTH, IPV6_SOURCE, type Ipv6Address } from '../wire/ipv6.js';
import { emitRouterAdvertisement } from '../wire/router-discovery.js';
import { serverLinkLocal } from '../wire/teredo-address.js';
import type { ServerConfiguration } from './configuration.js';
import type { Arrival } from './server-arrival.js';

const NOTHING = new Uint8Array(0);
const UNSPECIFIED = new Uint8Array(16) as Ipv6Address;
/** Indicator and two lengths stand before a nonce that is alone. */
const NONCE_AT = 4;
const ORIGIN_AT = AUTHENTICATION_MIN_LENGTH;
const PACKET_AT = ORIGIN_AT + ORIGIN_LENGTH;
const CHECKSUM_AT = PACKET_AT + IPV6_HEADER_LENGTH + 2;

export class AdvertisementTemplate {
  /** Authentication with the nonce only, origin indication, packet. Overwritten by the next {@link fill}. */
  readonly withNonce: Uint8Array;
  /** The same bytes without the authentication. */
  readonly plain: Uint8Array;
  readonly origin: Uint8Array;
  readonly packet: Uint8Array;
  readonly #view: DataView;
  /** One's complement sum of pseudo header and message without the destination. */
  readonly #sum: number;

  constructor(configuration: ServerConfiguration) {
    const { prefix, primary, mtu } = configuration;
    // The prefix and the source hold the primary address whichever address was asked: a client has one server.
    const packet = emitRouterAdvertisement({
      source: serverLinkLocal(primary),
      destination: UNSPECIFIED,
      prefix,
      server: primary,
      mtu,
    });
    const nonce = new Uint8Array(NONCE_LENGTH);
    const authentication = emitAuthentication({ clientId: NOTHING, value: NOTHING, nonce, confirmation: 0 });
    this.withNonce = concatenate(authentication, new Uint8Array(ORIGIN_LENGTH), packet);
    this.plain = this.withNonce.subarray(ORIGIN_AT);
    this.origin = this.withNonce.subarray(ORIGIN_AT, PACKET_AT);
    this.packet = this.withNonce.subarray(PACKET_AT);
    this.#view = new DataView(this.withNonce.buffer);
    this.#sum = ~this.#view.getUint16(CHECKSUM_AT) & 0xffff;
  }

  /** Makes it the answer to the solicitation in `arrival`; the nonce is that of the solicitation, if it has one. */
  fill(arrival: Arrival): void {
    const { bytes, view } = arrival.memory;
    writeOrigin(this.withNonce, ORIGIN_AT, arrival.address, arrival.port);
    if (arrival.nonce >= 0) {
      for (let i = 0; i < NONCE_LENGTH; i++) this.withNonce[NONCE_AT + i] = bytes[arrival.nonce + i] ?? 0;
    }
    let sum = this.#sum;
    for (let i = 0; i < 16; i += 2) {
      const word = view.getUint16(arrival.packet + IPV6_SOURCE + i);
      this.#view.setUint16(PACKET_AT + IPV6_DESTINATION + i, word);
      sum += word;
    }
    sum = (sum & 0xffff) + (sum >>> 16);
    sum = (sum & 0xffff) + (sum >>> 16);
    this.#view.setUint16(CHECKSUM_AT, ~sum & 0xffff);
  }
}
