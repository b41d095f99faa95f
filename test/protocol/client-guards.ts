/** Guards of client, relay and qualification, and the test that each of them is there for: see guards-table.ts. */

export type Row = readonly [test: string, guard: string, without: string];

/** Of daemon/protocol/qualification.js, against qualification.test.js. */
export const QUALIFICATION_ROWS: readonly Row[] = [
  ['C-QUAL-11: an advertisement from another address', 'server !== this.#asked()', 'false'],
  ['C-QUAL-11: an advertisement nobody asked for', 'server !== this.#asked()', 'false'],
  ['C-SEC-4: another nonce', "verdict !== 'valid'", 'false'],
  ['C-SEC-1: no authentication', "verdict !== 'valid'", 'false'],
  ['C-QUAL-20 C-QUAL-6: another mapping', '!sameEndpoint(first.mapped, second.mapped)', 'false'],
  ['ADDR-6 F-3: a server address that is not global', 'isPermittedDestination(address, this.#scope)', 'true'],
];

/** Of daemon/protocol/server-answer.js, against server-probe.test.js, and with more rows qualification.test.js. */
export const SERVER_ANSWER_ROWS: readonly Row[] = [
  ['C-QUAL-16: mapped port 0', '|| mapped.port === 0', ''],
  ['ADDR-6: a private mapped', '!isPermittedDestination(mapped.address, expected.scope)', 'false'],
  ['F-2: a mapped address of 240/4', '!isPermittedDestination(mapped.address, expected.scope)', 'false'],
  [
    'F-1: a directed broadcast as mapped',
    'isPermittedDestination(mapped.address, expected.scope)',
    'isPermittedDestination(mapped.address, { directedBroadcasts: [] })',
  ],
  ['C-QUAL-12: another IPv6 destination', '!sameIpv6(advertisement.destination, expected.source)', 'false'],
  ['C-QUAL-14: another prefix', 'advertisement.prefix !== expected.prefix ||', ''],
  ['C-QUAL-14 C-QUAL-22: the prefix of another', '|| advertisement.server !== expected.server', ''],
];
export const MTU_ROWS: readonly Row[] = [
  ['C-QUAL-23: the advertised MTU', '&& mtu <= MAXIMUM_MTU', ''],
  ['C-QUAL-23: the advertised MTU', 'mtu >= DEFAULT_MTU &&', ''],
];

/** Of daemon/protocol/server-probe.js, against server-probe.test.js. */
export const PROBE_ROWS: readonly Row[] = [
  ['C-SEC-4: another nonce', 'sent.some((sent) => sameBytes(sent.nonce, nonce))', 'sent.length > 0'],
  ['C-QUAL-11: another port', 'port !== TEREDO_PORT', 'false'],
  ['C-QUAL-11: another address', '!this.#mayAnswer(question, from)', 'false'],
  ['C-QUAL-11: the secondary address for the primary', "question.kind === 'cone' && from", 'from'],
  ['the other socket', '|| socketOf(question) !== socket', ''],
  ['a second answer', 'candidate.isOpen &&', ''],
  [
    'ADDR-6 F-3: an address that is not global is never written to: a private',
    'isPermittedDestination(question.to, this.#configuration.scope)',
    'true',
  ],
  ['what is sent to from the same socket', 'cone && isStranger', 'cone'],
];

/** Of daemon/wire/router-discovery.js, against qualification.test.js. */
export const ADVERTISEMENT_ROWS: readonly Row[] = [
  [
    'WIRE-15: hop limit 254',
    "!== NEIGHBOUR_DISCOVERY_HOP_LIMIT)\n        return 'hop-limit'",
    "=== 0)\n        return 'hop-limit'",
  ],
  ['C-QUAL-15: a global IPv6 source', '!isLinkLocal(view.getUint32(offset + IPV6_SOURCE))', 'false'],
  ['WIRE-15: code 1', "view.getUint8(start + 1) !== 0)\n        return 'code'", "false)\n        return 'code'"],
  [
    'WIRE-15: a wrong checksum',
    "!hasValidIcmpv6Checksum(view, offset))\n        return 'checksum'",
    "false)\n        return 'checksum'",
  ],
  ['C-QUAL-13: two prefix options', 'prefixes !== 1', 'prefixes < 1'],
  ['C-QUAL-13: a prefix that is not 64', 'view.getUint8(prefixAt + 2) !== 64', 'false'],
  ['WIRE-15: an option that runs over', 'size > end - next', 'false'],
];

