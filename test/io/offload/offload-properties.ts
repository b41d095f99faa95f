/** The random tests, for any implementation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deliver } from './delivered.js';
import { fuzz } from './fuzz.js';
import {
  emitPacket,
  type Flow,
  flow,
  packetsOf,
  stream,
  superpacket,
  tcpHeader,
  traffic,
  udpHeader,
} from './fuzzed-packets.js';
import { assertCoalesced, type OffloadCode } from './offload-rules.js';
import { ACK, CWR, IPV6_HEADER, onesSum, PSH, pseudoHeaderSum, TCP, UDP } from './plain-packet.js';

/** The addon holds 16 open. */
const FLOWS = 20;

const flip = (packet: Uint8Array, at: number, bit: number): Uint8Array => {
  const copy = packet.slice();
  copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << bit);
  return copy;
};

/** Runs in the order given; whole flows of their own, with nothing wrong. */
const superpackets = fc.array(superpacket, { minLength: 1, maxLength: 4 });

export function testOffloadRules(code: OffloadCode, runs: number): void {
  test('random traffic: what is merged splits into what came, corrupt packets pass unchanged and alone', (t) => {
    fc.assert(
      fc.property(traffic, (script) => {
        const packets = packetsOf(script);
        assertCoalesced(packets, code.coalesce(packets));
      }),
      fuzz(t, runs),
    );
  });

  test('every segment has a right checksum and its own length', (t) => {
    fc.assert(
      fc.property(superpacket, ({ packet, header }) => {
        const segments = code.segment(packet, header);
        assert.ok(segments.length > 0);
        for (const segment of segments) {
          const message = segment.subarray(header.checksumStart);
          const protocol = header.checksumOffset === 16 ? TCP : UDP;
          assert.equal(onesSum(message, pseudoHeaderSum(segment, protocol, message.length)), 0xffff);
          assert.equal(((segment[4] ?? 0) << 8) | (segment[5] ?? 0), segment.length - IPV6_HEADER);
        }
      }),
      fuzz(t, Math.ceil(runs / 4)),
    );
  });

  test('segmented, then coalesced: the same bytes in the same places, the same datagrams', (t) => {
    fc.assert(
      fc.property(superpackets, (sent) => {
        const whole = sent.filter(({ header }) => header.checksumStart === IPV6_HEADER);
        const segments = whole.flatMap(({ packet, header }) => code.segment(packet, header));
        const writes = code.coalesce(segments);
        assertCoalesced(segments, writes);
        assert.deepEqual(deliver(writes), deliver(whole));
      }),
      fuzz(t, Math.ceil(runs / 20)),
    );
  });

  test('one bit anywhere in a regular run is not lost in a merge', (t) => {
    const place = fc.record({ which: fc.nat(29), at: fc.nat(0xffff), bit: fc.nat(7) });
    fc.assert(
      fc.property(flow(fc.constant(1)), place, (regular, { which, at, bit }) => {
        const packets = regularRun(regular, 30).map((packet, i) => (i === which ? flip(packet, at, bit) : packet));
        assertCoalesced(packets, code.coalesce(packets));
      }),
      fuzz(t, Math.ceil(runs / 4)),
    );
  });

  test('a regular run becomes one packet, or as few as 64 KiB allow', (t) => {
    fc.assert(
      fc.property(flow(fc.constant(1)), fc.integer({ min: 2, max: 40 }), (regular, count) => {
        const packets = regularRun(regular, count);
        const bytes = packets.reduce((sum, packet) => sum + packet.length, 0);
        const needed = Math.ceil(bytes / (60_000 - regular.full));
        assert.ok(code.coalesce(packets).length <= needed, `${count} packets of ${regular.full} bytes`);
      }),
      fuzz(t, Math.ceil(runs / 10)),
    );
  });

  test('more flows by turns than are held open at a time: nothing is lost, each keeps its order', (t) => {
    const flows = fc.array(flow(fc.constant(0)), { minLength: FLOWS, maxLength: FLOWS });
    const turns = fc.array(fc.nat(FLOWS - 1), { minLength: 150, maxLength: 300, size: 'max' });
    fc.assert(
      fc.property(flows, turns, (different, order) => {
        const regular = different.map((each, i) => ({ ...each, number: i, full: 1 + (each.full % 100) }));
        const counts = different.map(() => 0);
        const packets = order.map((which) => {
          const number = counts[which] ?? 0;
          counts[which] = number + 1;
          return regularPacket(regular[which] as Flow, number, ACK);
        });
        assertCoalesced(packets, code.coalesce(packets));
      }),
      fuzz(t, Math.ceil(runs / 50)),
    );
  });

  test('a run of 130 small packets becomes three: 64 are joined at a time', (t) => {
    fc.assert(
      fc.property(flow(fc.constant(1)), (regular) => {
        const packets = regularRun({ ...regular, full: 1 + (regular.full % 100) }, 130);
        const writes = code.coalesce(packets);
        assertCoalesced(packets, writes);
        assert.equal(writes.length, 3);
      }),
      fuzz(t, Math.ceil(runs / 50)),
    );
  });

  test('CWR stands at the head of a merged packet only', () => {
    const regular: Flow = BASE;
    const flags = [ACK, ACK | CWR, ACK, ACK | CWR, ACK | PSH];
    const packets = flags.map((value, i) =>
      emitPacket(regular, tcpHeader(regular, i * 100, value), stream(regular, i * 100, 100)),
    );
    const writes = code.coalesce(packets);
    assertCoalesced(packets, writes);
    const ecn = writes.filter(({ header }) => header.ecn);
    assert.ok(ecn.every(({ packet }) => ((packet[IPV6_HEADER + 13] ?? 0) & CWR) !== 0));
  });

  test('nothing to do, and packets that are none', () => {
    assert.deepEqual(code.coalesce([]), []);
    const scraps = [0, 1, 39, 40, 41, 47, 48, 60].map((length) => new Uint8Array(length).fill(0x60));
    const writes = code.coalesce(scraps);
    assert.deepEqual(
      writes.map(({ packet }) => packet.length),
      scraps.map(({ length }) => length),
    );
  });
}

const BASE: Flow = {
  protocol: TCP,
  number: 1,
  trafficClass: 0,
  label: 7,
  hopLimit: 64,
  options: [],
  sequence: 0,
  full: 100,
  seed: 1,
};

/** Full segments in order, the last one pushed. */
function regularRun(regular: Flow, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => regularPacket(regular, i, i === count - 1 ? ACK | PSH : ACK));
}

function regularPacket(regular: Flow, i: number, flags: number): Uint8Array {
  const { full, sequence } = regular;
  const header = regular.protocol === TCP ? tcpHeader(regular, sequence + i * full, flags) : udpHeader(regular, full);
  return emitPacket(regular, header, stream(regular, i * full, full));
}
