/** What is read out of the host's list of interfaces. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { readHostAddresses } from '../../daemon/io/interfaces.js';
import { formatIpv4 } from '../../daemon/wire/ipv4.js';

const v4 = (address: string, netmask: string, internal = false) =>
  ({ family: 'IPv4', address, netmask, internal, mac: '', cidr: null }) as const;
const v6 = (address: string) =>
  ({ family: 'IPv6', address, netmask: '', internal: false, mac: '', cidr: null, scopeid: 0 }) as const;

test('directed broadcasts of the attached subnets; /31 and /32 have none', () => {
  const host = readHostAddresses([], {
    lo: [v4('127.0.0.1', '255.0.0.0', true)],
    eth0: [v4('192.168.1.17', '255.255.255.0'), v4('10.1.2.3', '255.255.240.0'), v6('fe80::1')],
    eth1: [v4('198.51.100.6', '255.255.255.252'), v4('192.168.1.18', '255.255.255.0')],
    ppp0: [v4('192.0.2.1', '255.255.255.255'), v4('192.0.2.4', '255.255.255.254')],
  });
  assert.deepEqual(host.directedBroadcasts.map(formatIpv4), ['192.168.1.255', '10.1.15.255', '198.51.100.7']);
  assert.equal(host.ipv4.length, 6);
});

test('global IPv4: one address that is not private is enough', () => {
  const behindNat = { eth0: [v4('192.168.1.17', '255.255.255.0'), v4('100.64.0.9', '255.192.0.0')] };
  assert.equal(readHostAddresses([], behindNat).hasGlobalIpv4, false);
  assert.equal(readHostAddresses([], { ...behindNat, eth1: [v4('8.8.8.9', '255.255.255.0')] }).hasGlobalIpv4, true);
  assert.equal(readHostAddresses([], {}).ipv4.length, 0);
});

test('native IPv6: global unicast that no transition mechanism made, and not on our own interface', () => {
  const cases: [string, boolean][] = [
    ['2600:1::1', true],
    ['2001:470::1', true],
    ['2001:0:505:501::1', false],
    ['2002:505:501::1', false],
    ['fd00::1', false],
    ['fe80::1', false],
    ['ff02::1', false],
  ];
  for (const [address, isNative] of cases) {
    assert.equal(readHostAddresses([], { eth0: [v6(address)] }).nativeIpv6.length > 0, isNative, address);
    assert.equal(readHostAddresses(['eth0'], { eth0: [v6(address)] }).nativeIpv6.length > 0, false);
  }
});

test('the real list of this host is understood', () => {
  const real = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((entry) => entry.family === 'IPv4' && !entry.internal);
  assert.deepEqual(
    readHostAddresses().ipv4.map(formatIpv4),
    real.map((entry) => entry.address),
  );
});
