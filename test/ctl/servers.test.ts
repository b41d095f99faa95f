/** The list of servers and what probing them brings, for people and for scripts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodeOfProbes, probesJson, probeText } from '../../daemon/ctl/probe.js';
import { doneSentence, serverListJson, serverListText } from '../../daemon/ctl/server-list.js';
import { COLOURED, PLAIN } from '../../daemon/ctl/terminal.js';
import type { Properties } from '../../dbus/org-miredo.js';
import { type Probe, probeOf } from '../../dbus/reports.js';
import { type Snapshot, snapshotOf } from '../../dbus/snapshot.js';
import { rawProperties } from './properties.js';

const entry = (name: string, details: Readonly<Record<string, string>>): Properties['Servers'][number] => [
  name,
  Object.fromEntries(Object.entries(details).map(([key, value]) => [key, { signature: 's', value }])),
];

const LIST = [
  entry('home', { primary: '203.0.113.1', secondary: '203.0.113.9', origin: 'user', comment: 'in the cellar' }),
  entry('office', { primary: 'teredo.example.net', origin: 'administrator' }),
];

const snapshot = (changes: Partial<Properties>): Snapshot => snapshotOf(rawProperties({ Servers: LIST, ...changes }));
const IN_USE = snapshot({ State: 'qualified', Server: 'teredo.example.net', ServerChoice: 'office' });

describe('server list', () => {
  test('for people', () => {
    assert.deepEqual(serverListText(IN_USE, undefined, PLAIN).split('\n'), [
      'NAME    ADDRESS             SECOND                       FROM           COMMENT',
      'home    203.0.113.1         203.0.113.9                  user           in the cellar',
      'office  teredo.example.net               chosen, in use  administrator',
      '',
      'Chosen: office; in use: teredo.example.net',
      '',
    ]);
  });

  test('gives way on a narrow terminal', () => {
    const lines = serverListText(IN_USE, 60, PLAIN).split('\n');
    assert.ok(
      lines.every((line) => line.length <= 60),
      lines.join('\n'),
    );
    assert.ok(lines[1]?.endsWith('…'));
  });

  test('columns with nothing in them are left out; colours change nothing else', () => {
    const plain = serverListText(snapshot({ Servers: LIST.slice(1), ServerChoice: 'auto' }), undefined, PLAIN);
    assert.deepEqual(plain.split('\n').slice(0, 2), [
      'NAME    ADDRESS             FROM',
      'office  teredo.example.net  administrator',
    ]);
    assert.match(plain, /^Chosen: the best that answers \(auto\)$/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are.
    assert.equal(serverListText(IN_USE, 80, COLOURED).replace(/\u001b\[\d+m/g, ''), serverListText(IN_USE, 80, PLAIN));
  });

  test('an empty one', () => {
    const text = serverListText(snapshot({ Servers: [], ServerChoice: '' }), undefined, PLAIN);
    assert.equal(text, 'There are no servers in the list.\n\nChosen: none\n');
  });

  test('what others wrote cannot move the cursor', () => {
    const evil = [entry('a\u001b[2J', { primary: 'b\n', comment: '\u009b1m', origin: '\u0007' })];
    const text = serverListText(snapshot({ Servers: evil, ServerChoice: 'x\u001bc' }), undefined, PLAIN);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none is to be there.
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f]/);
    assert.equal(text.split('\n').length, 5);
  });

  test('for scripts', () => {
    assert.deepEqual(serverListJson(IN_USE), {
      schemaVersion: 1,
      choice: 'office',
      inUse: 'teredo.example.net',
      servers: [
        {
          name: 'home',
          primary: '203.0.113.1',
          secondary: '203.0.113.9',
          comment: 'in the cellar',
          origin: 'user',
          chosen: false,
          inUse: false,
        },
        {
          name: 'office',
          primary: 'teredo.example.net',
          secondary: null,
          comment: null,
          origin: 'administrator',
          chosen: true,
          inUse: true,
        },
      ],
      error: null,
    });
  });

  test('for scripts: the same members when it cannot be had', () => {
    const none = serverListJson({ code: 'no-daemon', name: '', sentence: 'Why.' });
    assert.deepEqual(Object.keys(none), Object.keys(serverListJson(IN_USE)));
    assert.deepEqual(none['error'], { code: 'no-daemon', name: null, sentence: 'Why.' });
  });
});

for (const [request, sentence] of [
  [{ command: 'server set', server: 'auto' }, 'chosen: the best server that answers'],
  [{ command: 'server set', server: 'home' }, 'chosen: home'],
  [{ command: 'server add', name: 'x\u001b', details: {} }, 'added: x\ufffd'],
  [{ command: 'server remove', name: 'home' }, 'removed: home'],
] as const) {
  test(`${request.command}: ${sentence}`, () => assert.equal(doneSentence(request), sentence));
}

describe('server probe', () => {
  const probe = (name: string, result: Readonly<Record<string, unknown>>): Probe =>
    probeOf(name, Object.fromEntries(Object.entries(result).map(([key, value]) => [key, { signature: '', value }])));
  const GOOD = probe('home', { reachable: true, rtt: 12_345n, secondary: true, address: '203.0.113.1', error: '' });
  const HALF = probe('half', {
    reachable: true,
    rtt: 5000n,
    secondary: false,
    error: 'Its second address is silent.',
    'error-code': 'secondary-silent',
  });
  const SILENT = probe('gone', {
    reachable: false,
    secondary: false,
    error: 'No an\u001bswer.',
    'error-code': 'server-silent',
    address: '203.0.113.99',
  });

  for (const [one, line] of [
    [GOOD, '✓ home    203.0.113.1: answers in 12.3 ms, both addresses'],
    [HALF, '! half    answers in 5.0 ms; Its second address is silent.'],
    [SILENT, '✗ gone    203.0.113.99: No an\ufffdswer.'],
    [probe('203.0.113.1', { reachable: false, address: '203.0.113.1' }), '✗ 203.0.113.1  does not answer'],
  ] as const) {
    test(line, () => assert.equal(probeText(one, 6, undefined, PLAIN), line));
  }

  test('is wrapped on a narrow terminal, below its own column', () => {
    const lines = probeText(GOOD, 6, 40, PLAIN).split('\n');
    assert.deepEqual(lines, ['✓ home    203.0.113.1: answers in 12.3', '          ms, both addresses']);
  });

  for (const [probes, code] of [
    [[GOOD], 0],
    [[SILENT, HALF], 0],
    [[SILENT], 8],
    [[], 8],
  ] as const) {
    test(`${probes.map(({ name }) => name).join(', ') || 'nobody'}: exit code ${code}`, () => {
      assert.equal(exitCodeOfProbes(probes), code);
    });
  }

  test('for scripts', () => {
    assert.deepEqual(probesJson([GOOD, SILENT]), {
      schemaVersion: 1,
      servers: [
        {
          name: 'home',
          reachable: true,
          roundTripMicroseconds: 12_345,
          secondary: true,
          address: '203.0.113.1',
          error: null,
        },
        {
          name: 'gone',
          reachable: false,
          roundTripMicroseconds: null,
          secondary: false,
          address: '203.0.113.99',
          error: { code: 'server-silent', sentence: 'No an\u001bswer.' },
        },
      ],
      error: null,
    });
    const fault = probesJson([], { code: 'not-authorised', name: 'org.x.No', sentence: 'Why.' });
    assert.deepEqual(fault['error'], { code: 'not-authorised', name: 'org.x.No', sentence: 'Why.' });
  });
});
