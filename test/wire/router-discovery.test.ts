import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatenate, parseDatagram } from '../../daemon/wire/encapsulation.js';
import { emitIcmpv6 } from '../../daemon/wire/icmpv6.js';
import { ALL_ROUTERS, ipv6PacketLength, readIpv6 } from '../../daemon/wire/ipv6.js';
import {
  type BadAdvertisement,
  emitRouterAdvertisement,
  emitRouterSolicitation,
  isRouterSolicitation,
  parseRouterAdvertisement,
  type RouterAdvertisement,
} from '../../daemon/wire/router-discovery.js';
import { serverLinkLocal, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import { QUALIFICATION_VECTORS } from '../fixtures/qualification-vectors.js';
import { ACTORS } from '../fixtures/vector.js';
import { address, fromHex, ipv6, toHex, vector } from '../fixtures/vectors.js';
import { anyIpv4, anyIpv6, embedded } from './addresses.js';

const CLIENT = ipv6('fe80::ffff:ffff:ffff');
const SERVER = address(ACTORS.serverOfA);
const ADVERTISEMENT = emitRouterAdvertisement({
  source: serverLinkLocal(SERVER),
  destination: CLIENT,
  prefix: TEREDO_PREFIX,
  server: SERVER,
  mtu: 1280,
});

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The IPv6 packet in a vector. */
function packetOf(id: string): Uint8Array {
  const { payload } = vector(id);
  const datagram = parseDatagram(payload, 0, payload.length);
  assert.ok(typeof datagram !== 'string');
  return payload.slice(datagram.packetOffset, datagram.packetOffset + datagram.packetLength);
}

/** The advertisement's ICMPv6 message after a change, with the checksum made right again. */
function rebuilt(
  change: (body: Uint8Array) => Uint8Array,
  source = serverLinkLocal(SERVER),
  hopLimit = 255,
): Uint8Array {
  const body = change(ADVERTISEMENT.slice(40));
  body.set([0, 0], 2);
  return emitIcmpv6(source, CLIENT, hopLimit, body);
}

const withBytes =
  (at: number, ...values: readonly number[]) =>
  (body: Uint8Array): Uint8Array => {
    body.set(values, at);
    return body;
  };

const PREFIX_AT = 16;
const MTU_AT = 48;
const prefixOption = ADVERTISEMENT.slice(40 + PREFIX_AT, 40 + MTU_AT);

test('WIRE-15 C-QUAL-7: solicitations as in the vectors', () => {
  for (const id of ['RS-1', 'RS-2', 'RS-3', 'RS-4', 'RS-5', 'RS-6', 'RS-7']) {
    const packet = packetOf(id);
    assert.equal(toHex(emitRouterSolicitation(readIpv6(packet, 8))), toHex(packet), id);
    assert.ok(isRouterSolicitation(viewOf(packet), 0), id);
  }
});

test('WIRE-15: what neighbour discovery does not call a valid solicitation', () => {
  const solicitation = (hopLimit: number, hex: string): Uint8Array =>
    emitIcmpv6(CLIENT, ALL_ROUTERS, hopLimit, fromHex(hex));
  const cases: readonly (readonly [string, Uint8Array, boolean])[] = [
    ['plain', solicitation(255, '8500000000000000'), true],
    ['with an option', solicitation(255, '85000000000000000101020304050607'), true],
    ['hop limit', solicitation(254, '8500000000000000'), false],
    ['code', solicitation(255, '8501000000000000'), false],
    ['type', solicitation(255, '8600000000000000'), false],
    ['short', solicitation(255, '85000000000000'), false],
    ['option of length 0', solicitation(255, '85000000000000000100020304050607'), false],
    ['option too long', solicitation(255, '85000000000000000102020304050607'), false],
    ['half an option', solicitation(255, '850000000000000001'), false],
  ];
  for (const [what, packet, expected] of cases) {
    assert.equal(isRouterSolicitation(viewOf(packet), 0), expected, what);
  }
  const wrongChecksum = solicitation(255, '8500000000000000');
  wrongChecksum[43] = (wrongChecksum[43] ?? 0) ^ 1;
  assert.ok(!isRouterSolicitation(viewOf(wrongChecksum), 0));
});

test('S-17 S-18 WIRE-8: advertisements as in the vectors', () => {
  for (const { id } of QUALIFICATION_VECTORS.filter((candidate) => candidate.id.startsWith('RA'))) {
    const packet = packetOf(id);
    const expected: RouterAdvertisement = {
      source: serverLinkLocal(SERVER),
      destination: readIpv6(packet, 24),
      prefix: TEREDO_PREFIX,
      server: SERVER,
      mtu: 1280,
    };
    assert.deepEqual(parseRouterAdvertisement(packet, 0), expected, id);
    assert.equal(toHex(emitRouterAdvertisement({ ...expected, mtu: 1280 })), toHex(packet), id);
  }
});

const BAD: readonly (readonly [BadAdvertisement, string, Uint8Array])[] = [
  ['not-an-advertisement', 'type 133', rebuilt(withBytes(0, 133))],
  ['not-an-advertisement', 'a bubble', vector('BUB-1').payload],
  ['hop-limit', '254', rebuilt((body) => body, serverLinkLocal(SERVER), 254)],
  ['source-not-link-local', 'a global source', rebuilt((body) => body, ipv6('2001:db8::1'))],
  ['length', '15 bytes', rebuilt((body) => body.slice(0, 15))],
  ['code', '1', rebuilt(withBytes(1, 1))],
  ['bad-option', 'length 0', rebuilt(withBytes(MTU_AT + 1, 0))],
  ['bad-option', 'longer than there is', rebuilt(withBytes(MTU_AT + 1, 2))],
  ['bad-option', 'one stray byte', rebuilt((body) => concatenate(body, Uint8Array.of(1)))],
  ['bad-option', 'prefix option of 24 bytes', rebuilt((body) => withBytes(PREFIX_AT + 1, 3)(body).slice(0, 40))],
  [
    'bad-option',
    'MTU option of 16 bytes',
    rebuilt((body) => concatenate(withBytes(MTU_AT + 1, 2)(body), new Uint8Array(8))),
  ],
  ['prefix-count', 'two', rebuilt((body) => concatenate(body, prefixOption))],
  ['prefix-count', 'none', rebuilt((body) => concatenate(body.slice(0, PREFIX_AT), body.slice(MTU_AT)))],
  ['prefix-length', '63', rebuilt(withBytes(PREFIX_AT + 2, 63))],
];

test('C-QUAL-11 C-QUAL-13 C-QUAL-15 WIRE-15: each fault of an advertisement has its name', () => {
  for (const [reason, what, packet] of BAD) {
    assert.ok(ipv6PacketLength(viewOf(packet), 0, packet.length) > 0, what);
    assert.equal(parseRouterAdvertisement(packet, 0), reason, what);
  }
  const wrongChecksum = Uint8Array.from(ADVERTISEMENT);
  wrongChecksum[42] = (wrongChecksum[42] ?? 0) ^ 1;
  assert.equal(parseRouterAdvertisement(wrongChecksum, 0), 'checksum');
});

test('C-QUAL-23: the MTU is what the option says, or nothing without one; other options are skipped', () => {
  const withoutMtu = parseRouterAdvertisement(
    rebuilt((body) => body.slice(0, MTU_AT)),
    0,
  );
  assert.ok(typeof withoutMtu !== 'string');
  assert.equal(withoutMtu.mtu, undefined);
  const unknown = fromHex('fe01000000000000');
  const small = parseRouterAdvertisement(
    rebuilt((body) => concatenate(withBytes(MTU_AT + 6, 0x02, 0x40)(body), unknown)),
    0,
  );
  assert.ok(typeof small !== 'string');
  assert.equal(small.mtu, 576);
});

test('S-17 C-QUAL-14: any advertisement survives being written and read', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(anyIpv6, anyIpv4, word, word, fc.nat(9), (destination, server, prefix, mtu, offset) => {
      const parts = { source: serverLinkLocal(server), destination, prefix, server, mtu };
      const framed = embedded(concatenate(new Uint8Array(offset), emitRouterAdvertisement(parts)), 3, 4);
      assert.deepEqual(parseRouterAdvertisement(framed, offset), parts);
    }),
  );
});

