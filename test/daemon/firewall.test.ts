/** The tunnel's own firewall in the kernel: when it is there, who can touch it, and that it goes with the daemon. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { formatPorts } from '../../daemon/io/firewall-commands.js';
import { hasDefaultRoute, hasEnded, waitFor } from '../lab/kernel-view.js';
import { ip } from '../support/tun.js';
import { enterStage, PRIMARY, picture, type Running, Stage } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url, ['--mount']), timeout: 30_000 };
const CLIENT = `ServerAddress ${PRIMARY}\nFirewall yes\n`;
const PROMPT = { timeout: 10_000 };
const TABLE = 'miredo-teredo';

const nft = (...words: string[]): string => execFileSync('nft', words, { encoding: 'utf8' });
const rules = (): string => nft('list', 'ruleset');

/** Ports that the rules open, as the configuration writes them. */
const openPorts = (): string[] =>
  [...rules().matchAll(/(tcp|udp) dport (\d+)(?:-(\d+))? accept/g)].map(([, protocol, first, last = first]) =>
    formatPorts({ protocol: protocol === 'tcp' ? 'tcp' : 'udp', first: Number(first), last: Number(last) }),
  );

/** Processes of nft(8) that a program has as children. */
function sessionsOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim() === 'nft');
}

async function startClient(
  t: TestContext,
  config = CLIENT,
): Promise<{ readonly client: Running; readonly stage: Stage }> {
  t.after(() => nft('flush', 'ruleset'));
  const stage = new Stage(t);
  await stage.startServer();
  const client = stage.start('miredo', { config });
  await client.line(/qualified: /);
  return { client, stage };
}

async function reload(client: Running, stage: Stage, config: string): Promise<void> {
  const before = client.lines.filter((line) => line.includes('configuration loaded again')).length;
  writeFileSync(stage.configOf(client), config);
  client.signal('SIGHUP');
  await client.line(/configuration loaded again/, before + 1);
}

const hasAddress = (): boolean => ip('-6', '-o', 'address', 'show').includes('2001:0:');

const NFT = '/usr/sbin/nft';

/** Has another file where nft(8) is, until the test ends or the answer is called. */
function coverNft(t: TestContext, file: string): () => void {
  execFileSync('mount', ['--bind', file, NFT]);
  let isCovered = true;
  const uncover = (): void => {
    if (isCovered) execFileSync('umount', [NFT]);
    isCovered = false;
  };
  t.after(uncover);
  return uncover;
}

describe('the rules', OPTIONS, () => {
  test('are there with the address, are said in the log, and leave nothing when the client ends', async (t) => {
    const before = picture();
    const { client } = await startClient(t, `${CLIENT}FirewallOpen 22/tcp,5000-5010/udp\n`);
    const said = await client.line(/firewall: /);
    assert.match(said, /comes in by teredo unasked is refused, but for ping, 22\/tcp, 5000-5010\/udp; FirewallOpen/);
    const [first] = client.lines.filter((line) => /firewall: |qualified: /.test(line));
    assert.equal(first, said, 'before the address is there');
    assert.match(rules(), new RegExp(`^table ip6 ${TABLE} \\{.*\\n\\tflags owner`, 'm'));
    assert.deepEqual(openPorts(), ['22/tcp', '5000-5010/udp']);
    assert.equal((await client.stop()).code, 0);
    assert.match(client.lines.at(-1) ?? '', /nothing is left behind$/);
    assert.equal(rules(), '');
    assert.equal(picture(), before);
  });

  test('as many as can be configured', async (t) => {
    const entries = Array.from(
      { length: 64 },
      (_, index) => `${index + 1}-${60000 + index}/${index % 2 === 0 ? 'tcp' : 'udp'}`,
    );
    await startClient(t, `${CLIENT}FirewallOpen ${entries.join(',')}\n`);
    assert.deepEqual(openPorts(), entries);
  });

  test('without "Firewall yes" there are none, which is said', async (t) => {
    const { client } = await startClient(t, `ServerAddress ${PRIMARY}\n`);
    const warning = await client.line(/no firewall rule is found that refuses what comes in by teredo/);
    assert.match(warning, /warning: .*"Firewall yes" in miredo\.conf\(5\)/);
    assert.equal(rules(), '');
    assert.deepEqual(sessionsOf(client.pid), []);
  });

  test('and not when other rules refuse', async (t) => {
    nft('table ip6 own { chain i { type filter hook input priority 0; policy drop; }; }');
    const { client } = await startClient(t, `ServerAddress ${PRIMARY}\n`);
    await client.stop();
    assert.ok(!client.lines.some((line) => line.includes('no firewall rule')), client.lines.join('\n'));
  });

  test('an administrator who flushes all rules, or would delete the table, does not hit them', async (t) => {
    await startClient(t);
    nft('add', 'table', 'ip', 'other');
    nft('flush', 'ruleset');
    assert.match(rules(), /counter name "refused" drop/);
    assert.doesNotMatch(rules(), /table ip other/);
    assert.notEqual(spawnSync('nft', ['delete', 'table', 'ip6', TABLE]).status, 0);
  });

  test('a table of others with this name is left alone', async (t) => {
    nft(`table ip6 ${TABLE} { chain theirs { counter; }; }`);
    const theirs = rules();
    const { client } = await startClient(t);
    assert.match(rules(), new RegExp(`table ip6 ${TABLE}\\.2 \\{`));
    await client.stop();
    assert.equal(rules(), theirs);
  });

  test('kill -9 leaves no rule', async (t) => {
    const { client } = await startClient(t);
    client.signal('SIGKILL');
    await client.exited;
    await waitFor('the rules to go', () => rules() === '' || undefined, PROMPT);
  });
});