/** Of daemon/protocol/client.js, against client-receiving.test.js. */
export const RECEIVING_ROWS: readonly Row[] = [
  ['C-RECV-12 C-RECV-15:', 'mappedAddressAt(view, source) !== address || mappedPortAt(view, source) !== port', 'false'],
  ['C-RECV-12 C-RECV-15:', 'mappedAddressAt(view, source) !== address ||', ''],
  ['C-RECV-12 C-RECV-15:', '|| mappedPortAt(view, source) !== port', ''],
  [
    'C-RECV-2:',
    "if (!this.#isOwn(view, packet + IPV6_DESTINATION))\n            return this.#drop('not-for-us');\n        if (this.#isTestOfInternet",
    'if (this.#isTestOfInternet',
  ],
  ['F-6 C-RECV-11:', '!isGlobalScope(memory.view.getUint32(source))', 'false'],
  [
    'F-6 C-RECV-11:',
    "this.#isOwn(view, source))\n            return this.#drop('bad-source')",
    "false)\n            return this.#drop('bad-source')",
  ],
  ['F-3: an indirect bubble with an origin', 'origin.port === 0 ||', ''],
  ['F-3: an indirect bubble with an origin', '|| !isPermittedDestination(origin.address, this.#scope)', ''],
  ['F-3: an indirect bubble with an origin', '|| !this.#requests.isReachable(view, source)', ''],
  ['F-3: strangers cannot', '!this.#strangers.take(now))\n            return;', 'false)\n            return;'],
  [
    'C-RECV-3: an indirect bubble counts only',
    'port === TEREDO_PORT && (sender === primary || sender === secondary)',
    'port === TEREDO_PORT',
  ],
  [
    'C-RECV-11 D-9: what came from another place',
    'flags & PEER_TRUSTED && this.peers.hasMapping(peer, address, port)',
    'flags & PEER_TRUSTED',
  ],
  [
    'F-3: a peer whose mapping is a private',
    "|| !isPermittedDestination(address, this.#scope))\n            return this.#drop('not-global-ipv4');\n        const peer = known",
    ")\n            return this.#drop('not-global-ipv4');\n        const peer = known",
  ],
  [
    'F-3: a peer whose mapped port is 0',
    "port === 0 || !isPermittedDestination(address, this.#scope))\n            return this.#drop('not-global-ipv4');\n        const peer = known",
    "!isPermittedDestination(address, this.#scope))\n            return this.#drop('not-global-ipv4');\n        const peer = known",
  ],
  [
    'WIRE-7: data that comes through',
    "return this.#drop('via-server')",
    'return this.#deliver(view, packet, datagram.packetLength)',
  ],
];

/** Of daemon/protocol/client.js, against client-sending.test.js. */
export const SENDING_ROWS: readonly Row[] = [
  ['D-5 D-9:', '!sameBytes(echoData(memory.bytes, memory.view, packet), nonce)', 'false'],
  ['D-5 D-9:', 'return hasValidIcmpv6Checksum(memory.view, packet)', 'return true'],
  ['D-5 D-9:', '|| icmpv6TypeAt(memory.view, packet) !== ICMPV6_ECHO_REPLY', ''],
  [
    'D-9 F-1:',
    '#provenByTest(now, peer, address, port) {\n        if (port === 0 || !isPermittedDestination(address, this.#scope))',
    '#provenByTest(now, peer, address, port) {\n        if (false)',
  ],
  [
    'C-SEND-12 F-1',
    'isTeredoAt(view, destination, this.#prefix) && !this.#requests.isReachable(view, destination)',
    'false',
  ],
  ['C-SEND-17:', '!isGlobalScope(view.getUint32(destination)) ||', ''],
  ['C-SEND-17:', '|| this.#isOwn(view, destination)', ''],
  [
    'F-6 B-4:',
    "!this.#isOwn(view, offset + IPV6_SOURCE))\n            return this.#drop('bad-source')",
    "false)\n            return this.#drop('bad-source')",
  ],
  ['C-SEND-2 C-PEER-6:', 'silence < PEER_VALIDITY', 'true'],
];

