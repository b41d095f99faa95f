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

const change = (what: 'add' | 'del', address: string): string => ip('address', what, `${address}/24`, 'dev', 'out');

test('who asks on a new network before the kernel has told of it is kept back, and called', OPTIONS, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'miredo-keeper-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'network.conf');
  writeFileSync(file, 'Policy = always\n');
  process.env['DBUS_SYSTEM_BUS_ADDRESS'] = `unix:path=${folder}/no-bus`;
  let calls = 0;
  const done = new Promise<void>((resolve) => {
    const again = (): void => {
      calls += 1;
      // It changes once more in the very moment in which it is known.
      if (calls === 1) change('del', '192.0.2.9');
      if (keeper.isKnown) resolve();
    };
    const scene = { log: () => {}, holds: new Holds(() => {}), tunnel: () => 'teredo', isUp: () => false, again };
    const keeper = new NetworkKeeper(file, { ...scene, changed: () => {} });
    t.after(() => keeper.close());
    void keeper.look().then(() => {
      assert.equal(keeper.isKnown, true);
      ip('link', 'add', 'out', 'type', 'veth', 'peer', 'name', 'peer');
      for (const end of ['out', 'peer']) ip('link', 'set', end, 'up');
      change('add', '192.0.2.9');
      assert.equal(keeper.isKnown, false);
    });
  });
  await done;
  assert.equal(calls, 2);
});
