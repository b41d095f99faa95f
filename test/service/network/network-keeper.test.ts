/** In a namespace of its own, and without a bus; with both it is tested in test/bus. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Holds } from '../../../daemon/service/holds.js';
import { NetworkKeeper } from '../../../daemon/service/network/network-keeper.js';
import { enterNamespace } from '../../support/namespace.js';
import { ip } from '../../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 30_000 };

test('who asks on a new network before the kernel has told of it is kept back, and called', OPTIONS, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'miredo-keeper-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'network.conf');
  writeFileSync(file, 'Policy = always\n');
  process.env['DBUS_SYSTEM_BUS_ADDRESS'] = `unix:path=${folder}/no-bus`;
  let call = (): void => {};
  const called = new Promise<void>((resolve) => {
    call = resolve;
  });
  const keeper = new NetworkKeeper(file, {
    log: () => {},
    holds: new Holds(() => {}),
    tunnel: () => 'teredo',
    isUp: () => false,
    again: () => call(),
    changed: () => {},
  });
  t.after(() => keeper.close());
  await keeper.look();
  assert.equal(keeper.isKnown, true);
  ip('link', 'add', 'out', 'type', 'veth', 'peer', 'name', 'peer');
  for (const end of ['out', 'peer']) ip('link', 'set', end, 'up');
  ip('address', 'add', '192.0.2.9/24', 'dev', 'out');
  assert.equal(keeper.isKnown, false);
  await called;
  assert.equal(keeper.isKnown, true);
});