describe('while it runs', OPTIONS, () => {
  test('SIGHUP opens and closes ports; tunnel, address and counter stay', async (t) => {
    const { client, stage } = await startClient(t, `${CLIENT}FirewallOpen 22/tcp\n`);
    const before = { picture: picture(), session: sessionsOf(client.pid) };
    await reload(client, stage, `${CLIENT}FirewallOpen 80/tcp,443/udp\n`);
    await waitFor('the other ports', () => openPorts().join() === '80/tcp,443/udp' || undefined, PROMPT);
    assert.deepEqual({ picture: picture(), session: sessionsOf(client.pid) }, before);
    assert.equal(client.lines.filter((line) => line.includes('qualified: ')).length, 1, client.lines.join('\n'));
    await reload(client, stage, `ServerAddress ${PRIMARY}\nFirewall no\n`);
    await waitFor('the rules to go', () => rules() === '' || undefined, PROMPT);
    assert.equal(picture(), before.picture);
    await reload(client, stage, CLIENT);
    await waitFor('the rules', () => rules().includes('drop') || undefined, PROMPT);
    assert.equal(picture(), before.picture);
  });

  test('whoever ends the process that holds them brings another one about; again and again, takes the address away', async (t) => {
    const { client } = await startClient(t);
    const before = picture();
    const [first = 0] = sessionsOf(client.pid);
    process.kill(first, 'SIGKILL');
    await client.line(/firewall: /, 2);
    assert.match(rules(), /drop/);
    assert.equal(picture(), before, 'the tunnel stays');
    const [second = 0] = sessionsOf(client.pid);
    assert.ok(second !== 0 && second !== first);
    process.kill(second, 'SIGKILL');
    await client.line(/failed: The firewall for the tunnel cannot be set up/);
    await waitFor('the address to go', () => !hasAddress() || undefined, PROMPT);
    await client.line(/qualified: /, 2);
    await waitFor('the default route', () => hasDefaultRoute(client.pid, 'teredo') || undefined, PROMPT);
    assert.match(rules(), /drop/);
  });
});

describe('where it cannot be set up', OPTIONS, () => {
  test('without nft(8) the tunnel stays down and says why; it comes when nft(8) is installed', async (t) => {
    const stage = new Stage(t);
    t.after(() => spawnSync('nft', ['flush', 'ruleset']));
    await stage.startServer();
    const unhide = coverNft(t, '/dev/null');
    const client = stage.start('miredo', { config: CLIENT });
    await client.line(/Cannot set up the firewall: The program "nft" is missing\. Install the package nftables\./);
    await client.line(/failed: The firewall for the tunnel cannot be set up, so the tunnel stays down/);
    assert.ok(!hasAddress());
    unhide();
    await client.line(/qualified: /);
    assert.match(rules(), /drop/);
    assert.ok(!hasEnded(client.pid));
  });

  test('"Firewall no" is taken over at once', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    coverNft(t, '/dev/null');
    const client = stage.start('miredo', { config: CLIENT });
    await client.line(/failed: /);
    await reload(client, stage, `ServerAddress ${PRIMARY}\nFirewall no\n`);
    await client.line(/qualified: /);
  });
});

/** The real one, of a version that knows no owners. */
const WITHOUT_OWNERS = `#!/bin/sh
if [ "$1" = -i ]; then sed -u 's/flags owner/flags unheard-of/' | NFT -i; else exec NFT "$@"; fi
`;

describe('where kernel or nft(8) know of no owners', OPTIONS, () => {
  test('the table is taken away at the end; what a killed run has left goes when the next one begins', async (t) => {
    const folder = new Stage(t).directory;
    copyFileSync(NFT, join(folder, 'nft'));
    writeFileSync(join(folder, 'old-nft'), WITHOUT_OWNERS.replaceAll('NFT', join(folder, 'nft')), { mode: 0o755 });
    coverNft(t, join(folder, 'old-nft'));
    const { client, stage } = await startClient(t, `${CLIENT}FirewallOpen 22/tcp\n`);
    assert.doesNotMatch(rules(), /owner/);
    assert.deepEqual(openPorts(), ['22/tcp']);
    client.signal('SIGKILL');
    await client.exited;
    assert.match(rules(), /drop/, 'it is left');
    const next = stage.start('miredo', { config: CLIENT });
    await next.line(/qualified: /);
    assert.match(rules(), new RegExp(`^table ip6 ${TABLE} \\{`));
    assert.deepEqual(openPorts(), []);
    assert.equal((await next.stop()).code, 0);
    assert.equal(rules(), '');
  });
});
