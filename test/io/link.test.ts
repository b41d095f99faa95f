/** Configuring an interface through `ip`, against a real kernel. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { closeDescriptor, openTun } from '../../daemon/io/descriptors.js';
import { clearLink, configureLink, type LinkFailure, type LinkState, readLink } from '../../daemon/io/link.js';
import type { LinkConfiguration } from '../../daemon/io/link-commands.js';
import { formatIpv6 } from '../../daemon/wire/ipv6.js';
import { enterNamespace } from '../support/namespace.js';
import { address, ip } from '../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 20_000 };

const TEREDO = '2001:0:505:501:cf2:1318:fafa:faf5';
const LINK_LOCAL = { address: address('fe80::ffff:ffff:ffff'), prefixLength: 64 };

const route = (text: string, prefixLength: number, metric: number) => ({
  destination: address(text),
  prefixLength,
  metric,
});

/** What a client carries. */
const clientWith = (text: string, mtu = 1280): LinkConfiguration => ({
  mtu,
  addresses: [{ address: address(text), prefixLength: 32 }, LINK_LOCAL],
  routes: [route('::', 0, 1029)],
});

function openLink(context: TestContext): string {
  const device = openTun('mlink%d');
  assert.ok(device.ok);
  context.after(() => closeDescriptor(device.fd));
  return device.name;
}

function assertOk<Result extends { readonly ok: true }>(result: Result | LinkFailure): asserts result is Result {
  assert.ok(result.ok, result.ok ? '' : `${result.sentence} ${result.stderr}`);
}

/** Everything about the interface, as text that can be compared. */
async function describe(name: string) {
  const state: LinkState | LinkFailure = await readLink(name);
  assertOk(state);
  return {
    isUp: state.isUp,
    mtu: state.mtu,
    addresses: state.addresses.map((entry) => `${formatIpv6(entry.address)}/${entry.prefixLength}`).sort(),
    routes: state.routes
      .map((entry) => `${formatIpv6(entry.destination)}/${entry.prefixLength} ${entry.metric}`)
      .sort(),
  };
}

const CLIENT = {
  isUp: true,
  mtu: 1280,
  addresses: [`${TEREDO}/32`, 'fe80::ffff:ffff:ffff/64'],
  routes: ['::/0 1029'],
};
const NOTHING = { isUp: false, mtu: 1280, addresses: [], routes: [] };

test('the device’s queue is as long as is wanted, else as the kernel has it', OPTIONS, async (t) => {
  const name = openLink(t);
  const length = (): number => JSON.parse(ip('-json', 'link', 'show', 'dev', name))[0].txqlen;
  assertOk(await configureLink(name, clientWith(TEREDO)));
  assert.equal(length(), 500);
  assertOk(await configureLink(name, { ...clientWith(TEREDO), queue: 128 }));
  assert.equal(length(), 128);
});

test('a client: what Debian’s miredo leaves, without the address that the kernel would add', OPTIONS, async (t) => {
  const name = openLink(t);
  assertOk(await configureLink(name, clientWith(TEREDO)));
  assert.deepEqual(await describe(name), CLIENT);
  // The prefix length of the address gives the way to other clients, before the default route.
  const routes = ip('-6', 'route', 'show', 'dev', name)
    .split('\n')
    .map((line) => line.trim());
  assert.ok(
    routes.some((line) => /^2001::\/32 proto kernel metric 256/.test(line)),
    String(routes),
  );
  assert.ok(
    routes.some((line) => /^default metric 1029/.test(line)),
    String(routes),
  );
});

test('the kernel does not listen to advertisements or redirects of peers', OPTIONS, async (t) => {
  const name = openLink(t);
  assertOk(await configureLink(name, clientWith(TEREDO)));
  for (const setting of ['accept_ra', 'autoconf', 'accept_redirects', 'disable_ipv6']) {
    const value = readFileSync(`/proc/sys/net/ipv6/conf/${name}/${setting}`, 'utf8').trim();
    assert.equal(value, '0', setting);
  }
});

test('a relay: the Teredo prefix, and no default route', OPTIONS, async (t) => {
  const name = openLink(t);
  const relay = { mtu: 1280, addresses: [LINK_LOCAL], routes: [route('2001::', 32, 1024)] };
  assertOk(await configureLink(name, relay));
  assert.deepEqual(await describe(name), {
    isUp: true,
    mtu: 1280,
    addresses: ['fe80::ffff:ffff:ffff/64'],
    routes: ['2001::/32 1024'],
  });
});

