/** Numbers, durations and events in words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Nat } from '../../../dbus/snapshot.js';
import { eventWords } from '../../../tray-app/renderer/event-words.js';
import { figuresIn } from '../../../tray-app/renderer/figures.js';
import { natWords } from '../../../tray-app/renderer/nat-words.js';
import type { LogEntry } from '../../../tray-app/shared/log-entry.js';
import { translator } from '../../../tray-app/shared/messages.js';
import { LOG } from './views.js';

/** With plain spaces, as it is read. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('figures', () => {
  const english = figuresIn('en-GB');
  const german = figuresIn('de');

  for (const [count, one, other] of [
    [0, '0 B', '0 B'],
    [999, '999 B', '999 B'],
    [1000, '1.0 kB', '1,0 kB'],
    [999_949, '999.9 kB', '999,9 kB'],
    [999_950, '1.0 MB', '1,0 MB'],
    [1.5e15, '1,500.0 TB', '1.500,0 TB'],
  ] as const) {
    test(`${count} bytes`, () => {
      assert.equal(plain(english.bytes(count)), one);
      assert.equal(plain(german.bytes(count)), other);
    });
  }

  for (const [milliseconds, words] of [
    [-5000, '0 s'],
    [0, '0 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [3_600_000, '1 h'],
    [3_661_000, '1 h 1 min'],
    [90_061_000, '1 d 1 h'],
    [86_400_000 * 400, '400 d'],
  ] as const) {
    test(`${milliseconds} ms`, () => assert.equal(plain(english.duration(milliseconds)), words));
  }

  test('a moment of today is a time, another has its day', () => {
    const noon = new Date(2026, 10, 24, 12, 0).getTime();
    assert.equal(english.moment(noon - 60_000, noon), '11:59');
    assert.match(english.moment(noon - 86_400_000, noon), /23 Nov 2026/);
    assert.match(german.moment(noon - 86_400_000, noon), /23\.11\.2026/);
  });
});

describe('NAT', () => {
  const nat: Nat = {
    mapping: 'endpoint-independent',
    filtering: 'dependent',
    portPreserving: true,
    isPublic: false,
    learntBy: 'qualification',
  };
  for (const [change, words] of [
    [{ isPublic: true }, 'None, the address is public'],
    [{ filtering: 'endpoint-independent' }, 'Open to everybody (full cone), keeps the port'],
    [{ portPreserving: false }, 'Lets in answers only (restricted), changes the port'],
    [{ filtering: 'unknown' }, 'One mapping for all destinations, keeps the port'],
    [{ mapping: 'symmetric' }, 'Another mapping for each destination (symmetric), keeps the port'],
    [{ mapping: 'from-the-future' }, 'Of unknown kind, keeps the port'],
  ] as const) {
    test(words, () => assert.equal(natWords({ ...nat, ...change }, translator('en')), words));
  }
});

describe('events', () => {
  const base = { id: 1, time: 0 } as const;
  const more: readonly LogEntry[] = [
    ...LOG,
    { ...base, kind: 'bus', isPresent: false },
    { ...base, kind: 'daemon', isPresent: false, version: undefined },
    { ...base, kind: 'daemon', isPresent: true, version: undefined },
    { ...base, kind: 'address', address: undefined, previous: 'x' },
    { ...base, kind: 'server', server: undefined, previous: 'x', reason: { code: 'user', sentence: '' } },
    { ...base, kind: 'request', task: 'set-server', subject: 'auto' },
    ...(['qualified', 'lost', 'failed', 'server-switched'] as const).map(
      (notice): LogEntry => ({ ...base, kind: 'notice', notice }),
    ),
  ];

  for (const locale of ['en', 'de'] as const) {
    test(`each is a sentence (${locale})`, () => {
      for (const entry of more) {
        const words = eventWords(entry, locale, translator(locale));
        assert.match(words, /^\S.*[.!?]$/, JSON.stringify(entry));
        assert.doesNotMatch(words, /[{}]|undefined/);
      }
    });
  }

  test('what the user chose needs no reason, what failed has one, and unknown words are shown', () => {
    const say = translator('en');
    const server = { ...base, kind: 'server', server: 'b', previous: 'a' } as const;
    assert.equal(eventWords({ ...server, reason: { code: 'user', sentence: 'x' } }, 'en', say), 'The server is now b.');
    assert.match(
      eventWords({ ...server, reason: { code: 'new', sentence: 'Odd $&.' } }, 'en', say),
      /^a: Odd \$&\. The/,
    );
    const state = { ...base, kind: 'state', state: 'hibernating', previous: 'stopped', reason: undefined } as const;
    assert.equal(eventWords(state, 'en', say), 'hibernating.');
  });
});
