/** The strict reader of what a probe says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Duration } from '../../daemon/protocol/time.js';
import { writeFromEngine } from '../../daemon/tunnel/engine-messages.js';
import { TARGET_LIMIT } from '../../daemon/tunnel/messages.js';
import { type FromProbe, readFromProbe } from '../../daemon/tunnel/probe-messages.js';
import { ipv4, isGlobalUnicast, port } from '../../daemon/wire/ipv4.js';

const HEARD = { mapped: { address: 0xc6336401, port: 4096 }, roundTrip: 12.5 };
const probed = (changes: object): object => ({
  type: 'probed',
  target: 0,
  primary: HEARD,
  secondary: HEARD,
  ...changes,
});
const heard = (changes: object): object => probed({ primary: { ...HEARD, ...changes } });
const mapped = (changes: object): object => heard({ mapped: { ...HEARD.mapped, ...changes } });

/** Each is no message. */
const HOSTILE: readonly (readonly [what: string, value: unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 7],
  ['a text', 'done'],
  ['a list', [{ type: 'done' }]],
  ['no type', {}],
  ['an unknown type', { type: 'state' }],
  ['a type of another kind', { type: ['done'] }],
  ['a field too many', { type: 'done', command: 'id' }],
  ['a prototype', JSON.parse('{"type":"done","__proto__":{"x":1}}')],
  ['ready without a list', { type: 'ready' }],
  ['ready with a text', { type: 'ready', lacking: 'seccomp' }],
  ['ready with a list of others', { type: 'ready', lacking: [1] }],
  ['ready with a long list', { type: 'ready', lacking: Array.from({ length: 17 }, () => 'x') }],
  ['ready with a long text', { type: 'ready', lacking: ['x'.repeat(501)] }],
  ['broken without a sentence', { type: 'broken' }],
  ['broken with a long sentence', { type: 'broken', sentence: 'x'.repeat(501) }],
  ['no target', probed({ target: undefined })],
  ['a negative target', probed({ target: -1 })],
  ['half a target', probed({ target: 0.5 })],
  ['a target beyond all', probed({ target: TARGET_LIMIT })],
  ['a target in words', probed({ target: '0' })],
  ['a target that is no number', probed({ target: Number.NaN })],
  ['null for silence', probed({ primary: null })],
  ['a truth for an answer', probed({ secondary: true })],
  ['no mapping', heard({ mapped: undefined })],
  ['a mapping in words', heard({ mapped: '198.51.100.1:4096' })],
  ['a mapping with a field too many', mapped({ name: 'x' })],
  ['an answer with a field too many', heard({ name: 'x' })],
  ['a private address', mapped({ address: 0x0a000001 })],
  ['an address beyond all', mapped({ address: 2 ** 32 })],
  ['a negative address', mapped({ address: -1 })],
  ['port 0', mapped({ port: 0 })],
  ['port 65536', mapped({ port: 65536 })],
  ['no time', heard({ roundTrip: undefined })],
  ['a negative time', heard({ roundTrip: -1 })],
  ['a time without end', heard({ roundTrip: Number.POSITIVE_INFINITY })],
  ['a time longer than a probe lives', heard({ roundTrip: 60_001 })],
  ['a NAT without an answer', { type: 'cone', target: 0 }],
  ['a NAT with another word', { type: 'cone', target: 0, answer: 'constructor' }],
  ['a NAT of no target', { type: 'cone', answer: 'none' }],
];

for (const [what, value] of HOSTILE) {
  test(`${what} is no message`, () => assert.equal(readFromProbe(value), undefined));
}

test('texts cannot move a cursor', () => {
  const sentence = 'a\u001b[2J\nb';
  assert.deepEqual(readFromProbe({ type: 'broken', sentence }), { type: 'broken', sentence: 'a?[2J?b' });
  assert.deepEqual(readFromProbe({ type: 'ready', lacking: [sentence] }), { type: 'ready', lacking: ['a?[2J?b'] });
});

const target = fc.nat(TARGET_LIMIT - 1);
const answer = fc.option(
  fc.record({
    mapped: fc.record({
      address: fc.integer({ min: 0, max: 0xffffffff }).filter(isGlobalUnicast).map(ipv4),
      port: fc.integer({ min: 1, max: 65535 }).map(port),
    }),
    roundTrip: fc.double({ min: 0, max: 60_000, noNaN: true }).map((time) => (time === 0 ? 0 : time) as Duration),
  }),
  { nil: undefined },
);
const honest: fc.Arbitrary<FromProbe> = fc.oneof(
  fc.constant({ type: 'done' } as const),
  fc.record({
    type: fc.constant('ready' as const),
    lacking: fc.array(fc.stringMatching(/^[a-z ]{0,20}$/), { maxLength: 16 }),
  }),
  fc.record({ type: fc.constant('probed' as const), target, primary: answer, secondary: answer }),
  fc.record({
    type: fc.constant('cone' as const),
    target,
    answer: fc.constantFrom('secondary' as const, 'primary' as const, 'none' as const),
  }),
  fc.record({ type: fc.constant('broken' as const), sentence: fc.stringMatching(/^[a-z .]{0,80}$/) }),
);
const asSent = (message: FromProbe): unknown => JSON.parse(JSON.stringify(writeFromEngine(message)));

test('what an honest probe says is read as it was meant', () => {
  fc.assert(
    fc.property(honest, (message) => {
      const read = readFromProbe(asSent(message));
      assert.ok(read !== undefined);
      assert.deepEqual(asSent(read), asSent(message));
    }),
  );
});

test('whatever JSON comes: no exception, and what is let through is let through again as the same', () => {
  const near = fc.tuple(honest, fc.string(), fc.jsonValue()).map(([message, key, value]) => ({
    ...(asSent(message) as object),
    [key]: value,
  }));
  const altered = fc
    .tuple(
      honest,
      fc.constantFrom('type', 'target', 'primary', 'secondary', 'answer', 'lacking', 'sentence'),
      fc.jsonValue(),
    )
    .map(([message, key, value]) => ({ ...(asSent(message) as object), [key]: value }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), near, altered), (value) => {
      const read = readFromProbe(JSON.parse(JSON.stringify(value)));
      if (read !== undefined) assert.deepEqual(readFromProbe(asSent(read)), read);
    }),
    { numRuns: 1000 },
  );
});
