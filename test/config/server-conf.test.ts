/** miredo-server.conf as a whole. Its syntax is that of miredo.conf. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerConf } from '../../daemon/config/server-conf.js';
import { formatIpv4 } from '../../daemon/wire/ipv4.js';

const parse = (text: string) => parseServerConf('miredo-server.conf', text);

const faultsOf = (text: string): string[] =>
  parse(text).faults.map((fault) => `${fault.severity} ${fault.line}: ${fault.sentence}`);

/** Both addresses as text. */
function addressesOf(text: string): string[] {
  const { settings, faults } = parse(text);
  assert.deepEqual(faults, []);
  assert.ok(settings);
  return [settings.primary, settings.secondary].map(formatIpv4);
}

test('the secondary address is the next one unless it is given', () => {
  assert.deepEqual(addressesOf('ServerBindAddress 203.0.113.10\n'), ['203.0.113.10', '203.0.113.11']);
  const both = 'ServerBindAddress 203.0.113.10\nServerBindAddress2 198.51.100.7\n';
  assert.deepEqual(addressesOf(both), ['203.0.113.10', '198.51.100.7']);
});

test('what holds when nothing is said, and what is said', () => {
  const { settings } = parse('ServerBindAddress 203.0.113.10\n');
  assert.deepEqual([settings?.prefix, settings?.mtu, settings?.syslogFacility], [0x20010000, 1280, 'daemon']);
  const text = 'ServerBindAddress 203.0.113.10\nPrefix 3ffe:831f::\nInterfaceMTU 1400\nSyslogFacility user\n';
  const own = parse(text).settings;
  assert.deepEqual([own?.prefix, own?.mtu, own?.syslogFacility], [0x3ffe831f, 1400, 'user']);
});

test('no address, or none that can be', () => {
  assert.deepEqual(faultsOf('# nothing\n'), [
    'error 0: ServerBindAddress is missing: give the first of two public IPv4 addresses of this host',
  ]);
  assert.deepEqual(faultsOf('ServerBindAddress 192.168.1.1\nServerBindAddress2 x\n'), [
    'error 1: ServerBindAddress: 192.168.1.1 is not a public (global unicast) IPv4 address',
    'error 2: ServerBindAddress2: "x" is not an IPv4 address such as 198.51.100.7',
  ]);
});

test('two addresses that are one', () => {
  const text = 'ServerBindAddress 203.0.113.10\nServerBindAddress2 203.0.113.10\n';
  assert.deepEqual(faultsOf(text), [
    'error 2: ServerBindAddress2 must differ from ServerBindAddress: clients compare what the two see',
  ]);
});

test('a next address that no client may ask', () => {
  assert.deepEqual(faultsOf('# ours\nServerBindAddress 9.255.255.255\n'), [
    'error 2: the secondary address 10.0.0.0 is not public; set ServerBindAddress2',
  ]);
});

test('a secondary address that cannot be is told once', () => {
  assert.deepEqual(faultsOf('ServerBindAddress 9.255.255.255\nServerBindAddress2 10.0.0.1\n'), [
    'error 2: ServerBindAddress2: 10.0.0.1 is not a public (global unicast) IPv4 address',
  ]);
});

test('directives of the other program are named as such', () => {
  assert.deepEqual(faultsOf('ServerBindAddress 203.0.113.10\nServerAddress teredo.example\nRelayType relay\n'), [
    'warning 2: ServerAddress belongs in miredo.conf and is ignored here',
    'warning 3: RelayType belongs in miredo.conf and is ignored here',
  ]);
});
