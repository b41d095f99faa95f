import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mayAnswer, maySolicit, recordBubble, resetLimit } from '../../daemon/protocol/bubble-limits.js';
import { NO_PEER, PEER_CONTACTED, PeerTable } from '../../daemon/protocol/peer-table.js';
import type { Instant } from '../../daemon/protocol/time.js';
import { countingEntropy } from './rig.js';

const key = (number: number): DataView => {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, 0x20010000);
  // Few values in each word, so that many keys differ in one word only.
  view.setUint32(4, number & 3);
  view.setUint32(8, (number >>> 2) & 3);
  view.setUint32(12, number >>> 4);
  return view;
};

const at = (time: number): Instant => time as Instant;

test('C-PEER-1: any sequence of insertions, look-ups and removals behaves like a Map', () => {
  const operations = fc.array(fc.record({ remove: fc.boolean(), number: fc.integer({ min: 0, max: 60 }) }), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(operations, (steps) => {
      const table = new PeerTable(64, countingEntropy());
      const model = new Map<number, number>();
      for (const { remove, number } of steps) {
        const known = model.get(number);
        assert.equal(table.find(key(number), 0), known ?? NO_PEER);
        if (remove && known !== undefined) {
          table.remove(known);
          model.delete(number);
        } else if (known === undefined) {
          model.set(number, table.insert(at(0), key(number), 0));
        }
        assert.equal(table.size, model.size);
      }
      for (let number = 0; number <= 60; number++)
        assert.equal(table.find(key(number), 0), model.get(number) ?? NO_PEER);
    }),
  );
});

test('C-PEER-3: the stalest of a full table goes, never one that is being contacted', () => {
  const table = new PeerTable(16, countingEntropy());
  for (let i = 0; i < 16; i++) {
    const peer = table.insert(at(1000 * i), key(i), 0);
    if (i === 0) table.setFlag(peer, PEER_CONTACTED, true);
  }
  table.insert(at(20_000), key(99), 0);
  assert.notEqual(table.find(key(0), 0), NO_PEER, 'being contacted');
  assert.equal(table.find(key(1), 0), NO_PEER, 'the stalest');
  assert.equal(table.size, 16);
});

test('C-PEER-3: when every entry is being contacted there is no room, and no endless search', () => {
  const table = new PeerTable(8, countingEntropy());
  for (let i = 0; i < 8; i++) table.setFlag(table.insert(at(0), key(i), 0), PEER_CONTACTED, true);
  assert.equal(table.insert(at(1), key(99), 0), NO_PEER);
});

test('B-2: a new entry is 30 seconds old and has no bubbles', () => {
  const table = new PeerTable(8, countingEntropy());
  const peer = table.insert(at(100_000), key(1), 0);
  assert.equal(table.lastReception[peer], 70_000);
  assert.equal(table.lastTransmission[peer], 70_000);
  assert.ok(maySolicit(table, at(100_000), peer));
});

test('B-5 B-6 B-7 B-8: in any sequence there are never five bubbles in 300 seconds, nor two solicitations in two', () => {
  const steps = fc.array(fc.record({ wait: fc.integer({ min: 0, max: 90_000 }), answer: fc.boolean() }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (sequence) => {
      const table = new PeerTable(8, countingEntropy());
      const peer = table.insert(at(0), key(1), 0);
      const sent: number[] = [];
      let now = 0;
      let last = Number.NEGATIVE_INFINITY;
      for (const { wait, answer } of sequence) {
        now += wait;
        if (!(answer ? mayAnswer : maySolicit)(table, at(now), peer)) continue;
        if (!answer) assert.ok(now - last >= 2000);
        recordBubble(table, at(now), peer, answer);
        last = now;
        sent.push(now);
        assert.ok(sent.filter((time) => now - time < 300_000).length <= 4);
      }
      resetLimit(table, peer);
      now += 2000;
      for (let i = 0; i < 4; i++) {
        assert.ok(maySolicit(table, at(now), peer), 'a direct answer ends the count');
        recordBubble(table, at(now), peer, false);
        now += 2000;
      }
      assert.ok(!maySolicit(table, at(now), peer));
    }),
  );
});

test('C-PEER-4: a million peers take less than 100 MB', () => {
  const table = new PeerTable(1_000_000, countingEntropy());
  assert.ok(table.byteLength < 100_000_000, `${table.byteLength}`);
  for (let i = 0; i < 1000; i++) table.insert(at(i), key(i), 0);
  for (let i = 0; i < 1000; i++) assert.notEqual(table.find(key(i), 0), NO_PEER);
});
