/** What holds for whatever the network sends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Arrival } from '../../daemon/protocol/server-arrival.js';
import { isBubble } from '../../daemon/wire/bubble.js';
import { concatenate, emitAuthentication, emitOrigin, parseDatagram } from '../../daemon/wire/encapsulation.js';
import { icmpv6TypeAt } from '../../daemon/wire/icmpv6.js';
import { isGlobalUnicast, parseIpv4 } from '../../daemon/wire/ipv4.js';
import { ACTORS } from '../fixtures/vector.js';
import { endpoint, fromHex, PACKET_VECTORS, vector } from '../fixtures/vectors.js';
import { anyEndpoint, SERVER_OF_A, SERVER_OF_B, ServerUnderTest } from './server-harness.js';

const vectorBytes = fc.constantFrom(...PACKET_VECTORS.map(({ payload }) => fromHex(payload)));

/** A vector with some bytes changed and its end cut off or grown. */
const mutated = fc
  .tuple(
    vectorBytes,
    fc.array(fc.tuple(fc.nat(160), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    fc.nat(170),
    fc.uint8Array({ maxLength: 12 }),
  )
  .map(([bytes, changes, length, tail]) => {
    const copy = concatenate(bytes.subarray(0, length), tail);
    for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
    return copy;
  });

const shims = fc
  .tuple(
    fc.option(fc.record({ clientId: fc.uint8Array({ maxLength: 40 }), value: fc.uint8Array({ maxLength: 40 }) })),
    fc.boolean(),
    vectorBytes,
  )
  .map(([authentication, hasOrigin, bytes]) =>
    concatenate(
      authentication === null
        ? new Uint8Array(0)
        : emitAuthentication({ ...authentication, nonce: new Uint8Array(8).fill(9), confirmation: 0 }),
      hasOrigin ? emitOrigin(endpoint('192.0.2.1:4096')) : new Uint8Array(0),
      bytes,
    ),
  );

const datagrams = fc.oneof(vectorBytes, mutated, shims, fc.uint8Array({ maxLength: 200 }));

const sources = fc.oneof(
  fc.constantFrom(ACTORS.a, ACTORS.b, ACTORS.relay, '203.0.113.120:3544', '192.168.1.2:51413').map(endpoint),
  fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.nat(65535)).map(([address, port]) => anyEndpoint(address, port)),
);

const arrivals = fc.tuple(datagrams, sources, fc.constantFrom(0, 1));

test('S-2 WIRE-6: the server reads datagrams as parseDatagram does', () => {
  const arrival = new Arrival();
  fc.assert(
    fc.property(datagrams, fc.nat(9), (payload, margin) => {
      const bytes = concatenate(new Uint8Array(margin).fill(0x60), payload, new Uint8Array(5).fill(0x60));
      arrival.memory = { bytes, view: new DataView(bytes.buffer) };
      arrival.offset = margin;
      arrival.end = margin + payload.length;
      const parsed = parseDatagram(bytes, margin, payload.length);
      assert.equal(arrival.locate(), typeof parsed !== 'string');
      if (typeof parsed === 'string') return;
      const { authentication } = parsed;
      assert.equal(arrival.packet, parsed.packetOffset);
      assert.equal(arrival.packetLength, parsed.packetLength);
      assert.equal(arrival.nonce >= 0, authentication !== undefined);
      if (authentication === undefined) return;
      assert.equal(arrival.nonce, authentication.nonce.byteOffset - bytes.byteOffset);
      assert.equal(arrival.secured, authentication.clientId.length + authentication.value.length > 0);
    }),
    { numRuns: 2000 },
  );
});

test('S-1: each datagram becomes one answer, one packet sent on, or one drop', () => {
  const servers = [new ServerUnderTest(SERVER_OF_A), new ServerUnderTest(SERVER_OF_B)];
  fc.assert(
    fc.property(arrivals, ([payload, source, socket]) => {
      for (const server of servers) {
        const outcome = server.receive(payload, source, socket);
        const count = outcome.sent.length + outcome.drops.length + (outcome.native === undefined ? 0 : 1);
        assert.equal(count, 1);
        const { datagramsIn, packetsOut, drops } = server.server.counters;
        assert.equal(datagramsIn, packetsOut + Object.values(drops).reduce((sum, drop) => sum + drop, 0));
      }
    }),
    { numRuns: 2000 },
  );
});

test('S-1: what came before does not change what a datagram brings about', () => {
  const old = new ServerUnderTest(SERVER_OF_B);
  fc.assert(
    fc.property(arrivals, ([payload, source, socket]) => {
      const fresh = new ServerUnderTest(SERVER_OF_B);
      assert.deepEqual(old.receive(payload, source, socket), fresh.receive(payload, source, socket));
    }),
    { numRuns: 300 },
  );
});

test('S-12 S-21 S-26 F-3: nothing ever goes to an address that is not global unicast, nor to the server itself', () => {
  const server = new ServerUnderTest(SERVER_OF_B);
  fc.assert(
    fc.property(arrivals, ([payload, source, socket]) => {
      for (const { to } of server.receive(payload, source, socket).sent) {
        const [host = '', number] = to.split(':');
        assert.ok(isGlobalUnicast(parseIpv4(host) ?? 0), to);
        assert.notEqual(number, '0');
        assert.ok(to !== `${ACTORS.serverOfB}:3544` && to !== '198.51.100.119:3544');
      }
    }),
    { numRuns: 2000 },
  );
});

test('S-3 WIRE-13: what goes out natively is one whole bubble or ICMPv6 packet', () => {
  const server = new ServerUnderTest(SERVER_OF_A);
  const { payload: echo, source } = vector('ECHO-1');
  const changes = fc.tuple(fc.integer({ min: 24, max: echo.length - 1 }), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(changes, fc.uint8Array({ maxLength: 20 }), ([at, value], trailers) => {
      const bytes = concatenate(echo, trailers);
      bytes[at] = value;
      const { native } = server.receive(bytes, source);
      if (native === undefined) return;
      const view = new DataView(fromHex(native).buffer);
      assert.equal(view.byteLength, 40 + view.getUint16(4));
      assert.ok(isBubble(view, 0) || icmpv6TypeAt(view, 0) >= 0);
    }),
  );
});
