/** Wishes that overtake each other, on a real interface. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeDescriptor, openTun } from '../../daemon/io/descriptors.js';
import { readLink } from '../../daemon/io/link.js';
import type { LinkConfiguration } from '../../daemon/io/link-commands.js';
import { LinkKeeper } from '../../daemon/service/link-keeper.js';
import { formatIpv6, parseIpv6 } from '../../daemon/wire/ipv6.js';
import { enterNamespace } from '../support/namespace.js';

const skip = enterNamespace(import.meta.url);

function configuration(text: string): LinkConfiguration {
  const address = parseIpv6(text);
  assert.ok(address !== undefined);
  return { mtu: 1280, addresses: [{ address, prefixLength: 64 }], routes: [] };
}

async function addressesOf(name: string): Promise<string[]> {
  const state = await readLink(name);
  assert.ok(state.ok);
  return state.addresses.map(({ address }) => formatIpv6(address));
}

/** Wishes that come in one go, and the addresses at the end. */
const CASES: readonly (readonly [wishes: readonly (string | undefined)[], end: readonly string[]])[] = [
  [['2001:db8::1'], ['2001:db8::1']],
  // Nothing to do is done at once, but not before the next wish comes.
  [[undefined, '2001:db8::1'], ['2001:db8::1']],
  [['2001:db8::1', '2001:db8::2'], ['2001:db8::2']],
  [['2001:db8::1', undefined], []],
  [['2001:db8::1', undefined, '2001:db8::3'], ['2001:db8::3']],
];

for (const [wishes, end] of CASES) {
  test(`${wishes.join(', ')}: the last wish holds when its promise resolves`, { skip }, async () => {
    const tun = openTun('keeper%d');
    assert.ok(tun.ok);
    const keeper = new LinkKeeper(tun.name, (failure) => assert.fail(failure.sentence));
    const promises = wishes.map((text) => keeper.want(text === undefined ? undefined : configuration(text)));
    await promises.at(-1);
    assert.deepEqual(await addressesOf(tun.name), end);
    closeDescriptor(tun.fd);
  });
}

test('what cannot be done is reported', { skip }, async () => {
  const failures: string[] = [];
  const keeper = new LinkKeeper('nosuch0', (failure) => failures.push(failure.code));
  await keeper.want(configuration('2001:db8::1'));
  assert.deepEqual(failures, ['gone']);
});
