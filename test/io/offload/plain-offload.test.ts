/** The plain reference keeps the rules itself, and the rules notice when they are broken. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { emitPacket, type Flow, stream, tcpHeader, udpHeader } from './fuzzed-packets.js';
import { testOffloadRules } from './offload-properties.js';
import { assertCoalesced } from './offload-rules.js';
import { plainCoalesce, type TunWrite } from './plain-coalesce.js';
import { ACK, isVerified, TCP, UDP } from './plain-packet.js';
import { plainSegment } from './plain-segment.js';
import { emitVirtioHeader, PLAIN, parseVirtioHeader } from './virtio-header.js';

const RUNS = 200;

describe('plain reference', () => {
  testOffloadRules({ segment: plainSegment, coalesce: plainCoalesce }, RUNS);
});

const FLOW: Flow = {
  protocol: TCP,
  number: 1,
  trafficClass: 0,
  label: 0,
  hopLimit: 64,
  options: [],
  sequence: 0,
  full: 100,
  seed: 0,
};

const tcp = (at: number, length = 100): Uint8Array =>
  emitPacket(FLOW, tcpHeader(FLOW, at, ACK), stream(FLOW, at, length));

function only(writes: readonly TunWrite[]): TunWrite {
  const [write] = writes;
  assert.ok(write !== undefined && writes.length === 1);
  return write;
}

test('checksums by hand', () => {
  const from = '20010db8000000000000000000000001';
  const to = '20010db8000000000000000000000002';
  // RFC 8200 §8.1: 2001+0db8+1 + 2001+0db8+2 + length 000a + protocol 0011 + ports, length and "ab" = c119 (folded);
  // the checksum is what it lacks.
  const packet = Buffer.from(`60000000000a1140${from}${to}03e80035000a00006162`, 'hex');
  packet.writeUInt16BE(~0xc119 & 0xffff, 46);
  assert.ok(isVerified(packet));
  packet[49] = 0x63;
  assert.ok(!isVerified(packet));
});

test('the virtio header survives being written', () => {
  const header = {
    ...PLAIN,
    needsChecksum: true,
    offload: 'tcp',
    ecn: true,
    segmentSize: 1208,
    checksumStart: 40,
  } as const;
  assert.deepEqual(parseVirtioHeader(emitVirtioHeader(header)), header);
  assert.equal(Buffer.from(emitVirtioHeader(header)).toString('hex'), '01840000b80428000000');
});

describe('the rules notice', () => {
  const packets = [tcp(0), tcp(100), tcp(200)];
  const right = only(plainCoalesce(packets));

  test('nothing wrong', () => assertCoalesced(packets, [right]));

  const faults: Readonly<Record<string, () => void>> = {
    'a lost packet': () => assertCoalesced(packets, plainCoalesce(packets.slice(1))),
    'a doubled packet': () => assertCoalesced(packets, plainCoalesce([...packets, tcp(200)])),
    'another order': () => assertCoalesced(packets, plainCoalesce([tcp(100), tcp(0), tcp(200)])),
    'a corrupt payload that was merged': () => assertCoalesced([tcp(0), tcp(100).fill(7, 90), tcp(200)], [right]),
    'a checksum that is not that of the pseudo header': () => {
      const packet = right.packet.slice();
      packet[57] = (packet[57] ?? 0) ^ 1;
      assertCoalesced(packets, [{ ...right, packet }]);
    },
    'a wrong segment size': () =>
      assertCoalesced(packets, [{ ...right, header: { ...right.header, segmentSize: 150 } }]),
    'CWR that the kernel is not told of': () => {
      const first = emitPacket(FLOW, tcpHeader(FLOW, 0, ACK | 0x80), stream(FLOW, 0, 100));
      const list = [first, tcp(100)];
      const write = only(plainCoalesce(list));
      assertCoalesced(list, [{ ...write, header: { ...write.header, ecn: false } }]);
    },
    'DATA_VALID on a corrupt packet': () => {
      const corrupt = tcp(0).fill(7, 90);
      assertCoalesced([corrupt], [{ header: { ...PLAIN, dataValid: true }, packet: corrupt }]);
    },
  };
  for (const [name, fault] of Object.entries(faults)) test(name, () => assert.throws(fault, assert.AssertionError));
});

test('a UDP datagram without a checksum is illegal and stays alone', () => {
  const flow: Flow = { ...FLOW, protocol: UDP };
  const make = (i: number): Uint8Array => emitPacket(flow, udpHeader(flow, 100), stream(flow, i * 100, 100));
  const packets = [make(0), make(1), make(2)];
  packets[1]?.fill(0, 46, 48);
  const writes = plainCoalesce(packets);
  assert.deepEqual(
    writes.map(({ header }) => header.dataValid),
    [true, false, true],
  );
});
