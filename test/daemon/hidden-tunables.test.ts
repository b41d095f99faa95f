/** /proc/sys cannot be seen, as under a unit with ProtectKernelTunables= and ProcSubset=: what hangs on it is said. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ip } from '../support/tun.js';
import { enterStage, PRIMARY, Stage } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url, ['--mount']), timeout: 30_000 };
const TUNABLES = '/proc/sys';

const set = (name: string, value: 0 | 1): void =>
  writeFileSync(`${TUNABLES}/net/ipv6/conf/${name.replace('.', '/')}`, `${value}\n`);

/** Until the test ends or the answer is called. `isIpv6Off`: on interfaces that come. */
function hide(t: TestContext, isIpv6Off = false): () => void {
  set('default.disable_ipv6', isIpv6Off ? 1 : 0);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', TUNABLES]);
  let isHidden = true;
  const show = (): void => {
    if (isHidden) execFileSync('umount', [TUNABLES]);
    isHidden = false;
  };
  t.after(() => {
    show();
    set('default.disable_ipv6', 0);
  });
  return show;
}

const indexOf = (name: string): string => ip('-o', 'link', 'show', 'dev', name).split(':')[0] ?? '';

test(
  'a client whose interface may not have IPv6 says how to switch it on, and goes on with the same one',
  OPTIONS,
  async (t) => {
    set('default.disable_ipv6', 1);
    t.after(() => set('default.disable_ipv6', 0));
    const stage = new Stage(t);
    await stage.startServer();
    const show = hide(t, true);
    const client = stage.start('miredo', { config: `ServerAddress ${PRIMARY}\n` });
    const said = await client.line(/failed: /);
    assert.match(
      said,
      /Cannot configure interface teredo: IPv6 is switched off on it.*: sysctl net\.ipv6\.conf\.teredo\.disable_ipv6=0, and for good/,
    );
    const index = indexOf('teredo');
    show();
    set('teredo.disable_ipv6', 0);
    await client.line(/qualified: /);
    assert.equal(indexOf('teredo'), index);
    assert.ok(!client.lines.some((line) => line.includes('Starting again')), client.lines.join('\n'));
    assert.equal((await client.stop()).code, 0);
  },
);

test('a relay that cannot have its address says so too', OPTIONS, async (t) => {
  hide(t, true);
  const relay = new Stage(t).start('miredo', { config: 'RelayType relay\n' });
  await relay.line(
    /Cannot configure interface teredo: IPv6 is switched off on it\. .*disable_ipv6=0.* Starting again in/,
  );
  await relay.stop();
});

test('a relay sees all the same that this host does not forward', OPTIONS, async (t) => {
  hide(t);
  const relay = new Stage(t).start('miredo', { config: 'RelayType relay\n' });
  await relay.line(/IPv6 forwarding is off/);
  await relay.stop();
});
