/** The addon's segmentation and coalescing against the rules, and against the plain reference. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadAddon } from '../../../daemon/io/native-addon.js';
import { fuzz } from './fuzz.js';
import { packetsOf, superpacket, traffic } from './fuzzed-packets.js';
import { testOffloadRules } from './offload-properties.js';
import type { OffloadCode } from './offload-rules.js';
import { plainCoalesce, type TunWrite } from './plain-coalesce.js';
import { plainSegment } from './plain-segment.js';
import { emitVirtioHeader, parseVirtioHeader, VIRTIO_HEADER_LENGTH } from './virtio-header.js';

const RUNS = 1_500;

const addon = loadAddon();

function parsed(header: Uint8Array, packet: Uint8Array): TunWrite {
  const facts = parseVirtioHeader(header);
  assert.ok(facts !== undefined, `the kernel would refuse ${Buffer.from(header).toString('hex')}`);
  return { header: facts, packet };
}

const native: OffloadCode = {
  segment: (packet, header) => addon.segmentPacket(packet, emitVirtioHeader(header)),
  coalesce: (packets) => addon.coalescePackets(packets).map(({ header, packet }) => parsed(header, packet)),
};

describe('addon', () => testOffloadRules(native, RUNS));

const hex = (packets: readonly Uint8Array[]): string[] => packets.map((packet) => Buffer.from(packet).toString('hex'));

describe('addon against the plain reference', () => {
  test('the same segments, byte for byte', (t) => {
    fc.assert(
      fc.property(superpacket, ({ packet, header }) => {
        assert.deepEqual(hex(native.segment(packet, header)), hex(plainSegment(packet, header)));
      }),
      fuzz(t, RUNS / 3),
    );
  });

  test('it merges at least what the reference merges', (t) => {
    fc.assert(
      fc.property(traffic, (script) => {
        const packets = packetsOf(script);
        assert.ok(native.coalesce(packets).length <= plainCoalesce(packets).length);
      }),
      fuzz(t, RUNS / 3),
    );
  });
});

describe('what no kernel hands out', () => {
  const bytes = (most: number) => fc.uint8Array({ maxLength: most, size: 'max' });
  const header = fc.uint8Array({ minLength: VIRTIO_HEADER_LENGTH, maxLength: VIRTIO_HEADER_LENGTH });

  test('any header before any bytes: nothing is read or written beyond them', (t) => {
    fc.assert(
      fc.property(bytes(300), header, (packet, facts) => {
        const copy = packet.slice();
        for (const segment of addon.segmentPacket(packet, facts)) assert.ok(segment.length <= packet.length);
        assert.deepEqual(packet, copy, 'the packet is not touched');
      }),
      fuzz(t, RUNS),
    );
  });

  test('a good packet with one field of its header changed', (t) => {
    const change = fc.record({ at: fc.nat(VIRTIO_HEADER_LENGTH - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(superpacket, change, ({ packet, header: good }, { at, value }) => {
        const facts = emitVirtioHeader(good);
        facts[at] = value;
        for (const segment of addon.segmentPacket(packet, facts)) assert.ok(segment.length <= packet.length);
      }),
      fuzz(t, RUNS / 10),
    );
  });

  test('a good packet with bytes of its headers changed, or cut', (t) => {
    const change = fc.record({ at: fc.nat(79), value: fc.nat(255), length: fc.nat(200) });
    fc.assert(
      fc.property(superpacket, change, ({ packet, header: good }, { at, value, length }) => {
        const changed = packet.slice(0, value < 40 ? length : packet.length);
        if (at < changed.length) changed[at] = value;
        for (const segment of addon.segmentPacket(changed, emitVirtioHeader(good))) {
          assert.ok(segment.length <= changed.length);
        }
      }),
      fuzz(t, RUNS / 10),
    );
  });

  test('any bytes as packets to be merged', (t) => {
    fc.assert(
      fc.property(fc.array(bytes(200), { maxLength: 8 }), (packets) => {
        const writes = addon.coalescePackets(packets);
        assert.deepEqual(hex(writes.map(({ packet }) => packet)).sort(), hex(packets).sort());
      }),
      fuzz(t, RUNS),
    );
  });
});
