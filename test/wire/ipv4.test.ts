import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatEndpoint,
  formatIpv4,
  ipv4,
  isGlobalUnicast,
  isPermittedDestination,
  parseIpv4,
  port,
  sameEndpoint,
} from '../../daemon/wire/ipv4.js';
import { address, endpoint } from '../fixtures/vectors.js';
import { anyIpv4, anyPort } from './addresses.js';

test('IPv4 text: what is formatted is parsed again', () => {
  fc.assert(fc.property(anyIpv4, (value) => parseIpv4(formatIpv4(value)) === value));
  assert.equal(formatIpv4(ipv4(0xc0000201)), '192.0.2.1');
  assert.equal(formatIpv4(ipv4(-1)), '255.255.255.255');
});

const octet = fc.oneof(
  fc.integer({ min: -1, max: 300 }).map(String),
  fc.constantFrom('', '00', '01', '1e1', ' 1', '0x1'),
);
const almostIpv4 = fc.oneof(
  fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join('.')),
  fc.string({ unit: fc.constantFrom(...'0123456789.'), maxLength: 16 }),
  fc.string(),
);

test('IPv4 text: accepted exactly when node:net calls it IPv4', () => {
  fc.assert(
    fc.property(almostIpv4, (text) => assert.equal(parseIpv4(text) !== undefined, isIPv4(text), JSON.stringify(text))),
    { numRuns: 3000 },
  );
});

/** First and last address of each refused range, and its neighbours outside. */
const RANGES: readonly (readonly [name: string, first: string, last: string])[] = [
  ['0/8', '0.0.0.0', '0.255.255.255'],
  ['10/8', '10.0.0.0', '10.255.255.255'],
  ['100.64/10', '100.64.0.0', '100.127.255.255'],
  ['127/8', '127.0.0.0', '127.255.255.255'],
  ['169.254/16', '169.254.0.0', '169.254.255.255'],
  ['172.16/12', '172.16.0.0', '172.31.255.255'],
  ['192.88.99/24', '192.88.99.0', '192.88.99.255'],
  ['192.168/16', '192.168.0.0', '192.168.255.255'],
  ['224/4 and 240/4', '224.0.0.0', '255.255.255.255'],
];

test('F-1 F-2: the refused ranges, to the address', () => {
  for (const [name, first, last] of RANGES) {
    const [from, to] = [address(first), address(last)];
    for (const inside of [from, to, from + 1, to - 1]) assert.ok(!isGlobalUnicast(inside), `${name}: ${inside}`);
    if (from > 0) assert.ok(isGlobalUnicast(from - 1), `${name}: before`);
    if (to < 0xffffffff) assert.ok(isGlobalUnicast(to + 1), `${name}: behind`);
  }
});

test('F-1: everything outside the ranges passes, signed or unsigned', () => {
  const bounds = RANGES.map(([, first, last]) => [address(first), address(last)] as const);
  fc.assert(
    fc.property(anyIpv4, (value) => {
      const refused = bounds.some(([first, last]) => value >= first && value <= last);
      assert.equal(isGlobalUnicast(value), !refused);
      assert.equal(isGlobalUnicast(value | 0), !refused);
    }),
  );
});

test('F-1: directed broadcasts of attached subnets are refused besides', () => {
  const scope = { directedBroadcasts: [address('192.0.2.255'), address('198.51.100.127')] };
  assert.ok(!isPermittedDestination(address('192.0.2.255'), scope));
  assert.ok(!isPermittedDestination(address('198.51.100.127'), scope));
  assert.ok(isPermittedDestination(address('192.0.2.254'), scope));
  assert.ok(!isPermittedDestination(address('10.0.0.1'), scope));
});

test('endpoints: text and comparison', () => {
  assert.equal(formatEndpoint(endpoint('192.0.2.1:4096')), '192.0.2.1:4096');
  fc.assert(
    fc.property(anyIpv4, anyPort, (host, number) => {
      const one = { address: host, port: number };
      assert.ok(sameEndpoint(one, { ...one }));
      assert.ok(!sameEndpoint(one, { ...one, port: port(number + 1) }));
      assert.ok(!sameEndpoint(one, { ...one, address: ipv4(host + 1) }));
    }),
  );
});
