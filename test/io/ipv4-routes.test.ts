/** The kernel's routing table, in a namespace of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultRoute, parseIpv4Routes, readIpv4Routes, routeTo } from '../../daemon/io/ipv4-routes.js';
import { formatIpv4 } from '../../daemon/wire/ipv4.js';
import { v4 } from '../protocol/rig.js';
import { enterNamespace } from '../support/namespace.js';
import { ip } from '../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 30_000 };

const way = (destination: string): string => {
  const { interfaceName, gateway } = routeTo(parseIpv4Routes(readIpv4Routes()), v4(destination)) ?? {};
  return interfaceName === undefined || gateway === undefined ? 'none' : `${interfaceName} ${formatIpv4(gateway)}`;
};
const out = (): string | undefined => defaultRoute(parseIpv4Routes(readIpv4Routes()))?.interfaceName;

test('the way of packets is that of the kernel', OPTIONS, () => {
  for (const name of ['one', 'two', 'vpn']) {
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-peer`);
    for (const end of [name, `${name}-peer`]) ip('link', 'set', end, 'up');
  }
  assert.deepEqual([way('203.0.113.1'), out()], ['none', undefined]);
  ip('address', 'add', '192.168.1.5/24', 'dev', 'one');
  assert.deepEqual([way('192.168.1.9'), way('203.0.113.1'), out()], ['one 0.0.0.0', 'none', undefined]);
  ip('route', 'add', 'default', 'via', '192.168.1.1', 'metric', '600');
  assert.deepEqual([way('203.0.113.1'), way('0.0.0.1'), out()], ['one 192.168.1.1', 'one 192.168.1.1', 'one']);
  ip('address', 'add', '10.0.0.5/8', 'dev', 'two');
  ip('route', 'add', 'default', 'via', '10.0.0.1', 'metric', '100');
  assert.deepEqual([way('203.0.113.1'), out()], ['two 10.0.0.1', 'two']);
  ip('route', 'add', 'unreachable', '198.51.100.0/24');
  ip('route', 'add', '203.0.113.7/32', 'via', '192.168.1.2');
  assert.deepEqual([way('203.0.113.7'), way('203.0.113.6')], ['one 192.168.1.2', 'two 10.0.0.1']);
  for (const half of ['0.0.0.0/1', '128.0.0.0/1']) ip('route', 'add', half, 'dev', 'vpn');
  assert.deepEqual([way('203.0.113.1'), way('8.8.8.8'), out()], ['vpn 0.0.0.0', 'vpn 0.0.0.0', 'vpn']);
});
