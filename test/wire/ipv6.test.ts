import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatIpv6,
  ipv6EqualsAt,
  ipv6PacketLength,
  isGlobalScope,
  isLinkLocal,
  parseIpv6,
  readIpv6,
  sameIpv6,
  writeIpv6Header,
} from '../../daemon/wire/ipv6.js';
import { fromHex, ipv6, toHex } from '../fixtures/vectors.js';
import { anyIpv6, embedded } from './addresses.js';

test('IPv6 text: what is formatted is parsed again', () => {
  fc.assert(fc.property(anyIpv6, (address) => assert.deepEqual(parseIpv6(formatIpv6(address)), address)));
});

test('IPv6 text: formatted as a URL normalises it', () => {
  fc.assert(
    fc.property(anyIpv6, (address) => {
      const long = (toHex(address).match(/.{4}/g) ?? []).join(':');
      assert.equal(`[${formatIpv6(address)}]`, new URL(`http://[${long}]/`).hostname);
    }),
    { numRuns: 2000 },
  );
});

const group = fc.oneof(
  fc.nat(0x1ffff).map((value) => value.toString(16)),
  fc.constantFrom('', '', '0', '00000', 'g', 'FFFF', '1.2.3.4', '1.2.3.256', '01.2.3.4', '+1', '-1', ' 1'),
);
const almostIpv6 = fc.oneof(
  fc.array(group, { maxLength: 9 }).map((groups) => groups.join(':')),
  fc.string({ unit: fc.constantFrom(...'01aF:.'), maxLength: 20 }),
  anyIpv6.map(formatIpv6),
  fc.string().filter((text) => !text.includes('%')),
);

test('IPv6 text: accepted exactly when node:net calls it IPv6, and read as a URL reads it', () => {
  fc.assert(
    fc.property(almostIpv6, (text) => {
      const address = parseIpv6(text);
      assert.equal(address !== undefined, isIPv6(text), JSON.stringify(text));
      if (address !== undefined) assert.equal(new URL(`http://[${text}]/`).hostname, `[${formatIpv6(address)}]`);
    }),
    { numRuns: 5000 },
  );
});

test('IPv6 text: a zone is refused', () => {
  assert.equal(parseIpv6('fe80::1%eth0'), undefined);
});

const SCOPES: readonly (readonly [text: string, global: boolean, linkLocal: boolean])[] = [
  ['::', false, false],
  ['::1', false, false],
  ['::ffff:192.0.2.1', false, false],
  ['100::', true, false],
  ['2001::1', true, false],
  ['2001:db8::1', true, false],
  ['2002:c000:201::1', true, false],
  ['fbff::1', true, false],
  ['fc00::1', false, false],
  ['fd00::1', false, false],
  ['fe7f::1', false, false],
  ['fe80::1', false, true],
  ['febf:ffff::1', false, true],
  ['fec0::1', false, false],
  ['ff02::1', false, false],
  ['ff0e::1', false, false],
];

test('F-6 C-SEND-17: which addresses may stand at the end of a path through the IPv6 Internet', () => {
  for (const [text, global, linkLocal] of SCOPES) {
    const first = new DataView(ipv6(text).buffer).getUint32(0);
    assert.equal(isGlobalScope(first), global, text);
    assert.equal(isLinkLocal(first), linkLocal, text);
  }
});

test('a header is written as RFC 8200 draws it, over whatever was there', () => {
  const bytes = new Uint8Array(45).fill(0xff);
  const [source, destination] = [ipv6('2001:db8::1'), ipv6('2001:db8::2')];
  writeIpv6Header(bytes, 3, { source, destination, nextHeader: 58, hopLimit: 7, payloadLength: 0x1234 });
  const header = `6000000012343a07${toHex(source)}${toHex(destination)}`;
  assert.equal(toHex(bytes), `ffffff${header}ffff`);
  assert.deepEqual(readIpv6(bytes, 11), source);
});

test('WIRE-12: 40 + payload length may be less than there is, never more; version 6 only', () => {
  const length = (bytes: Uint8Array): number => ipv6PacketLength(new DataView(bytes.buffer), 0, bytes.length);
  const packet = (payloadLength: number, size: number): Uint8Array => {
    const bytes = new Uint8Array(size);
    bytes.set([0x60, 0, 0, 0, payloadLength >>> 8, payloadLength & 255]);
    return bytes;
  };
  assert.equal(length(packet(8, 48)), 48);
  assert.equal(length(packet(8, 60)), 48);
  assert.equal(length(packet(8, 47)), -1);
  assert.equal(length(packet(0, 40)), 40);
  assert.equal(length(packet(0, 39)), -1);
  assert.equal(length(packet(65535, 65535)), -1);
  assert.equal(length(packet(0, 0x10000)), 40);
  assert.equal(length(new Uint8Array(40).fill(0x45)), -1);
  assert.equal(length(new Uint8Array(40).fill(0x75)), -1);
});

test('ADDR-10: addresses are compared in all their bits', () => {
  fc.assert(
    fc.property(anyIpv6, fc.nat(127), fc.nat(5), (address, bit, margin) => {
      const other = Uint8Array.from(address);
      other[bit >>> 3] = (other[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      assert.ok(sameIpv6(address, Uint8Array.from(address)));
      assert.ok(!sameIpv6(address, other));
      const around = new Uint8Array(30).fill(0xee);
      around.set(address, margin);
      assert.ok(ipv6EqualsAt(around, margin, address));
      around.set(other, margin);
      assert.ok(!ipv6EqualsAt(around, margin, address));
    }),
  );
});

test('an address is read as a copy, wherever it lies', () => {
  const bytes = embedded(fromHex(`aabb${'11'.repeat(16)}cc`), 5, 5);
  const address = readIpv6(bytes, 2);
  bytes.fill(0);
  assert.equal(toHex(address), '11'.repeat(16));
});
