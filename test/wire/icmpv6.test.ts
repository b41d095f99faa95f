import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  echoData,
  emitEchoReply,
  emitEchoRequest,
  emitIcmpv6,
  emitUnreachable,
  hasValidIcmpv6Checksum,
  icmpv6TypeAt,
  isIcmpv6Error,
} from '../../daemon/wire/icmpv6.js';
import { ACTORS } from '../fixtures/vector.js';
import { fromHex, ipv6, toHex, vector } from '../fixtures/vectors.js';
import { anyIpv6, embedded } from './addresses.js';

const A = ipv6('2001:0:cb00:7178:0:efff:3fff:fdfe');
const NATIVE = ipv6(ACTORS.nativeHost);
const NONCE = fromHex('a1b2c3d4e5f60718');
const IDENTITY = fromHex('12340001');

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

test('D-2: an echo request with the nonce as its data', () => {
  const emitted = emitEchoRequest(A, NATIVE, NONCE);
  assert.ok(hasValidIcmpv6Checksum(viewOf(emitted), 0));
  // Identifier and sequence are nobody's business; with those of the vector the rest must be the same.
  const body = emitted.slice(40);
  body.set([0, 0], 2);
  body.set(IDENTITY, 4);
  assert.equal(toHex(emitIcmpv6(A, NATIVE, 64, body)), toHex(vector('ECHO-1').payload));
});

test('D-5: an echo reply returns identifier, sequence and data', () => {
  assert.equal(toHex(emitEchoReply(NATIVE, A, IDENTITY, NONCE)), toHex(vector('ECHO-2').payload));
});

test('D-5: the data of an echo, wherever it lies and however long', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(9), fc.nat(9), (data, before, offset) => {
      const packet = emitEchoReply(NATIVE, A, IDENTITY, data);
      const framed = embedded(new Uint8Array([...new Uint8Array(offset), ...packet, 0xee]), before, 3);
      assert.deepEqual(echoData(framed, viewOf(framed), offset), data);
      assert.ok(hasValidIcmpv6Checksum(viewOf(framed), offset));
    }),
  );
});

test('D-5: an echo shorter than its header has no data', () => {
  for (let length = 4; length < 8; length++) {
    const packet = emitIcmpv6(NATIVE, A, 64, Uint8Array.of(129, 0, 0, 0, 1, 2, 3, 4).subarray(0, length));
    assert.equal(echoData(packet, viewOf(packet), 0).length, 0);
  }
});

test('the type of a message, -1 where there is none', () => {
  const typeOf = (bytes: Uint8Array): number => icmpv6TypeAt(viewOf(bytes), 0);
  assert.equal(typeOf(vector('ECHO-1').payload), 128);
  assert.equal(typeOf(vector('RS-1').payload), 133);
  assert.equal(typeOf(vector('BUB-1').payload), -1);
  assert.equal(typeOf(emitIcmpv6(A, NATIVE, 64, Uint8Array.of(1, 0, 0, 0))), 1);
  // Three bytes are no message: type, code and checksum are four.
  assert.equal(typeOf(emitIcmpv6(A, NATIVE, 64, Uint8Array.of(1, 0, 0, 0)).fill(3, 5, 6)), -1);
});

test('errors are the types below 128', () => {
  for (const [type, expected] of [
    [0, true],
    [1, true],
    [127, true],
    [128, false],
    [255, false],
  ] as const) {
    assert.equal(
      isIcmpv6Error(viewOf(emitIcmpv6(A, NATIVE, 64, Uint8Array.of(type, 0, 0, 0))), 0),
      expected,
      `${type}`,
    );
  }
  assert.ok(!isIcmpv6Error(viewOf(vector('BUB-1').payload), 0));
});

test('C-SEND-15: "unreachable" quotes as much as fits into 1280 bytes', () => {
  for (const size of [0, 40, 1231, 1232, 1233, 9000]) {
    const packet = new Uint8Array(size).map((_, i) => i);
    const error = emitUnreachable(NATIVE, A, packet);
    assert.equal(error.length, Math.min(48 + size, 1280));
    assert.deepEqual(error.subarray(48), packet.subarray(0, 1232));
    assert.equal(toHex(error.subarray(40, 42)), '0103');
    assert.equal(toHex(error.subarray(44, 48)), '00000000');
    assert.ok(hasValidIcmpv6Checksum(viewOf(error), 0));
  }
});

test('whatever is emitted holds its right checksum', () => {
  fc.assert(
    fc.property(anyIpv6, anyIpv6, fc.uint8Array({ minLength: 4, maxLength: 60 }), (source, destination, body) => {
      body.set([0, 0], 2);
      const packet = emitIcmpv6(source, destination, 64, body);
      assert.ok(hasValidIcmpv6Checksum(viewOf(packet), 0));
      assert.equal(viewOf(packet).getUint16(4), body.length);
    }),
  );
});
