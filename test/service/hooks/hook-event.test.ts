/** Which events hooks are told of, and in what words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  eventsBetween,
  HOOK_PATH,
  type HookFacts,
  hookEnvironment,
  hookFacts,
  NO_FACTS,
} from '../../../daemon/service/hooks/hook-event.js';
import { port, UNSPECIFIED_IPV4 } from '../../../daemon/wire/ipv4.js';
import { parseIpv6 } from '../../../daemon/wire/ipv6.js';
import { v4 } from '../../protocol/rig.js';

const address = parseIpv6('2001:0:cb00:710a:0:fbff:34ff:8ef0');
assert.ok(address !== undefined);

const QUALIFIED = hookFacts(
  {
    name: 'qualified',
    address,
    mapped: { address: v4('203.0.113.15'), port: port(1024) },
    server: v4('203.0.113.10'),
    secondary: v4('203.0.113.11'),
    mtu: 1280,
    nat: { mapping: 'endpoint-independent', portPreserving: true },
  },
  {
    interfaceName: 'teredo',
    interfaceIndex: 7,
    bindAddress: UNSPECIFIED_IPV4,
    server: 'teredo.example.net',
    serverAddress: v4('203.0.113.10'),
    local: undefined,
    reachability: 'unknown',
    filtering: 'unknown',
    firewall: { wanted: undefined, table: undefined },
  },
);

const cases: readonly (readonly [what: string, change: Partial<HookFacts>, events: readonly string[]])[] = [
  ['nothing', {}, []],
  ['the mapping only', { mapped: '203.0.113.15:2000' }, []],
  ['another reason', { reason: 'server-silent' }, ['state']],
  ['another state', { state: 'qualifying' }, ['state']],
  ['a state without an address', { state: 'failed', reason: 'server-silent', address: '' }, ['state', 'address']],
  ['another address', { address: '2001::1' }, ['address']],
  ["the name's other address", { serverAddress: '203.0.113.20' }, ['server']],
  [
    'everything: what the address stands on comes first',
    { server: 'x', state: 'stopped', address: '' },
    ['server', 'state', 'address'],
  ],
];

describe('events of hooks', () => {
  for (const [what, change, events] of cases) {
    test(what, () => assert.deepEqual(eventsBetween(QUALIFIED, { ...QUALIFIED, ...change }), events));
  }

  test('the environment is this, and nothing else', () => {
    const { state, address: before } = { ...NO_FACTS, state: 'qualifying', address: '' };
    assert.deepEqual(hookEnvironment('address', { ...NO_FACTS, state, address: before }, QUALIFIED), {
      PATH: HOOK_PATH,
      MIREDO_EVENT: 'address',
      MIREDO_STATE: 'qualified',
      MIREDO_PREVIOUS_STATE: 'qualifying',
      MIREDO_REASON: '',
      MIREDO_ADDRESS: '2001:0:cb00:710a:0:fbff:34ff:8ef0',
      MIREDO_PREVIOUS_ADDRESS: '',
      MIREDO_MAPPED: '203.0.113.15:1024',
      MIREDO_MTU: '1280',
      MIREDO_INTERFACE: 'teredo',
      MIREDO_SERVER: 'teredo.example.net',
      MIREDO_SERVER_ADDRESS: '203.0.113.10',
    });
  });

  test('a reason is its code', () => {
    const facts = hookFacts({ name: 'waiting', reason: { code: 'no-network', sentence: 'Words.' } }, undefined);
    assert.deepEqual(facts, { ...NO_FACTS, state: 'waiting', reason: 'no-network' });
  });
});
