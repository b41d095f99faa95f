import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NetworkRules, type Policy, parseNetworkConf } from '../../../daemon/config/network-conf.js';
import { type Connection, describeRuling, holdsBy, ruleFor } from '../../../daemon/service/network/network-policy.js';

const connection = (id: string, more: Partial<Connection> = {}): Connection => ({
  id,
  uuid: `uuid-of-${id}`,
  isVpn: false,
  wish: undefined,
  ...more,
});
const rules = (text: string): NetworkRules => parseNetworkConf('f', text.replaceAll('; ', '\n')).rules;

const HOME = connection('Home');
const OFFICE = connection('Office');
const VPN = connection('Work VPN', { isVpn: true });

/** Rules, connections, the policy and who says so. */
const CASES: readonly (readonly [rules: string, connections: readonly Connection[], policy: Policy, by: string])[] = [
  ['', [], 'automatic', 'automatic'],
  ['', [HOME], 'automatic', 'automatic'],
  ['Policy = always', [HOME], 'always', 'always'],
  ['Policy = never', [], 'never', 'never'],
  ['[connection "Home"]; Policy = never', [HOME], 'never', 'never, by the connection Home'],
  ['[connection "Home"]; Policy = never', [OFFICE], 'automatic', 'automatic'],
  ['[connection "home"]; Policy = never', [HOME], 'automatic', 'automatic'],
  ['[connection uuid-of-Home]; Policy = never', [HOME], 'never', 'never, by the connection Home'],
  ['[connection UUID-OF-HOME]; Policy = never', [HOME], 'never', 'never, by the connection Home'],
  ['Policy = never; [connection "Home"]; Policy = always', [HOME], 'always', 'always, by the connection Home'],
  ['Policy = never; [connection "Home"]; Policy = always', [OFFICE], 'never', 'never'],
  [
    '[connection "Home"]; Policy = never; [connection uuid-of-Home]; Policy = always',
    [HOME],
    'always',
    'always, by the connection Home',
  ],
  ['', [connection('Home', { wish: 'never' })], 'never', 'never, by the user data of the connection Home'],
  [
    'Policy = never',
    [connection('Home', { wish: 'always' })],
    'always',
    'always, by the user data of the connection Home',
  ],
  [
    '[connection "Home"]; Policy = automatic',
    [connection('Home', { wish: 'never' })],
    'automatic',
    'automatic, by the connection Home',
  ],
  ['[connection "Work VPN"]; Policy = never', [HOME, VPN], 'never', 'never, by the connection Work VPN'],
  [
    '[connection "Work VPN"]; Policy = never; [connection "Home"]; Policy = always',
    [HOME, VPN],
    'never',
    'never, by the connection Work VPN',
  ],
  ['[connection "Home"]; Policy = never', [HOME, VPN], 'never', 'never, by the connection Home'],
];

describe('which policy is in force', () => {
  for (const [text, connections, policy, by] of CASES) {
    test(`${JSON.stringify(text)} with ${connections.map(({ id, wish = '' }) => `${id} ${wish}`)}`, () => {
      const ruling = ruleFor(rules(text), connections);
      assert.deepEqual([ruling.policy, describeRuling(ruling)], [policy, by]);
    });
  }
});

describe('what holds the tunnel', () => {
  const held = (policy: Policy, isNative: boolean): string[] =>
    Object.keys(holdsBy({ policy, connection: undefined, line: undefined }, isNative));

  test('depends on native IPv6 where it is automatic, and else on the policy alone', () => {
    assert.deepEqual(held('automatic', false), []);
    assert.deepEqual(held('automatic', true), ['native-ipv6']);
    for (const isNative of [false, true]) {
      assert.deepEqual(held('always', isNative), []);
      assert.deepEqual(held('never', isNative), ['network-policy']);
    }
  });

  test('is told with the place and with what to do', () => {
    const sentence = (text: string, connections: readonly Connection[]): string | undefined =>
      holdsBy(ruleFor(rules(text), connections), false)['network-policy'];
    assert.match(
      sentence('Policy = never', []) ?? '',
      /^"Policy = never" in \/etc\/miredo\/network\.conf keeps .*reload/,
    );
    assert.match(
      sentence('[connection "Home"]; Policy = never', [HOME]) ?? '',
      /for the connection Home \(\/etc\/miredo\/network\.conf:2\) keeps .*reload/,
    );
    assert.match(
      sentence('', [connection('Home', { wish: 'never' })]) ?? '',
      /^The user data of the connection Home \(org\.miredo=never\) keep .*network\.conf/,
    );
    assert.match(holdsBy(ruleFor(rules(''), []), true)['native-ipv6'] ?? '', /IPv6 of its own.*"Policy = always"/);
  });
});
