import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIpv6 } from '../../daemon/wire/ipv6.js';
import {
  emitLinkLocal,
  emitTeredoAddress,
  FLAGS_RANDOM,
  hasUsableMapping,
  isTeredoAt,
  mappedAddressAt,
  mappedPortAt,
  parseTeredoAddress,
  randomFlags,
  serverAt,
  serverLinkLocal,
  TEREDO_PREFIX,
} from '../../daemon/wire/teredo-address.js';
import { ADDRESS_VECTORS, LINK_LOCAL_VECTORS } from '../fixtures/address-vectors.js';
import { ACTORS } from '../fixtures/vector.js';
import { address, endpoint, fromHex, ipv6, toHex } from '../fixtures/vectors.js';
import { anyIpv4, anyPort } from './addresses.js';

test('ADDR-1 ADDR-2 ADDR-5: every vector, written, read and as text', () => {
  for (const { id, server, flags, mapped, bytes, text } of ADDRESS_VECTORS) {
    const { address: mappedAddress, port: mappedPort } = endpoint(mapped);
    const parts = { prefix: TEREDO_PREFIX, server: address(server), flags, mappedPort, mappedAddress };
    const emitted = emitTeredoAddress(parts);
    assert.equal(toHex(emitted), bytes, id);
    assert.deepEqual(parseTeredoAddress(emitted), parts, id);
    assert.equal(formatIpv6(emitted), text, id);
    assert.deepEqual(ipv6(text), emitted, id);
  }
});

test('ADDR-7 ADDR-8 U-5: link-local addresses, with a private IPv4 address and the server’s own', () => {
  for (const { id, flags, mapped, bytes, text } of LINK_LOCAL_VECTORS) {
    const { address: mappedAddress, port } = endpoint(mapped);
    const emitted = emitLinkLocal(flags, mappedAddress, port);
    assert.equal(toHex(emitted), bytes, id);
    assert.equal(formatIpv6(emitted), text, id);
  }
  const server = LINK_LOCAL_VECTORS.find(({ id }) => id === 'link-local-server');
  assert.equal(toHex(serverLinkLocal(address(ACTORS.serverOfA))), server?.bytes);
});

test('ADDR-1 ADDR-5: any parts survive being written and read', () => {
  const anyFlags = fc.integer({ min: 0, max: 0xffff });
  const anyPrefix = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(anyPrefix, anyIpv4, anyFlags, anyPort, anyIpv4, (prefix, server, flags, mappedPort, mappedAddress) => {
      const parts = { prefix, server, flags, mappedPort, mappedAddress };
      const emitted = emitTeredoAddress(parts);
      assert.deepEqual(parseTeredoAddress(emitted, prefix), parts);
      assert.equal(parseTeredoAddress(emitted, prefix ^ 1), undefined);
      const around = new Uint8Array(40).fill(0xee);
      around.set(emitted, 13);
      const view = new DataView(around.buffer);
      assert.ok(isTeredoAt(view, 13, prefix));
      assert.equal(serverAt(view, 13), server);
      assert.equal(mappedPortAt(view, 13), mappedPort);
      assert.equal(mappedAddressAt(view, 13), mappedAddress);
    }),
  );
});

test('ADDR-6 C-SEND-12: a mapping can be used when its IPv4 address is global unicast and its port not 0', () => {
  const unusable = new Set(['address-12', 'address-13', 'address-15']);
  for (const { id, bytes } of ADDRESS_VECTORS) {
    assert.equal(hasUsableMapping(new DataView(fromHex(bytes).buffer), 0), !unusable.has(id), id);
  }
  const [mappedPort, mappedAddress] = [endpoint('0.0.0.0:0').port, address('192.0.2.1')];
  const noPort = emitTeredoAddress({
    prefix: TEREDO_PREFIX,
    server: mappedAddress,
    flags: 0,
    mappedPort,
    mappedAddress,
  });
  assert.ok(!hasUsableMapping(new DataView(noPort.buffer), 0));
});

test('U-1 U-3 ADDR-3: twelve flag bits are random; C, z, U and G are 0', () => {
  assert.equal(FLAGS_RANDOM, 0x3cff);
  assert.equal(randomFlags(0xffff), 0x3cff);
  assert.equal(randomFlags(0), 0);
  const seen = new Set<number>();
  for (let random = 0; random <= 0xffff; random++) seen.add(randomFlags(random));
  assert.equal(seen.size, 4096);
});