test('WIRE-15: an advertisement or solicitation whose payload length is cut anywhere is not valid', () => {
  const solicitation = emitRouterSolicitation(CLIENT);
  for (let length = 0; length < 56; length++) {
    const cut = ADVERTISEMENT.slice(0, 40 + length);
    viewOf(cut).setUint16(4, length);
    assert.equal(typeof parseRouterAdvertisement(cut, 0), 'string', `advertisement cut to ${length}`);
    if (length >= 8) continue;
    const short = solicitation.slice(0, 40 + length);
    viewOf(short).setUint16(4, length);
    assert.ok(!isRouterSolicitation(viewOf(short), 0), `solicitation cut to ${length}`);
  }
});

/** Options of any kind behind either message, with the checksum right: only the options can be the matter. */
const anyOptions = fc
  .array(fc.tuple(fc.constantFrom(1, 3, 5, 24, 200), fc.nat(5), fc.uint8Array({ minLength: 6, maxLength: 40 })), {
    maxLength: 4,
  })
  .map((options) =>
    concatenate(...options.map(([type, length, rest]) => concatenate(Uint8Array.of(type, length), rest))),
  );

test('WIRE-15: any options are read without throwing', () => {
  fc.assert(
    fc.property(anyOptions, fc.boolean(), (options, keep) => {
      const advertisement = rebuilt((body) => concatenate(body.slice(0, keep ? 56 : PREFIX_AT), options));
      const result = parseRouterAdvertisement(advertisement, 0);
      if (typeof result !== 'string') assert.ok(result.mtu === undefined || result.mtu >= 0);
      isRouterSolicitation(
        viewOf(emitIcmpv6(CLIENT, ALL_ROUTERS, 255, concatenate(fromHex('8500000000000000'), options))),
        0,
      );
    }),
    { numRuns: 2000 },
  );
});

test('WIRE-15: any bytes in a valid IPv6 packet are judged without throwing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 40, maxLength: 120 }), fc.boolean(), (bytes, advertisement) => {
      bytes.set([0x60, 0, 0, 0, 0, bytes.length - 40, 58, 255]);
      if (bytes.length > 40) bytes[40] = advertisement ? 134 : 133;
      assert.doesNotThrow(() => parseRouterAdvertisement(bytes, 0));
      assert.doesNotThrow(() => isRouterSolicitation(viewOf(bytes), 0));
    }),
    { numRuns: 2000 },
  );
});
