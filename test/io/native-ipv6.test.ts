/** The kernel's own tables, in a namespace of its own; and tables of other hosts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasNativeIpv6, ipv6Outlook } from '../../daemon/io/native-ipv6.js';
import { enterNamespace } from '../support/namespace.js';
import { ip } from '../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 30_000 };

/** What is done to the interfaces `out` and `teredo`, one after the other, and whether that makes native IPv6. */
const STEPS: readonly (readonly [command: string, isNative: boolean])[] = [
  ['link set teredo up', false],
  ['address add 2001:0:cb00:7101::1/32 dev teredo nodad', false],
  ['-6 route add default dev teredo metric 1029', false],
  ['address add 2001:db8::1/64 dev teredo nodad', false],
  ['link set out up', false],
  ['address add 2001:db8:1::1/64 dev out nodad', false],
  ['-6 route add default via fe80::1 dev out', true],
  ['-6 route del default dev out', false],
  ['-6 route add unreachable default metric 5', false],
  ['-6 route add default via fe80::1 dev out metric 7', true],
  ['address del 2001:db8:1::1/64 dev out', false],
  ['address add fd00::1/64 dev out nodad', false],
  ['address add 2002:cb00:7101::1/16 dev out nodad', false],
  ['address add 2001:db8:1::2/64 dev out nodad valid_lft 1000 preferred_lft 0', false],
  ['address add 2001:db8:1::3/64 dev out nodad', true],
  ['-6 route flush default', false],
];

test('a global address that can be used and a default route, apart from the tunnel', OPTIONS, () => {
  for (const name of ['out', 'teredo']) {
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-peer`);
    for (const end of [name, `${name}-peer`]) ip('link', 'set', end, 'addrgenmode', 'none');
    ip('link', 'set', `${name}-peer`, 'up');
  }
  for (const [command, isNative] of STEPS) {
    ip(...command.split(' '));
    assert.equal(hasNativeIpv6('teredo'), isNative, command);
  }
});

describe('flags of an address', () => {
  const address = (flags: string): string => `20010db8000100000000000000000001 02 40 00 ${flags}     eth0\n`;
  const none = '0'.repeat(32);
  const routes = `${none} 00 ${none} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n`;
  const cases = { '00': true, '01': true, '80': true, '40': false, '20': false, '08': false, '48': false, c0: false };
  for (const [flags, isNative] of Object.entries(cases)) {
    test(flags, () => assert.equal(hasNativeIpv6('teredo', { addresses: address(flags), routes }), isNative));
  }

  test('say whether it comes: an address that is being tested, or a way without one', () => {
    const outlook = (addresses: string, ways = routes): string => ipv6Outlook('teredo', { addresses, routes: ways });
    assert.equal(outlook(address('80')), 'here');
    assert.equal(outlook(address('80'), ''), 'none');
    for (const ways of [routes, '']) assert.equal(outlook(address('40'), ways), 'soon');
    assert.equal(outlook(address('40') + address('80')), 'here');
    for (const addresses of ['', address('48'), address('20')]) {
      assert.equal(outlook(addresses), 'perhaps');
      assert.equal(outlook(addresses, ''), 'none');
    }
    const own = (table: string): string => table.replaceAll('eth0', 'teredo');
    assert.equal(outlook(own(address('40')), own(routes)), 'none');
  });

  test('without tables there is none', () => {
    assert.equal(hasNativeIpv6('teredo', { addresses: '', routes: '' }), false);
    assert.equal(hasNativeIpv6('teredo', { addresses: 'what is this\n', routes: 'and this' }), false);
  });
});
