/** What `miredoctl monitor` tells, for people and for scripts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesBetween, happeningJson, happeningOf, happeningText } from '../../daemon/ctl/happenings.js';
import { PLAIN } from '../../daemon/ctl/terminal.js';
import type { Properties } from '../../dbus/org-miredo.js';
import { snapshotOf } from '../../dbus/snapshot.js';
import { rawProperties } from './properties.js';

const TIME = new Date(2026, 10, 23, 1, 2, 3);
for (const [signal, text, members] of [
  [
    { name: 'StateChanged', body: ['failed', 'qualifying', ['server-silent', 'No answer.']] },
    'qualifying → failed: No answer.',
    {
      event: 'state',
      state: 'failed',
      previous: 'qualifying',
      reason: { code: 'server-silent', sentence: 'No answer.' },
    },
  ],
  [
    { name: 'StateChanged', body: ['qualified', 'qualifying', ['', '']] },
    'qualifying → qualified',
    { event: 'state', state: 'qualified', previous: 'qualifying', reason: null },
  ],
  [
    { name: 'AddressChanged', body: ['2001:0::1', ''] },
    'address 2001:0::1',
    { event: 'address', address: '2001:0::1', previous: null },
  ],
  [
    { name: 'AddressChanged', body: ['', '2001:0::1'] },
    'no address any more',
    { event: 'address', address: null, previous: '2001:0::1' },
  ],
  [
    { name: 'QualificationChanged', body: [true, {}] },
    'qualified: the tunnel can be used',
    { event: 'qualification', qualified: true },
  ],
  [
    { name: 'ServerChanged', body: ['b.example', 'a.example', ['server-silent', 'a.example is silent.']] },
    'server b.example: a.example is silent.',
    {
      event: 'server',
      server: 'b.example',
      previous: 'a.example',
      reason: { code: 'server-silent', sentence: 'a.example is silent.' },
    },
  ],
] as const) {
  test(`monitor: ${text}`, () => {
    const happening = happeningOf(signal);
    assert.ok(happening);
    assert.equal(happeningText(happening, TIME, PLAIN), `01:02:03  ${text}`);
    assert.deepEqual(JSON.parse(happeningJson(happening, TIME)), {
      schemaVersion: 1,
      time: TIME.toISOString(),
      ...members,
    });
  });
}

test('progress is for the caller, not for the monitor', () => {
  assert.equal(happeningOf({ name: 'ProbeProgress', body: ['a', {}] }), undefined);
  assert.equal(happeningOf({ name: 'DiagnoseProgress', body: ['dns', 'ok', 'Good.', {}] }), undefined);
});

const entry = (name: string, primary: string): Properties['Servers'][number] => [
  name,
  { primary: { signature: 's', value: primary }, origin: { signature: 's', value: 'user' } },
];
for (const [before, after, lines] of [
  [{}, { State: 'qualified', Address: '2001::1' }, []],
  [{ Ipv6Reachable: 'unknown' }, { Ipv6Reachable: 'yes' }, ['the IPv6 Internet answers']],
  [{ Ipv6Reachable: 'yes' }, { Ipv6Reachable: 'no' }, ['the IPv6 Internet does not answer']],
  [{ Ipv6Reachable: 'yes' }, { Ipv6Reachable: 'unknown' }, ['whether the IPv6 Internet answers is not known']],
  [{ ServerChoice: 'a' }, { ServerChoice: 'auto' }, ['chosen: auto']],
  [{ ServerChoice: 'a' }, { ServerChoice: '' }, ['no server is chosen']],
  [{ Servers: [] }, { Servers: [entry('evil\u001b', '1')] }, ['list of servers: added evil\ufffd']],
  [
    { Servers: [entry('a', '1'), entry('b', '2'), entry('c', '3')] },
    { Servers: [entry('b', '2'), entry('c', '4'), entry('d', '5')] },
    ['list of servers: added d; changed c; removed a'],
  ],
] as const) {
  test(`properties that change: ${JSON.stringify(lines)}`, () => {
    const changes = changesBetween(snapshotOf(rawProperties(before)), snapshotOf(rawProperties(after)));
    assert.deepEqual(
      changes.map((change) => happeningText(change, TIME, PLAIN)),
      lines.map((line) => `01:02:03  ${line}`),
    );
  });
}
