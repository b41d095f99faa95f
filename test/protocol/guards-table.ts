/**
 * Guards of the protocol, and the test that each of them is there for.
 *
 * guards.test.ts takes the guard out of the compiled program and runs the test, which must then fail: a test that
 * does not need its guard proves nothing. Texts are those of the compiled JavaScript and must occur there once.
 */

import {
  ADVERTISEMENT_ROWS,
  ANSWER_ROWS,
  INTERNET_ROWS,
  MTU_ROWS,
  PROBE_ROWS,
  QUALIFICATION_ROWS,
  REACHING_ROWS,
  RECEIVING_ROWS,
  RELAY_ROWS,
  REQUEST_ROWS,
  SENDING_ROWS,
  SERVER_ANSWER_ROWS,
} from './client-guards.js';

export interface Guard {
  /** Compiled program file, from the root of the build. */
  readonly file: string;
  /** Compiled test file, from the root of the build. */
  readonly testFile: string;
  /** Beginning of the name of the one test that must fail without the guard. */
  readonly test: string;
  readonly guard: string;
  /** What stands in the guard's place. */
  readonly without: string;
}

/** Guards of one program file against one test file: test name, guard, and what stands in its place. */
const guards = (
  file: string,
  testFile: string,
  ...rows: readonly (readonly [test: string, guard: string, without: string])[]
): readonly Guard[] => rows.map(([test, guard, without]) => ({ file, testFile, test, guard, without }));

const SERVER = guards(
  'daemon/protocol/server.js',
  'test/protocol/server.test.js',
  ['S-26: what comes from', 'this.#isOwnService(arrival.address, port)', 'false'],
  [
    'S-4: a datagram from port 0',
    "if (port === 0)\n            return this.#drop('not-global-ipv4');\n        if (!isPermittedDestination(arrival.address",
    'if (!isPermittedDestination(arrival.address',
  ],
  ['S-4 F-1 F-3:', '!isPermittedDestination(arrival.address, this.#configuration.scope)', 'false'],
  [
    'S-4 F-1: the directed',
    'isPermittedDestination(arrival.address, this.#configuration.scope)',
    'isPermittedDestination(arrival.address, { directedBroadcasts: [] })',
  ],
  ['S-21 F-3:', '!isPermittedDestination(arrival.address, this.#configuration.scope)', 'false'],
  ['S-2:', '!arrival.locate()', '(arrival.locate(), false)'],
  ['S-3: neither', '!bubble && icmpv6TypeAt(view, packet) < 0', 'false'],
  ['S-3 F-6:', 'type >= ICMPV6_ROUTER_SOLICITATION && type <= NEIGHBOUR_DISCOVERY_LAST', 'false'],
  ['S-5: a link-local source', 'icmpv6TypeAt(view, arrival.packet) !== ICMPV6_ROUTER_SOLICITATION', 'false'],
  ['S-5 S-8:', '!ipv6EqualsAt(bytes, arrival.packet + IPV6_DESTINATION, ALL_ROUTERS)', 'false'],
  ['S-5 WIRE-15:', '!isRouterSolicitation(view, arrival.packet)', 'false'],
  ['S-5 S-9:', 'type !== ICMPV6_ECHO_REQUEST', 'false'],
  ['S-6: a Teredo source', '!this.#isFromItsMapping(arrival)', 'true'],
  ['S-6 S-8:', '!this.#isFromItsMapping(arrival)', 'false'],
  ['S-6 S-8:', 'mappedAddressAt(view, source) === arrival.address &&', ''],
  ['S-6 S-8:', '&& mappedPortAt(view, source) === arrival.port', ''],
  ['S-7: a native', '!this.#isServed(view, packet + IPV6_DESTINATION)', 'true'],
  ['S-7 S-8:', '!this.#isServed(view, packet + IPV6_DESTINATION)', 'false'],
  ['S-7 S-8:', 'isTeredoAt(view, offset, this.#configuration.prefix) &&', ''],
  ['S-7 S-8:', 'serverAt(view, offset) === this.#configuration.primary', 'true'],
  ['S-8 F-6:', '!isGlobalScope(source)', 'false'],
  ['S-9: an echo request to the own', 'ipv6EqualsAt(bytes, destination, this.#linkLocal)', 'false'],
  ['S-9: an echo request to all', 'ipv6EqualsAt(bytes, destination, ALL_ROUTERS)', 'false'],
  ['S-9: an echo request with a wrong', '!hasValidIcmpv6Checksum(view, packet)', 'false'],
  ['S-9: an echo request with a wrong', 'view.getUint16(packet + IPV6_PAYLOAD_LENGTH) < ECHO_HEADER_LENGTH', 'false'],
  ['S-9: anything else', 'type !== ICMPV6_ECHO_REQUEST', 'false'],
  ['S-10:', '!isGlobalScope(view.getUint32(destination))', 'false'],
  ['S-11: an echo request', '= hopLimit - 1', '= hopLimit'],
  ['S-11: a packet whose hops', 'hopLimit <= 1', 'false'],
  ['S-12 F-1 F-3', '!isPermittedDestination(address, this.#configuration.scope)', 'false'],
  [
    'S-12: a destination of port 0',
    "if (port === 0)\n            return this.#drop('not-global-ipv4');\n        if (!isPermittedDestination(address",
    'if (!isPermittedDestination(address',
  ],
  [
    'S-12 F-1: the directed',
    'isPermittedDestination(address, this.#configuration.scope)',
    'isPermittedDestination(address, { directedBroadcasts: [] })',
  ],
  ['S-13: forwarding', 'PRIMARY_SOCKET, datagram', 'arrival.socket, datagram'],
  ['S-13: a large echo', 'reserved + arrival.end - arrival.packet > MAXIMUM_MTU', 'false'],
  ['S-14 ADDR-9:', 'this.#isServed(view, destination) ?', 'false ?'],
  ['S-14: a client of another', 'this.#isServed(view, destination) ?', 'true ?'],
  [
    'S-14: an origin indication',
    'compose(reserved, bytes, arrival.packet,',
    'compose(reserved, bytes, arrival.offset,',
  ],
  ['S-15: trailers are kept', 'arrival.packet, arrival.end)', 'arrival.packet, arrival.packet + arrival.packetLength)'],
  ['S-15 WIRE-13:', 'this.forward.length = arrival.packetLength', 'this.forward.length = arrival.end - arrival.packet'],
  ['S-20 S-25 U-5:', '(flags & FLAG_CONE) === 0', 'true'],
  ['S-20 U-8:', '(flags & FLAG_CONE) === 0', 'flags === 0'],
  ['S-23 C-SEC-3', 'arrival.nonce < 0', 'true'],
  ['S-26: nothing is sent', 'this.#isOwnService(address, port)', 'false'],
);

