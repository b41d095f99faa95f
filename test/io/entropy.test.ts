/** Random bytes drawn in advance. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemEntropy } from '../../daemon/io/entropy.js';

test('F-9 U-6: no nonce comes twice, across many refills of the pool', () => {
  const entropy = new SystemEntropy();
  const seen = new Set<string>();
  const nonce = new Uint8Array(8);
  for (let i = 0; i < 10_000; i++) {
    entropy.fill(nonce);
    seen.add(Buffer.from(nonce).toString('hex'));
  }
  assert.equal(seen.size, 10_000);
});

test('every byte of a target of any length is filled, and nothing around it', () => {
  const entropy = new SystemEntropy();
  for (const length of [0, 1, 7, 8, 511, 512, 513, 4096, 100_000]) {
    const memory = new Uint8Array(length + 2);
    // A byte that is zero thirty times over was never written (2^-240).
    const written = new Uint8Array(length);
    for (let round = 0; round < 30; round++) {
      entropy.fill(memory.subarray(1, length + 1));
      for (let i = 0; i < length; i++) written[i] = (written[i] ?? 0) | (memory[i + 1] ?? 0);
    }
    assert.ok(
      written.every((byte) => byte !== 0),
      `length ${length}`,
    );
    assert.equal(memory[0], 0);
    assert.equal(memory[length + 1], 0);
  }
});
