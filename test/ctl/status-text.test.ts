/** The table of `miredoctl status`, and its parts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytes, duration, natWords, stateSentence, statusText } from '../../daemon/ctl/status-text.js';
import { COLOURED, PLAIN, printable, styleFor } from '../../daemon/ctl/terminal.js';
import { snapshotOf } from '../../dbus/snapshot.js';
import { QUALIFIED, rawProperties } from './properties.js';

/** Ten seconds after the state began. */
const NOW = 1_795_000_010_000;

describe('the table', () => {
  test('of a qualified tunnel', () => {
    const text = statusText(snapshotOf(rawProperties(QUALIFIED)), NOW, PLAIN);
    assert.deepEqual(text.split('\n'), [
      'State          qualified for 10 s',
      'Enabled        yes',
      'Policy         automatic: up where there is no native IPv6',
      'Address        2001:0:cb00:7101:0:fd5e:34ff:8ef8',
      'IPv6 Internet  answers',
      'Local          192.0.2.5, port 40000',
      'Mapped to      203.0.113.7, port 673',
      'Server         teredo.example.net, 203.0.113.1',
      'NAT            restricted, endpoint-independent mapping, dependent filtering (known by qualification), port changed',
      'Firewall       lets in answers, and of what is unasked ping, 22/tcp, 5000-5010/udp',
      'Interface      teredo, index 5, MTU 1280',
      'Round trip     12.3 ms to the server',
      'Last contact   4 s ago',
      'Refresh        every 30 s at the latest',
      'Received       1 datagram, 1.5 kB',
      'Sent           2 packets, 999 bytes',
      'Bubbles        4 received, 3 sent',
      'Peers          5',
      'Dropped        7 malformed, 1 not-for-us',
      'Daemon         2.0.0',
      '',
    ]);
  });

  test('of a stopped tunnel: nothing is shown that is not there', () => {
    const text = statusText(snapshotOf(rawProperties()), NOW, PLAIN);
    assert.deepEqual(text.split('\n'), [
      'State    stopped for 10 s',
      'Reason   The tunnel was stopped on request.',
      'Enabled  no',
      'Policy   automatic: up where there is no native IPv6',
      'Server   teredo.example.net',
      'Daemon   2.0.0',
      '',
    ]);
  });

  test('a server that is configured by its address is shown once', () => {
    const raw = rawProperties({ Server: '203.0.113.1', ServerAddress: '203.0.113.1', ServerChoice: '203.0.113.1' });
    assert.match(statusText(snapshotOf(raw), NOW, PLAIN), /^Server {3}203\.0\.113\.1$/m);
  });

  test('of a daemon that has no properties that we know', () => {
    assert.equal(statusText(snapshotOf({}), NOW, PLAIN), 'State    unknown\nEnabled  no\n');
  });

  test('colours change nothing but the colour', () => {
    const snapshot = snapshotOf(rawProperties(QUALIFIED));
    const coloured = statusText(snapshot, NOW, COLOURED);
    assert.ok(coloured.includes('\u001b[32mqualified\u001b[0m'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are.
    assert.equal(coloured.replace(/\u001b\[\d+m/g, ''), statusText(snapshot, NOW, PLAIN));
  });

  test('what others chose cannot move the cursor', () => {
    const raw = rawProperties({
      Server: 'evil\u001b[2J\n',
      ServerChoice: 'e\u001bvil',
      StateReason: ['x', 'a\u009b1mb'],
    });
    const text = statusText(snapshotOf(raw), NOW, PLAIN);
    assert.match(text, /^Server {3}evil\ufffd\[2J\ufffd$/m);
    assert.equal(printable('\u001b\u007f\r\n\t'), '\ufffd'.repeat(5));
    assert.equal(text.split('\n').length, 8);
  });

  for (const [reachable, words] of [
    ['yes', 'answers'],
    ['no', 'does not answer: miredoctl diagnose'],
    ['unknown', 'not known whether it answers: miredoctl diagnose'],
  ] as const) {
    test(`qualified is one fact, the IPv6 Internet another: ${reachable}`, () => {
      const text = statusText(snapshotOf(rawProperties({ ...QUALIFIED, Ipv6Reachable: reachable })), NOW, PLAIN);
      assert.match(text, /^State +qualified/);
      assert.ok(text.includes(`\nIPv6 Internet  ${words}\n`), text);
    });
  }

  test('the server that was chosen, where it is not the one in use', () => {
    const chosen = (ServerChoice: string): string =>
      statusText(snapshotOf(rawProperties({ ServerChoice })), NOW, PLAIN);
    assert.match(chosen('auto'), /^Chosen +the best server that answers \(auto\)$/m);
    assert.match(chosen('home'), /^Chosen +home$/m);
  });

  for (const [nat, words] of [
    [{}, 'restricted, endpoint-independent mapping, dependent filtering (known by diagnosis), port changed'],
    [
      { filtering: 'endpoint-independent', portPreserving: true },
      'cone, endpoint-independent mapping, endpoint-independent filtering (known by diagnosis), port preserved',
    ],
    [{ filtering: 'unknown' }, 'endpoint-independent mapping, unknown filtering, port changed'],
    [{ mapping: 'symmetric', learntBy: '' }, 'symmetric, symmetric mapping, dependent filtering, port changed'],
    [{ isPublic: true }, 'none, the address is public'],
  ] as const) {
    test(`NAT: ${words}`, () => {
      const learnt = { mapping: 'endpoint-independent', filtering: 'dependent', learntBy: 'diagnosis' };
      assert.equal(natWords({ portPreserving: false, isPublic: false, ...learnt, ...nat }), words);
    });
  }
});

describe('colours', () => {
  for (const [isTerminal, environment, expected] of [
    [true, {}, COLOURED],
    [false, {}, PLAIN],
    [true, { NO_COLOR: '1' }, PLAIN],
    [true, { NO_COLOR: '' }, COLOURED],
    [true, { TERM: 'dumb' }, PLAIN],
  ] as const) {
    test(`${isTerminal ? 'a terminal' : 'no terminal'}, ${JSON.stringify(environment)}`, () => {
      assert.equal(styleFor(isTerminal, environment), expected);
    });
  }
});

test('the state in a sentence', () => {
  const sentence = (changes: Parameters<typeof rawProperties>[0]): string =>
    stateSentence(snapshotOf(rawProperties(changes)));
  assert.equal(sentence(QUALIFIED), 'qualified: 2001:0:cb00:7101:0:fd5e:34ff:8ef8');
  assert.equal(sentence({}), 'stopped: The tunnel was stopped on request.');
  assert.equal(sentence({ State: 'qualifying', StateReason: ['', ''] }), 'qualifying: server teredo.example.net');
  assert.equal(sentence({ State: 'waiting', StateReason: ['no-network', 'No.'] }), 'waiting: No.');
});

for (const [count, text] of [
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [1.5e9, '1.5 GB'],
  [2e15, '2000.0 TB'],
] as const) {
  test(`${count} bytes are ${text}`, () => assert.equal(bytes(count), text));
}

for (const [milliseconds, text] of [
  [-5000, '0 s'],
  [400, '0 s'],
  [59_499, '59 s'],
  [60_000, '1 min'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h'],
  [3_605_000, '1 h'],
  [90_061_000, '1 d 1 h'],
] as const) {
  test(`${milliseconds} ms are ${text}`, () => assert.equal(duration(milliseconds), text));
}