/** Of daemon/protocol/client.js, against internet-test.test.js. */
export const REACHING_ROWS: readonly Row[] = [
  ['D-8: one answer says yes', 'if (this.#isTestOfInternet(now, memory, packet))', 'if (false)'],
  [
    'D-5: the request itself',
    'icmpv6TypeAt(memory.view, packet) === ICMPV6_ECHO_REPLY && this.#internet',
    'this.#internet',
  ],
  ['a host that a user reaches', 'if (isChosen)', 'if (true)'],
];

/** Of daemon/protocol/internet-test.js, against internet-test.test.js. */
export const INTERNET_ROWS: readonly Row[] = [
  ['D-9: a wrong nonce', '|| !sameBytes(echoData(bytes, view, packet), round.nonce)', ''],
  ['D-9: another identifier', 'round.id !== id ||', ''],
  ['D-9: a repeat', '|| round.isAnswered', ''],
  ['D-5: another source', 'witness === undefined ||', ''],
  ['D-5: a wrong checksum', '|| !hasValidIcmpv6Checksum(view, packet)', ''],
  ['a late answer', '...this.#rounds.slice(0, ROUNDS_KEPT - 1)', ''],
  ['a new MTU', 'this.#own !== undefined && sameIpv6(this.#own, own)', 'false'],
  ['asked for a thousand', 'this.#isWaiting && this.#silentRounds === 0', 'false'],
];

/** Of daemon/protocol/client-requests.js, against client-sending.test.js. */
export const REQUEST_ROWS: readonly Row[] = [
  ['C-SEND-12 F-1', 'hasUsableMapping(view, offset) &&', ''],
  ['C-SEND-12 F-1', 'isPermittedDestination(mappedAddressAt(view, offset), this.#scope) &&', ''],
  ['C-SEND-12 F-1', 'isPermittedDestination(serverAt(view, offset), this.#scope)', 'true'],
  ['C-SEND-10 B-5 B-6:', '!maySolicit(this.#peers, now, peer)', 'false'],
];

/** Of daemon/protocol/client-requests.js, against client-receiving.test.js. */
export const ANSWER_ROWS: readonly Row[] = [['B-5 B-6: answers too', '|| !mayAnswer(this.#peers, now, peer)', '']];

/** Of daemon/protocol/relay.js, against relay.test.js. */
export const RELAY_ROWS: readonly Row[] = [
  ['R-1 R-19:', '!isTeredoAt(view, destination, this.#configuration.prefix)', 'false'],
  ['R-2 F-1', '!hasUsableMapping(view, destination)', 'false'],
  ['R-2 F-1', '!isPermittedDestination(mappedAddressAt(view, destination), this.#scope)', 'false'],
  ['R-2 F-1', 'isPermittedDestination(serverAt(view, destination), this.#scope)', 'true'],
  ['R-13:', 'packetLength < 0', 'false'],
  ['R-14: a Teredo source', 'mappedAddressAt(view, source) !== sender || mappedPortAt(view, source) !== port', 'false'],
  ['R-14: a Teredo source', 'mappedAddressAt(view, source) !== sender ||', ''],
  ['R-14: a Teredo source', '|| mappedPortAt(view, source) !== port', ''],
  ['R-14: a source outside', '!isTeredoAt(view, source, this.#configuration.prefix)', 'false'],
  ['R-16 R-20', '!this.#isServed(view, offset + IPV6_DESTINATION)', 'false'],
  ['R-16 R-20', '&& first !== this.#configuration.prefix', ''],
  ['R-16 R-20', 'isGlobalScope(first) &&', ''],
  ['R-6: a bubble to another', '!isAnswer && !this.#isServed(memory.view, destination)', 'false'],
];
