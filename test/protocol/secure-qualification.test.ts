/** The nonce and the HMAC, against vectors that were made with another HMAC implementation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Credentials } from '../../daemon/protocol/configuration.js';
import {
  sameBytes,
  signAdvertisement,
  signSolicitation,
  verifyAdvertisement,
} from '../../daemon/protocol/secure-qualification.js';
import { concatenate, parseDatagram, type TeredoDatagram } from '../../daemon/wire/encapsulation.js';
import { VECTOR_CLIENT_ID, VECTOR_SECRET } from '../fixtures/vector.js';
import { fromHex, toHex, vector } from '../fixtures/vectors.js';
import { hmac, patched } from './server-harness.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const SHA1: Credentials = { clientId: text(VECTOR_CLIENT_ID), secret: text(VECTOR_SECRET), algorithm: 'sha1' };
const MD5: Credentials = { ...SHA1, algorithm: 'md5' };
const NONCE = fromHex('0102030405060708');
const OTHER_NONCE = fromHex('1112131415161718');
const SOLICITATION = vector('RS-1').payload;
const VALUE_AT = 4 + VECTOR_CLIENT_ID.length;
const NONCE_AT = VALUE_AT + 20;
const CONFIRMATION_AT = NONCE_AT + 8;
const ORIGIN_AT = CONFIRMATION_AT + 1;

function parsed(bytes: Uint8Array): TeredoDatagram {
  const datagram = parseDatagram(bytes, 0, bytes.length);
  assert.ok(typeof datagram !== 'string', `well formed, but: ${String(datagram)}`);
  return datagram;
}

const verdict = (credentials: Credentials | undefined, bytes: Uint8Array, nonces = [NONCE]): string =>
  verifyAdvertisement(credentials, nonces, bytes, parsed(bytes), hmac);

const flipped = (bytes: Uint8Array, at: number): Uint8Array => patched(bytes, at, (bytes[at] ?? 0) ^ 1);

test('C-SEC-5 C-SEC-6 WIRE-4: without credentials a solicitation carries the nonce and confirmation 0', () => {
  assert.equal(toHex(signSolicitation(undefined, NONCE, SOLICITATION, hmac)), toHex(vector('RS-2').payload));
});

test('C-SEC-1 C-SEC-6 C-SEC-7 C-SEC-8: a solicitation signed with HMAC-SHA1', () => {
  assert.equal(toHex(signSolicitation(SHA1, NONCE, SOLICITATION, hmac)), toHex(vector('RS-6').payload));
});

test('C-SEC-7 C-SEC-10: a solicitation signed with HMAC-MD5', () => {
  assert.equal(toHex(signSolicitation(MD5, NONCE, SOLICITATION, hmac)), toHex(vector('RS-7').payload));
});

test('C-SEC-8: an advertisement is signed with its origin indication', () => {
  const plain = vector('RA-1').payload;
  const [origin, packet] = [plain.subarray(0, 8), plain.subarray(8)];
  const answered = { clientId: SHA1.clientId, nonce: NONCE, confirmation: 0 };
  assert.equal(toHex(signAdvertisement(SHA1, answered, origin, packet, hmac)), toHex(vector('RA-4').payload));
  const expired = { ...answered, confirmation: 1 };
  assert.equal(toHex(signAdvertisement(SHA1, expired, origin, packet, hmac)), toHex(vector('RA-6').payload));
});

test('C-SEC-5: without credentials the nonce alone decides', () => {
  assert.equal(verdict(undefined, vector('RA-2').payload), 'valid');
  assert.equal(verdict(undefined, vector('RA-4').payload), 'valid');
});

test('C-SEC-1: an advertisement without authentication is told apart', () => {
  assert.equal(verdict(undefined, vector('RA-1').payload), 'absent');
  assert.equal(verdict(SHA1, vector('RA-1').payload), 'absent');
});

test('C-SEC-4: a nonce that was not sent is wrong', () => {
  assert.equal(verdict(undefined, vector('RA-2').payload, [OTHER_NONCE]), 'wrong-nonce');
  assert.equal(verdict(SHA1, vector('RA-4').payload, [OTHER_NONCE]), 'wrong-nonce');
  assert.equal(verdict(SHA1, vector('RA-4').payload, []), 'wrong-nonce');
  for (let i = 0; i < 8; i++) {
    assert.equal(verdict(undefined, flipped(vector('RA-2').payload, 4 + i)), 'wrong-nonce', `byte ${i}`);
  }
});

test('C-SEC-3: the nonce of any solicitation that is still open will do', () => {
  assert.equal(verdict(undefined, vector('RA-2').payload, [OTHER_NONCE, NONCE]), 'valid');
  assert.equal(verdict(undefined, vector('RA-2').payload, [NONCE, OTHER_NONCE]), 'valid');
});

test('C-SEC-7 C-SEC-9: the value must be right, under the algorithm agreed on', () => {
  assert.equal(verdict(SHA1, vector('RA-4').payload), 'valid');
  assert.equal(verdict(MD5, vector('RA-5').payload), 'valid');
  assert.equal(verdict(MD5, vector('RA-4').payload), 'wrong-value');
  assert.equal(verdict(SHA1, vector('RA-5').payload), 'wrong-value');
  assert.equal(verdict({ ...SHA1, secret: text('another secret') }, vector('RA-4').payload), 'wrong-value');
  for (let at = VALUE_AT; at < NONCE_AT; at++) {
    assert.equal(verdict(SHA1, flipped(vector('RA-4').payload, at)), 'wrong-value', `byte ${at}`);
  }
});

test('C-SEC-8: confirmation byte, origin indication and packet are covered, every byte', () => {
  const { payload } = vector('RA-4');
  for (let at = CONFIRMATION_AT; at < payload.length; at++) {
    const changed = flipped(payload, at);
    // Indicators and lengths in the packet decide whether it is a Teredo datagram at all.
    if (typeof parseDatagram(changed, 0, changed.length) === 'string') continue;
    assert.equal(verdict(SHA1, changed), 'wrong-value', `byte ${at}`);
  }
  const authentication = payload.subarray(0, ORIGIN_AT);
  assert.equal(verdict(SHA1, concatenate(authentication, payload.subarray(ORIGIN_AT + 8))), 'wrong-value');
});

test('C-SEC-8: trailers are not covered', () => {
  assert.equal(verdict(SHA1, concatenate(vector('RA-4').payload, fromHex('0104deadbeef'))), 'valid');
});

test('C-SEC-1 C-SEC-9: credentials are not satisfied by a nonce, nor by another client', () => {
  assert.equal(verdict(SHA1, vector('RA-2').payload), 'wrong-client');
  assert.equal(verdict({ ...SHA1, clientId: text('client-02') }, vector('RA-4').payload), 'wrong-client');
});

test('C-SEC-9: an empty value is wrong', () => {
  const { payload } = vector('RA-4');
  const unsigned = concatenate(patched(payload.subarray(0, VALUE_AT), 3, 0), payload.subarray(NONCE_AT));
  assert.equal(verdict(SHA1, unsigned), 'wrong-value');
});

test('C-SEC-6: a true value with a confirmation other than 0 says that the key has run out', () => {
  assert.equal(verdict(SHA1, vector('RA-6').payload), 'key-expired');
  assert.equal(verdict({ ...SHA1, secret: text('another secret') }, vector('RA-6').payload), 'wrong-value');
});

test('bytes are the same when length and content are', () => {
  assert.ok(sameBytes(fromHex(''), fromHex('')));
  assert.ok(sameBytes(fromHex('0102'), fromHex('0102')));
  assert.ok(!sameBytes(fromHex('0102'), fromHex('0103')));
  assert.ok(!sameBytes(fromHex('0102'), fromHex('010200')));
  assert.ok(!sameBytes(fromHex('8001'), fromHex('0001')));
});
