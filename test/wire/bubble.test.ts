import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emitBubble, isBubble } from '../../daemon/wire/bubble.js';
import { BUBBLE_VECTORS } from '../fixtures/bubble-vectors.js';
import { fromHex, ipv6, toHex, vector } from '../fixtures/vectors.js';

const HOP_LIMIT_AT = 7;

test('WIRE-11 B-4: a bubble is a header and nothing else', () => {
  const expected = vector('BUB-1').payload;
  const emitted = emitBubble(ipv6('2001:0:cb00:7178:0:efff:3fff:fdfe'), ipv6('2001:0:c633:6476:0:dfff:3fff:fdf5'));
  // No RFC fixes the hop limit of a bubble.
  expected[HOP_LIMIT_AT] = emitted[HOP_LIMIT_AT] ?? 0;
  assert.equal(toHex(emitted), toHex(expected));
});

test('WIRE-11: a bubble is known by next header 59 and payload length 0', () => {
  for (const { id, payload } of BUBBLE_VECTORS) {
    const at = payload.indexOf('60000000') / 2;
    assert.equal(isBubble(new DataView(fromHex(payload).buffer), at), id.startsWith('BUB'), id);
  }
  const bytes = vector('BUB-1').payload;
  const withPayload = Uint8Array.from(bytes);
  withPayload[5] = 1;
  assert.ok(!isBubble(new DataView(withPayload.buffer), 0));
  const otherHeader = Uint8Array.from(bytes);
  otherHeader[6] = 58;
  assert.ok(!isBubble(new DataView(otherHeader.buffer), 0));
});
