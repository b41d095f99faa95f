/** Values and messages of D-Bus, there and back, in pieces, and spoilt. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeMessage, type Incoming, METHOD_CALL, MessageReader, StreamError } from '../../dbus/message.js';
import { readValues } from '../../dbus/reading.js';
import { parseSignature, SignatureError } from '../../dbus/signature.js';
import { writeValues } from '../../dbus/writing.js';

/** Signature, values, and the bytes of the specification's alignment rules in hexadecimal. */
const CASES: readonly (readonly [signature: string, values: readonly unknown[], bytes: string])[] = [
  ['', [], ''],
  ['yu', [1, 2], '0100000002000000'],
  ['s', ['foo'], '03000000666f6f00'],
  ['b', [true], '01000000'],
  ['nq', [-2, 65534], 'fefffeff'],
  ['xt', [-1n, 1n], 'ffffffffffffffff0100000000000000'],
  ['d', [1], '000000000000f03f'],
  ['g', ['a{sv}'], '05617b73767d00'],
  ['at', [[5n]], '08000000000000000500000000000000'],
  ['at', [[]], '0000000000000000'],
  ['(yq)', [[1, 2]], '01000200'],
  ['as', [['a', '']], '0d0000000100000061000000000000000000'.slice(0, 34)],
  ['v', [{ signature: 'q', value: 7 }], '0171000007 00'.replace(' ', '')],
  [
    'a{sv}',
    [{ a: { signature: 'b', value: true } }],
    '10000000000000000100000061000162 0000000001000000'.replace(' ', ''),
  ],
];

/** readValues makes objects without a prototype. */
const plain = (values: unknown): unknown => structuredClone(values);

describe('values', () => {
  for (const [signature, values, bytes] of CASES) {
    test(`"${signature}": ${bytes || 'nothing'}`, () => {
      const written = writeValues(signature, values);
      assert.equal(written.toString('hex'), bytes);
      assert.deepEqual(plain(readValues(signature, written, true)), plain(values));
      for (let end = 0; end < written.length; end += 1) {
        assert.equal(readValues(signature, written.subarray(0, end), true), undefined, `cut at ${end}`);
      }
      assert.equal(readValues(signature, Buffer.concat([written, Buffer.alloc(1)]), true), undefined, 'too long');
    });
  }

  test('big-endian', () => {
    assert.deepEqual(readValues('ut', Buffer.from('00000001000000000000000000000002', 'hex'), false), [1, 2n]);
  });

  test('a dictionary has no prototype to reach', () => {
    const [read] = readValues('a{ss}', writeValues('a{ss}', [JSON.parse('{"__proto__":"x"}')]), true) ?? [];
    assert.equal(Object.getPrototypeOf(read), null);
    assert.deepEqual(Object.keys(read as object), ['__proto__']);
  });

  test('any bytes for any signature: values or undefined, never an exception', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'ybnqiuxtdsogav(){}h'), maxLength: 12 });
    fc.assert(
      fc.property(letters, fc.uint8Array({ maxLength: 200 }), fc.boolean(), (signature, bytes, little) => {
        const values = readValues(signature, Buffer.from(bytes), little);
        assert.ok(values === undefined || Array.isArray(values));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('signatures', () => {
  for (const signature of [
    'h',
    '(',
    ')',
    '()',
    'a',
    '{ss}',
    'a{vs}',
    'a{s}',
    'a{sss}',
    'z',
    'a(',
    'a{s',
    'a'.repeat(40),
    's'.repeat(256),
  ]) {
    test(`"${signature.slice(0, 50)}" is refused`, () => {
      assert.throws(() => parseSignature(signature), SignatureError);
    });
  }
});

describe('messages', () => {
  const header = { type: METHOD_CALL, path: '/a', interface: 'a.b', member: 'C', destination: ':1.1', signature: 'su' };
  const limits = { header: 4096, body: 4096 };

  function read(chunks: readonly Buffer[]): Incoming[] {
    const messages: Incoming[] = [];
    const reader = new MessageReader(limits, (message) => messages.push(message));
    for (const chunk of chunks) reader.push(chunk);
    return messages;
  }

  test('however the stream is cut, the same messages', () => {
    const large = 'x'.repeat(10_000);
    const bytes = Buffer.concat([
      encodeMessage(1, header, ['one', 1]),
      encodeMessage(2, header, [large, 2]),
      encodeMessage(3, { ...header, signature: '' }),
      encodeMessage(4, header, ['four', 4]),
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 30 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const messages = read(places.slice(1).map((place, index) => bytes.subarray(places[index], place)));
        assert.deepEqual(
          messages.map(({ serial, member, values }) => [serial, member, values()]),
          [
            [1, 'C', ['one', 1]],
            [2, 'C', undefined],
            [3, 'C', []],
            [4, 'C', ['four', 4]],
          ],
        );
      }),
      { numRuns: 300 },
    );
    assert.equal(read([...bytes].map((byte) => Buffer.of(byte))).length, 4);
  });

  test('what is no message ends the stream', () => {
    assert.throws(() => read([Buffer.alloc(16)]), StreamError);
    const long = encodeMessage(1, { ...header, path: `/${'a'.repeat(5000)}` }, ['', 0]);
    assert.throws(() => read([long]), StreamError);
  });

  test('spoilt bytes: a message or a StreamError', () => {
    const bytes = encodeMessage(1, header, ['one', 1]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const spoilt = Buffer.from(bytes);
        spoilt[at] = value;
        try {
          for (const message of read([spoilt])) message.values();
        } catch (error) {
          assert.ok(error instanceof StreamError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
