/** Secure qualification at the server: RFC 4380 §5.2.2, §5.3.1 rule 4, §5.3.2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerAuthentication } from '../../daemon/protocol/configuration.js';
import { sameBytes, signSolicitation } from '../../daemon/protocol/secure-qualification.js';
import { parseDatagram } from '../../daemon/wire/encapsulation.js';
import { VECTOR_CLIENT_ID, VECTOR_SECRET } from '../fixtures/vector.js';
import { fromHex, vector } from '../fixtures/vectors.js';
import { dropped, hmac, patched, SERVER_OF_A, ServerUnderTest, sent } from './server-harness.js';

const CLIENT_ID = new TextEncoder().encode(VECTOR_CLIENT_ID);
const SECRET = new TextEncoder().encode(VECTOR_SECRET);
const VALUE_AT = 4 + CLIENT_ID.length;

/** A server that knows one client. */
function serverWith(
  options: Partial<{ required: boolean; valid: boolean; algorithm: 'sha1' | 'md5' }>,
): ServerUnderTest {
  const { required = true, valid = true, algorithm = 'sha1' } = options;
  const authentication: ServerAuthentication = {
    required,
    find: (clientId) => (sameBytes(clientId, CLIENT_ID) ? { secret: SECRET, algorithm, valid } : undefined),
  };
  return new ServerUnderTest({ ...SERVER_OF_A, authentication });
}

const strangersSolicitation = (): Uint8Array => {
  const credentials = { clientId: new TextEncoder().encode('stranger'), secret: SECRET, algorithm: 'sha1' } as const;
  return signSolicitation(credentials, fromHex('0102030405060708'), vector('RS-1').payload, hmac);
};

test('S-5 S-22 C-SEC-1 C-SEC-7 C-SEC-8: a signed solicitation brings a signed advertisement', () => {
  const { payload, source } = vector('RS-6');
  assert.deepEqual(serverWith({}).receive(payload, source), sent(0, source, vector('RA-4').payload));
});

test('S-22 C-SEC-7 C-SEC-10: HMAC-MD5 where the two have agreed on it', () => {
  const { payload, source } = vector('RS-7');
  const server = serverWith({ algorithm: 'md5' });
  assert.deepEqual(server.receive(payload, source), sent(0, source, vector('RA-5').payload));
  assert.deepEqual(serverWith({}).receive(payload, source), dropped('bad-authentication'));
});

test('S-22 C-SEC-6: a client whose key has run out is told so, under its old key', () => {
  const { payload, source } = vector('RS-6');
  const server = serverWith({ valid: false });
  assert.deepEqual(server.receive(payload, source), sent(0, source, vector('RA-6').payload));
});

test('S-5 C-SEC-1: without authentication there is no answer where it is required', () => {
  for (const id of ['RS-1', 'RS-2']) {
    const { payload, source } = vector(id);
    assert.deepEqual(serverWith({}).receive(payload, source), dropped('bad-authentication'), id);
  }
});

test('S-5: an unknown client gets no answer where authentication is required', () => {
  const { source } = vector('RS-6');
  assert.deepEqual(serverWith({}).receive(strangersSolicitation(), source), dropped('bad-authentication'));
});

test('S-5 C-SEC-9: a wrong value gets no answer, required or not', () => {
  const { payload, source } = vector('RS-6');
  const forged = patched(payload, VALUE_AT, (payload[VALUE_AT] ?? 0) ^ 1);
  for (const required of [true, false]) {
    assert.deepEqual(serverWith({ required }).receive(forged, source), dropped('bad-authentication'));
  }
});

test('S-5 C-SEC-8: a changed nonce or confirmation byte makes the value wrong', () => {
  const { payload, source } = vector('RS-6');
  for (const at of [33, 40, 41]) {
    const forged = patched(payload, at, (payload[at] ?? 0) ^ 1);
    assert.deepEqual(serverWith({}).receive(forged, source), dropped('bad-authentication'), `byte ${at}`);
  }
});

test('S-23 C-SEC-5: where it is not required, a nonce alone is answered with the nonce alone', () => {
  const { payload, source } = vector('RS-2');
  const outcome = serverWith({ required: false }).receive(payload, source);
  assert.deepEqual(outcome, sent(0, source, vector('RA-2').payload));
});

test('S-22 C-SEC-6: where it is not required, an unknown client is told to get a key', () => {
  const { source } = vector('RS-6');
  const [answer] = serverWith({ required: false }).receive(strangersSolicitation(), source).sent;
  assert.ok(answer !== undefined);
  const bytes = fromHex(answer.payload);
  const datagram = parseDatagram(bytes, 0, bytes.length);
  assert.ok(typeof datagram !== 'string' && datagram.authentication !== undefined);
  const { clientId, value, nonce, confirmation } = datagram.authentication;
  assert.equal(new TextDecoder().decode(clientId), 'stranger');
  assert.equal(value.length, 0);
  assert.deepEqual(nonce, fromHex('0102030405060708'));
  assert.notEqual(confirmation, 0);
});

test('S-20 S-22 U-5: the cone bit counts for a signed solicitation as well', () => {
  const credentials = { clientId: CLIENT_ID, secret: SECRET, algorithm: 'sha1' } as const;
  const cone = vector('RS-3').payload.subarray(13);
  const solicitation = signSolicitation(credentials, fromHex('0102030405060708'), cone, hmac);
  const { source } = vector('RS-3');
  assert.equal(serverWith({}).receive(solicitation, source, 0).sent[0]?.socket, 1);
  assert.equal(serverWith({}).receive(solicitation, source, 1).sent[0]?.socket, 0);
});
