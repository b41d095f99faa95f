/** The checksum against a naive one that follows the words of RFC 1071 and RFC 8200 §8.1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasValidChecksum, upperLayerChecksum, upperLayerSum } from '../../daemon/wire/checksum.js';
import { concatenate } from '../../daemon/wire/encapsulation.js';
import { fromHex, PACKET_VECTORS } from '../fixtures/vectors.js';
import { anyIpv6 } from './addresses.js';

/** One's complement sum, carry by carry. */
function naiveSum(bytes: Uint8Array): number {
  const padded = bytes.length % 2 === 0 ? bytes : concatenate(bytes, new Uint8Array(1));
  let sum = 0;
  for (let i = 0; i < padded.length; i += 2) {
    sum += (padded[i] ?? 0) * 256 + (padded[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

function naivePseudoSum(packet: Uint8Array, nextHeader: number): number {
  const message = packet.subarray(40);
  const pseudo = new Uint8Array(40);
  pseudo.set(packet.subarray(8, 40));
  new DataView(pseudo.buffer).setUint32(32, message.length);
  pseudo[39] = nextHeader;
  return naiveSum(concatenate(pseudo, message));
}

const messages = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ minLength: 1270, maxLength: 1300 }));

test('the checksum is the naive one, for any addresses and message, at any offset', () => {
  fc.assert(
    fc.property(anyIpv6, anyIpv6, messages, fc.nat(255), fc.nat(9), (source, destination, message, next, margin) => {
      const packet = concatenate(new Uint8Array(8), source, destination, message);
      const around = concatenate(new Uint8Array(margin).fill(0xff), packet, new Uint8Array(3).fill(0xff));
      const view = new DataView(around.buffer);
      const expected = naivePseudoSum(packet, next);
      assert.equal(upperLayerSum(view, margin, next, message.length), expected);
      assert.equal(upperLayerChecksum(view, margin, next, message.length), 0xffff - expected);
    }),
  );
});

test('the largest message of all ones does not overflow', () => {
  const packet = new Uint8Array(40 + 65535).fill(0xff);
  assert.equal(upperLayerSum(new DataView(packet.buffer), 0, 58, 65535), naivePseudoSum(packet, 58));
});

test('WIRE-15: every ICMPv6 vector holds its right checksum, and no flipped bit goes unseen', () => {
  for (const { id, payload } of PACKET_VECTORS) {
    const bytes = fromHex(payload);
    const packet = bytes.subarray(payload.indexOf('60000000') / 2);
    if (packet[6] !== 58) continue;
    const copy = Uint8Array.from(packet);
    const view = new DataView(copy.buffer);
    const length = view.getUint16(4);
    assert.ok(hasValidChecksum(view, 0, 58, length), id);
    for (let at = 8; at < 40 + length; at++) {
      copy[at] = (copy[at] ?? 0) ^ 0x10;
      assert.ok(!hasValidChecksum(view, 0, 58, length), `${id}: byte ${at}`);
      copy[at] = (copy[at] ?? 0) ^ 0x10;
    }
  }
});
