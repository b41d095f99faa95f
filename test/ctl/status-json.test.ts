/** What `miredoctl status --json` promises to scripts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultJson, statusJson } from '../../daemon/ctl/status-json.js';
import { snapshotOf } from '../../dbus/snapshot.js';
import { QUALIFIED, rawProperties } from './properties.js';

test('a qualified tunnel', () => {
  assert.deepEqual(statusJson(snapshotOf(rawProperties(QUALIFIED))), {
    schemaVersion: 1,
    state: 'qualified',
    qualified: true,
    reason: null,
    since: '2026-11-18T11:06:40.000Z',
    enabled: true,
    networkPolicy: 'automatic',
    address: '2001:0:cb00:7101:0:fd5e:34ff:8ef8',
    ipv6Reachable: true,
    local: { address: '192.0.2.5', port: 40000 },
    mapped: { address: '203.0.113.7', port: 673 },
    server: 'teredo.example.net',
    serverAddress: '203.0.113.1',
    serverChoice: 'teredo.example.net',
    nat: {
      mapping: 'endpoint-independent',
      filtering: 'dependent',
      portPreserving: false,
      public: false,
      learntBy: 'qualification',
    },
    firewall: { wanted: true, active: true, open: ['22/tcp', '5000-5010/udp'] },
    interface: { name: 'teredo', index: 5 },
    mtu: 1280,
    roundTripMicroseconds: 12_345,
    lastServerContact: '2026-11-18T11:06:46.000Z',
    refreshIntervalMicroseconds: 30_000_000,
    statistics: {
      'datagrams-in': 1,
      'bytes-in': 1500,
      'packets-out': 2,
      'bytes-out': 999,
      'bubbles-sent': 3,
      'bubbles-received': 4,
      peers: 5,
      'dropped-not-for-us': 1,
      'dropped-malformed': 7,
      'dropped-never': 0,
    },
    daemonVersion: '2.0.0',
    error: null,
  });
});

test('the members are the same in every state, and without a daemon', () => {
  const members = Object.keys(statusJson(snapshotOf(rawProperties(QUALIFIED))));
  const stopped = statusJson(snapshotOf(rawProperties()));
  const fault = faultJson({ code: 'no-daemon', name: '', sentence: 'Why.' });
  assert.deepEqual(Object.keys(stopped), members);
  assert.deepEqual(Object.keys(fault), members);
  assert.deepEqual(Object.keys(statusJson(snapshotOf({}))), members);
  assert.deepEqual(fault['error'], { code: 'no-daemon', name: null, sentence: 'Why.' });
  const { reason, address, mapped, nat, mtu, interface: link } = stopped;
  assert.deepEqual(
    { reason, address, mapped, nat, mtu, link },
    {
      reason: { code: 'user', sentence: 'The tunnel was stopped on request.' },
      address: null,
      mapped: null,
      nat: null,
      mtu: null,
      link: null,
    },
  );
});
