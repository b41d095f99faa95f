import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFault } from '../../daemon/config/fault.js';
import { parseServerConf } from '../../daemon/config/server-conf.js';

const parse = (text: string) => parseServerConf('miredo-server.conf', text);
const messages = (text: string): string => parse(text).faults.map(formatFault).join('\n');

test('the secondary address follows the primary', () => {
  assert.deepEqual(parse('ServerBindAddress 203.0.113.10').settings, {
    primary: 0xcb00710a,
    secondary: 0xcb00710b,
    prefix: 0x20010000,
    mtu: 1280,
    syslogFacility: 'daemon',
  });
});

test('every directive arrives', () => {
  const lines = [
    'ServerBindAddress 203.0.113.10',
    'ServerBindAddress2 198.51.100.7',
    'Prefix 2001:db8::',
    'InterfaceMTU 1400',
    'SyslogFacility user',
  ];
  assert.deepEqual(parse(lines.join('\n')).settings, {
    primary: 0xcb00710a,
    secondary: 0xc6336407,
    prefix: 0x20010db8,
    mtu: 1400,
    syslogFacility: 'user',
  });
});

const ERRORS: readonly (readonly [text: string, message: RegExp])[] = [
  ['', /^miredo-server\.conf: ServerBindAddress is missing/],
  ['ServerBindAddress 10.0.0.1', /:1: ServerBindAddress: 10\.0\.0\.1 is not a public/],
  ['ServerBindAddress teredo.example', /:1: ServerBindAddress: "teredo\.example" is not an IPv4 address/],
  ['ServerBindAddress 223.255.255.255', /:1: the secondary address 224\.0\.0\.0 is not public; set ServerBindAddress2/],
  ['ServerBindAddress 203.0.113.1\nServerBindAddress2 203.0.113.1', /:2: ServerBindAddress2 must differ/],
  ['ServerBindAddress 203.0.113.1\nServerBindAddress2 203.0.113', /:2: ServerBindAddress2: "203\.0\.113" is not/],
];
for (const [text, message] of ERRORS) {
  test(`error: ${JSON.stringify(text)}`, () => {
    assert.equal(parse(text).settings, undefined);
    assert.match(messages(text), message);
  });
}

test('what belongs to miredo.conf is passed over', () => {
  const text = 'ServerBindAddress 203.0.113.1\nRelayType relay';
  assert.ok(parse(text).settings !== undefined);
  assert.match(messages(text), /:2: "RelayType" is no directive and is ignored/);
});
