import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Authentication,
  concatenate,
  emitAuthentication,
  emitOrigin,
  type MalformedReason,
  parseDatagram,
  type TeredoDatagram,
  writeOrigin,
} from '../../daemon/wire/encapsulation.js';
import { emitRouterSolicitation } from '../../daemon/wire/router-discovery.js';
import { endpoint, fromHex, ipv6, PACKET_VECTORS, toHex, vector } from '../fixtures/vectors.js';
import { anyIpv4, anyPort, embedded } from './addresses.js';

const NOTHING = new Uint8Array(0);
const PACKET = emitRouterSolicitation(ipv6('fe80::ffff:ffff:ffff'));
const NONCE = fromHex('0102030405060708');

const parse = (bytes: Uint8Array): TeredoDatagram | MalformedReason => parseDatagram(bytes, 0, bytes.length);

/** One table for both directions: what stands in the datagram, and its bytes before the packet. */
const SHIMS: readonly {
  readonly name: string;
  readonly authentication?: Authentication;
  readonly origin?: string;
  readonly bytes: string;
}[] = [
  { name: 'WIRE-1: none', bytes: '' },
  { name: 'WIRE-2: the example of RFC 4380 §5.1.1', origin: '1.2.3.4:337', bytes: '0000feaefefdfcfb' },
  { name: 'WIRE-2: all zeros are all ones', origin: '0.0.0.0:0', bytes: '0000ffffffffffff' },
  { name: 'WIRE-2: all ones are all zeros', origin: '255.255.255.255:65535', bytes: '0000000000000000' },
  {
    name: 'WIRE-4: a nonce alone',
    authentication: { clientId: NOTHING, value: NOTHING, nonce: NONCE, confirmation: 0 },
    bytes: '00010000010203040506070800',
  },
  {
    name: 'WIRE-3: identifier, value, nonce, confirmation',
    authentication: { clientId: fromHex('aabbcc'), value: fromHex('dd'), nonce: NONCE, confirmation: 7 },
    bytes: '00010301aabbccdd010203040506070807',
  },
  {
    name: 'WIRE-3: lengths of 255',
    authentication: {
      clientId: new Uint8Array(255).fill(1),
      value: new Uint8Array(255).fill(2),
      nonce: NONCE,
      confirmation: 255,
    },
    bytes: `0001ffff${'01'.repeat(255)}${'02'.repeat(255)}0102030405060708ff`,
  },
  {
    name: 'WIRE-5: authentication before origin',
    authentication: { clientId: NOTHING, value: NOTHING, nonce: NONCE, confirmation: 0 },
    origin: '192.0.2.1:4096',
    bytes: '000100000102030405060708000000efff3ffffdfe',
  },
];

test('WIRE-1 WIRE-2 WIRE-3 WIRE-4 WIRE-5: the table of shims, written and read', () => {
  for (const { name, authentication, origin, bytes } of SHIMS) {
    const written = concatenate(
      authentication === undefined ? NOTHING : emitAuthentication(authentication),
      origin === undefined ? NOTHING : emitOrigin(endpoint(origin)),
    );
    assert.equal(toHex(written), bytes, name);
    const datagram = parse(concatenate(written, PACKET));
    assert.deepEqual(
      datagram,
      {
        authentication,
        origin: origin === undefined ? undefined : endpoint(origin),
        originOffset: written.length - (origin === undefined ? 0 : 8),
        packetOffset: written.length,
        packetLength: PACKET.length,
      },
      name,
    );
  }
});

test('WIRE-2 WIRE-3: truncated at any byte it is no datagram', () => {
  for (const { name, bytes } of SHIMS) {
    const whole = concatenate(fromHex(bytes), PACKET);
    for (let length = 0; length < whole.length; length++) {
      assert.equal(typeof parse(whole.subarray(0, length)), 'string', `${name}, cut to ${length}`);
    }
  }
});

test('WIRE-6: two bytes tell the encapsulations apart, anything else is not Teredo', () => {
  for (const first of ['45', '70', '50', '0f', 'ff', '0002', '0100', '0600']) {
    assert.equal(parse(fromHex(first + '00'.repeat(60))), 'unknown-encapsulation', first);
  }
  assert.equal(parse(concatenate(fromHex('00000000ffffffff'), fromHex('4500'), PACKET)), 'unknown-encapsulation');
});

test('WIRE-5: origin before authentication is not Teredo', () => {
  const swapped = concatenate(emitOrigin(endpoint('192.0.2.1:4096')), vector('RS-2').payload);
  assert.equal(parse(swapped), 'unknown-encapsulation');
});