test('a new address replaces the old one; the default route is not touched meanwhile', OPTIONS, async (t) => {
  const name = openLink(t);
  const before = clientWith(TEREDO);
  const after = clientWith('2001:0:909:901:cf2:1318:fafa:faf5', 1400);
  assertOk(await configureLink(name, before));
  assertOk(await configureLink(name, after, before));
  assert.deepEqual(await describe(name), {
    isUp: true,
    mtu: 1400,
    addresses: ['2001:0:909:901:cf2:1318:fafa:faf5/32', 'fe80::ffff:ffff:ffff/64'],
    routes: ['::/0 1029'],
  });
  // The same again is no fault.
  assertOk(await configureLink(name, after, after));
  assertOk(await configureLink(name, { ...after, routes: [] }, after));
  assert.deepEqual((await describe(name)).routes, []);
});

test('without a word on what was before, leftovers of a killed run are taken away', OPTIONS, async (t) => {
  const name = openLink(t);
  ip('link', 'set', name, 'up');
  ip('-6', 'addr', 'add', '2001:0:1::1/32', 'dev', name);
  ip('-6', 'route', 'add', '2001:db8:abcd::/48', 'dev', name);
  const left = await describe(name);
  assert.ok(String(left.addresses).includes('2001:0:1::1/32'));
  assert.deepEqual(left.routes, ['2001:db8:abcd::/48 1024']);
  assertOk(await configureLink(name, clientWith(TEREDO)));
  assert.deepEqual(await describe(name), CLIENT);
});

test('everything is taken away again, twice', OPTIONS, async (t) => {
  const name = openLink(t);
  assertOk(await configureLink(name, clientWith(TEREDO)));
  assertOk(await clearLink(name));
  assert.deepEqual(await describe(name), NOTHING);
  assertOk(await clearLink(name));
});

test('a default route of the same metric on another interface stays, and stays first', OPTIONS, async (t) => {
  const [other, name] = [openLink(t), openLink(t)];
  ip('link', 'set', other, 'up');
  ip('-6', 'addr', 'add', '2001:db8:9::1/64', 'dev', other, 'nodad');
  ip('-6', 'route', 'add', 'default', 'dev', other, 'metric', '1029');
  assertOk(await configureLink(name, clientWith(TEREDO)));
  assert.match(ip('-6', 'route', 'get', '2001:db8:1234::1'), new RegExp(`dev ${other} `));
  assertOk(await clearLink(name));
  assert.match(ip('-6', 'route', 'show', 'default'), new RegExp(`^default dev ${other} metric 1029`));
});

test('an interface that is gone', OPTIONS, async () => {
  for (const result of [
    await configureLink('mnone', clientWith(TEREDO)),
    await clearLink('mnone'),
    await readLink('mnone'),
  ]) {
    assert.ok(!result.ok);
    assert.equal(result.code, 'gone');
    assert.match(result.sentence, /^Cannot (configure|clear|read) interface mnone: .*mnone/);
    assert.notEqual(result.stderr, '');
  }
});

test('what the kernel refuses is named with the line that asked for it', OPTIONS, async (t) => {
  const name = openLink(t);
  const result = await configureLink(name, { ...clientWith(TEREDO), mtu: 70_000 });
  assert.ok(!result.ok);
  assert.equal(result.code, 'refused');
  assert.match(result.sentence, new RegExp(`\\(ip link set dev ${name} mtu 70000\\)`));
});

test('names that would mean something else to ip or to /proc/sys are refused', OPTIONS, async () => {
  const before = readFileSync('/proc/sys/net/ipv6/conf/all/accept_ra', 'utf8');
  for (const name of [
    'all',
    'default',
    '..',
    '../all',
    '-force',
    'a b',
    'x\nlink del lo',
    '',
    'sixteen-chars-it',
    '#a',
  ]) {
    const result = await configureLink(name, clientWith(TEREDO));
    assert.ok(!result.ok, name);
    assert.equal(result.code, 'bad-name');
  }
  assert.equal(readFileSync('/proc/sys/net/ipv6/conf/all/accept_ra', 'utf8'), before);
});