const ADVERTISEMENT = guards(
  'daemon/protocol/server-advertisement.js',
  'test/protocol/server.test.js',
  ['S-1 S-16 S-17', 'writeOrigin(this.withNonce', '0 && writeOrigin(this.withNonce'],
  ['S-20 S-25 U-5:', 'sum += word', 'sum += 0'],
  ['S-23 C-SEC-3', 'bytes[arrival.nonce + i]', '0'],
);

const SERVER_AUTHENTICATION = guards(
  'daemon/protocol/server.js',
  'test/protocol/server-authentication.test.js',
  ['S-5 C-SEC-1:', 'if (authentication?.required)', 'if (false)'],
  ['S-5: an unknown client', 'key === undefined && authentication?.required', 'false'],
  ['S-5 C-SEC-9:', '!hasValidValue(key, bytes, datagram, hmac)', 'false'],
  ['S-5 C-SEC-8:', '!hasValidValue(key, bytes, datagram, hmac)', 'false'],
  ['S-22 C-SEC-6: a client whose', 'key?.valid', 'true'],
  ['S-22 C-SEC-6: where it is not', 'key?.valid', 'true'],
  ['S-20 S-22 U-5:', '(flags & FLAG_CONE) === 0', 'true'],
);

const SECURE_QUALIFICATION = guards(
  'daemon/protocol/secure-qualification.js',
  'test/protocol/secure-qualification.test.js',
  [
    'C-SEC-1: an adv',
    "if (authentication === undefined)\n        return 'absent'",
    "if (authentication === undefined)\n        return 'valid'",
  ],
  ['C-SEC-4:', '!isOneOf(authentication.nonce, nonces)', 'false'],
  ['C-SEC-1 C-SEC-9:', '!sameBytes(authentication.clientId, credentials.clientId)', 'false'],
  ['C-SEC-7 C-SEC-9:', '!hasValidValue(credentials, bytes, datagram, hmac)', 'false'],
  ['C-SEC-9: an empty', '!hasValidValue(credentials, bytes, datagram, hmac)', 'false'],
  ['C-SEC-7 C-SEC-9:', 'bytes.subarray(originOffset,', 'bytes.subarray(packetOffset,'],
  ['C-SEC-8: trailers', 'packetOffset + packetLength', 'bytes.length'],
  ['C-SEC-6: a true value', 'authentication.confirmation === CONFIRMATION_VALID', 'true'],
);

export const GUARDS: readonly Guard[] = [
  ...SERVER,
  ...ADVERTISEMENT,
  ...SERVER_AUTHENTICATION,
  ...SECURE_QUALIFICATION,
  ...guards('daemon/protocol/qualification.js', 'test/protocol/qualification.test.js', ...QUALIFICATION_ROWS),
  ...guards('daemon/protocol/server-answer.js', 'test/protocol/qualification.test.js', ...SERVER_ANSWER_ROWS),
  ...guards('daemon/protocol/server-answer.js', 'test/protocol/qualification.test.js', ...MTU_ROWS),
  ...guards('daemon/protocol/server-answer.js', 'test/protocol/server-probe.test.js', ...SERVER_ANSWER_ROWS),
  ...guards('daemon/protocol/server-probe.js', 'test/protocol/server-probe.test.js', ...PROBE_ROWS),
  ...guards('daemon/wire/router-discovery.js', 'test/protocol/qualification.test.js', ...ADVERTISEMENT_ROWS),
  ...guards('daemon/protocol/client.js', 'test/protocol/client-receiving.test.js', ...RECEIVING_ROWS),
  ...guards('daemon/protocol/client.js', 'test/protocol/client-sending.test.js', ...SENDING_ROWS),
  ...guards('daemon/protocol/client-requests.js', 'test/protocol/client-sending.test.js', ...REQUEST_ROWS),
  ...guards('daemon/protocol/client-requests.js', 'test/protocol/client-receiving.test.js', ...ANSWER_ROWS),
  ...guards('daemon/protocol/client.js', 'test/protocol/internet-test.test.js', ...REACHING_ROWS),
  ...guards('daemon/protocol/internet-test.js', 'test/protocol/internet-test.test.js', ...INTERNET_ROWS),
  ...guards('daemon/protocol/relay.js', 'test/protocol/relay.test.js', ...RELAY_ROWS),
];