test('WIRE-6: each shim once', () => {
  const origin = emitOrigin(endpoint('192.0.2.1:4096'));
  assert.equal(parse(concatenate(origin, origin, PACKET)), 'unknown-encapsulation');
  const authentication = emitAuthentication({ clientId: NOTHING, value: NOTHING, nonce: NONCE, confirmation: 0 });
  assert.equal(parse(concatenate(authentication, authentication, PACKET)), 'unknown-encapsulation');
});

test('WIRE-12 WIRE-13: what is behind the packet are trailers, not packet', () => {
  const datagram = parse(vector('TRL-1f').payload);
  assert.ok(typeof datagram !== 'string');
  assert.equal(datagram.packetOffset, 8);
  assert.equal(datagram.packetLength, 40);
  const long = Uint8Array.from(PACKET);
  long[5] = 9;
  assert.equal(parse(long), 'bad-ipv6');
});

test('WIRE-10: the largest datagram is parsed', () => {
  const bytes = new Uint8Array(65507);
  bytes.set([0x60, 0, 0, 0, (65507 - 40) >>> 8, (65507 - 40) & 255, 59, 64]);
  const datagram = parse(bytes);
  assert.ok(typeof datagram !== 'string');
  assert.equal(datagram.packetLength, 65507);
});

test('WIRE-2: any origin survives, and is written where it is told to be', () => {
  fc.assert(
    fc.property(anyIpv4, anyPort, (address, port) => {
      const target = new Uint8Array(12).fill(0xee);
      writeOrigin(target, 2, address | 0, port);
      assert.equal(toHex(target), `eeee${toHex(emitOrigin({ address, port }))}eeee`);
      const datagram = parse(concatenate(target.subarray(2, 10), PACKET));
      assert.ok(typeof datagram !== 'string');
      assert.deepEqual(datagram.origin, { address, port });
    }),
  );
});

test('WIRE-3: any authentication survives', () => {
  const anyAuthentication = fc.record(
    {
      clientId: fc.uint8Array({ maxLength: 255 }),
      value: fc.uint8Array({ maxLength: 255 }),
      nonce: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      confirmation: fc.nat(255),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(anyAuthentication, (authentication) => {
      const datagram = parse(concatenate(emitAuthentication(authentication), PACKET));
      assert.ok(typeof datagram !== 'string');
      assert.deepEqual(datagram.authentication, authentication);
    }),
  );
});

/** Nothing a parser returns may lie outside the bytes that it was told to look at. */
function assertInside(datagram: TeredoDatagram, bytes: Uint8Array, offset: number, length: number): void {
  const { authentication, originOffset, packetOffset, packetLength } = datagram;
  assert.ok(originOffset >= offset && packetOffset >= originOffset && packetLength >= 40);
  assert.ok(packetOffset + packetLength <= offset + length);
  for (const part of [authentication?.clientId, authentication?.value, authentication?.nonce]) {
    if (part === undefined) continue;
    assert.equal(part.buffer, bytes.buffer);
    const start = part.byteOffset - bytes.byteOffset;
    assert.ok(start >= offset && start + part.length <= originOffset);
  }
}

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 120 }),
  fc
    .tuple(fc.constantFrom('0001', '0000', '60', '00010000'), fc.uint8Array({ maxLength: 120 }))
    .map(([start, rest]) => concatenate(fromHex(start), rest)),
);
const mutatedVector = fc
  .tuple(fc.constantFrom(...PACKET_VECTORS), fc.array(fc.tuple(fc.nat(170), fc.nat(255)), { maxLength: 5 }))
  .map(([{ payload }, changes]) => {
    const bytes = fromHex(payload);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });

test('WIRE-6 WIRE-10: any bytes are parsed without throwing, and nothing outside them is touched', () => {
  const margins = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9));
  fc.assert(
    fc.property(fc.oneof(noise, mutatedVector), margins, (bytes, [before, offset, after]) => {
      // In a buffer, in a view that begins inside it, and at an offset in that view: three places to count from.
      const framed = embedded(concatenate(new Uint8Array(offset).fill(0x60), bytes), before, after);
      const datagram = parseDatagram(framed, offset, bytes.length);
      const alone = parse(bytes);
      if (typeof datagram === 'string') {
        assert.equal(datagram, alone);
        return;
      }
      assertInside(datagram, framed, offset, bytes.length);
      assert.ok(typeof alone !== 'string');
      assert.equal(datagram.packetOffset - offset, alone.packetOffset);
      assert.equal(datagram.packetLength, alone.packetLength);
      assert.deepEqual(datagram.origin, alone.origin);
      assert.deepEqual(datagram.authentication, alone.authentication);
    }),
    { numRuns: 5000 },
  );
});

test('every vector is a Teredo datagram', () => {
  for (const { id, payload } of PACKET_VECTORS) assert.equal(typeof parse(fromHex(payload)), 'object', id);
});
