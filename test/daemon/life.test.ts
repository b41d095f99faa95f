/** From start to end: what the programs do meanwhile, what signals do to them, and that nothing is left. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { watchNetwork } from '../../daemon/io/network-watch.js';
import { version } from '../../daemon/service/command-line.js';
import { hasDefaultRoute, waitFor } from '../lab/kernel-view.js';
import { ip } from '../support/tun.js';
import { childrenOf, enterStage, PRIMARY, picture, type Running, SECONDARY, Stage, udpSockets } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url), timeout: 30_000 };

/** Milliseconds from the signal to the end of the process: less than what is waited at most for an engine to go. */
const PROMPTNESS = 900;
const CLIENT = `ServerAddress ${PRIMARY}\n`;
const RELAY = 'RelayType relay\n';

/** Who, what starts it, and the line that says that it works. */
const ROLES: readonly (readonly [role: string, start: (stage: Stage) => Running, ready: RegExp])[] = [
  [
    'client that waits for a name',
    (stage) => stage.start('miredo', { config: 'ServerAddress no-such-host.invalid\n' }),
    /waiting: /,
  ],
  [
    'client that asks a server',
    (stage) => stage.start('miredo', { config: 'ServerAddress 203.0.113.99\n' }),
    /qualifying/,
  ],
  ['relay', (stage) => stage.start('miredo', { config: RELAY }), /relaying 2001::\/32/],
  [
    'server',
    (stage) => stage.start('miredo-server', { config: `ServerBindAddress ${PRIMARY}\n` }),
    /serving on port 3544 of 203\.0\.113\.10 and 203\.0\.113\.11/,
  ],
];

describe('SIGTERM and SIGINT: exit code 0 at once, nothing is left', OPTIONS, () => {
  for (const [role, start, ready] of ROLES) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      test(`${role}: ${signal}`, async (t) => {
        const before = { picture: picture(), udp: udpSockets() };
        const stage = new Stage(t);
        const program = start(stage);
        await program.line(ready);
        assert.equal(readFileSync(stage.pidFile, 'utf8'), `${program.pid}\n`);
        assert.notEqual(picture() + udpSockets(), before.picture + before.udp, 'it has done something');
        const exit = await program.stop(signal);
        assert.deepEqual([exit.code, exit.signal], [0, null], program.lines.join('\n'));
        assert.ok(exit.after < PROMPTNESS, `${exit.after} ms`);
        const [ending = '', ended = ''] = program.lines.slice(-2);
        assert.match(ending, new RegExp(`: ending on ${signal}$`));
        assert.match(ended, /has ended, nothing is left behind$/);
        assert.equal(existsSync(stage.pidFile), false);
        assert.deepEqual({ picture: picture(), udp: udpSockets() }, before);
      });
    }
  }

  test('F-5: a qualified client takes address and routes along, its default route behind all others', async (t) => {
    const before = picture();
    const stage = new Stage(t);
    const server = await stage.startServer();
    const client = stage.start('miredo', { config: CLIENT });
    const line = await client.line(/qualified: /);
    const address = /address (2001:0:cb00:710a:[0-9a-f:]+), mapped 203\.0\.113\.10:\d+, /.exec(line)?.[1];
    assert.ok(address, line);
    // The line is said before the kernel has been told.
    await waitFor('the default route', () => hasDefaultRoute(client.pid, 'teredo') || undefined, { timeout: 5000 });
    assert.match(ip('-6', '-o', 'address', 'show', 'dev', 'teredo'), new RegExp(`inet6 ${address}/32 scope global`));
    assert.match(ip('-6', 'route', 'show', 'default'), /^default dev teredo metric 1029 .*\n$/);
    assert.match(ip('-6', 'route', 'show', 'dev', 'teredo'), /^2001::\/32 /m);
    assert.match(ip('link', 'show', 'teredo'), /mtu 1280/);
    const exit = await client.stop();
    assert.equal(exit.code, 0);
    assert.ok(exit.after < PROMPTNESS, `${exit.after} ms`);
    assert.equal((await server.stop()).code, 0);
    assert.equal(picture(), before);
  });

  test('signals to the whole group, as of Ctrl-C or systemd: the engine leaves the end to its supervisor', async (t) => {
    const before = picture();
    const stage = new Stage(t);
    const program = stage.start('miredo', { config: 'ServerAddress 203.0.113.99\n', detached: true });
    await program.line(/qualifying/);
    const engines = childrenOf(program.pid);
    assert.equal(engines.length, 1);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(engines[0] ?? 0, signal);
    // Said by the engine, which is still the same.
    await program.line(/qualifying with server 203\.0\.113\.99 \(attempt 2\)/);
    assert.deepEqual(childrenOf(program.pid), engines);
    program.signal('SIGINT', true);
    const exit = await program.exited;
    assert.deepEqual([exit.code, exit.signal], [0, null]);
    assert.deepEqual(
      program.lines.filter((line) => /error|warning/.test(line)),
      [],
    );
    assert.equal(picture(), before);
  });
});

describe('other signals', OPTIONS, () => {
  for (const [role, start, ready] of ROLES) {
    test(`${role}: SIGUSR1 and SIGUSR2 do nothing, SIGHUP with an unchanged file neither`, async (t) => {
      const stage = new Stage(t);
      const program = start(stage);
      await program.line(ready);
      const before = picture();
      program.signal('SIGUSR1');
      program.signal('SIGUSR2');
      // It is heeded after those two.
      program.signal('SIGHUP');
      await program.line(/configuration loaded again, nothing has changed/);
      assert.equal(picture(), before);
      assert.equal((await program.stop()).code, 0);
      assert.deepEqual(
        program.lines.filter((line) => /debugger/i.test(line)),
        [],
      );
    });
  }

  test('SIGHUP with a broken file: the fault is told, and the tunnel goes on', async (t) => {
    const stage = new Stage(t);
    const server = await stage.startServer();
    const client = stage.start('miredo', { config: CLIENT });
    await client.line(/qualified: /);
    const sockets = udpSockets();
    writeFileSync(stage.configOf(client), `${CLIENT}BindPort nonsense\n`);
    client.signal('SIGHUP');
    const fault = `${stage.configOf(client)}:2: BindPort: "nonsense" is not a whole number from 0 to 65535`;
    assert.equal(await client.line(/BindPort/), `miredo: error: ${fault}`);
    await client.line(/the configuration from before stays in force/);
    assert.equal(udpSockets(), sockets);
    assert.equal((await client.stop()).code, 0);
    assert.equal((await server.stop()).code, 0);
  });

  test('SIGHUP with another interface: the old one goes, the port stays', async (t) => {
    const stage = new Stage(t);
    const server = await stage.startServer();
    const file = `${CLIENT}BindAddress ${PRIMARY}\nBindPort 40000\n`;
    const client = stage.start('miredo', { config: file });
    await client.line(/qualified: /);
    writeFileSync(stage.configOf(client), `${file}InterfaceName other\n`);
    client.signal('SIGHUP');
    await client.line(/qualified: .* mapped 203\.0\.113\.10:40000,/, 2);
    await client.line(/configuration loaded again, changed: interfaceName/);
    const links = ip('-o', 'link', 'show');
    assert.match(links, /: other: /);
    assert.doesNotMatch(links, /: teredo: /);
    assert.equal((await client.stop()).code, 0);
    assert.equal((await server.stop()).code, 0);
  });
});

test('SIGHUP with another server: the interface stays', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const server = await stage.startServer();
  const client = stage.start('miredo', { config: 'ServerAddress 203.0.113.99\nBindPort 40000\n' });
  await client.line(/qualifying with server 203\.0\.113\.99/);
  const before = ip('-o', 'link', 'show', 'teredo').split(':')[0];
  writeFileSync(stage.configOf(client), `${CLIENT}BindPort 40000\n`);
  client.signal('SIGHUP');
  await client.line(/qualified: /);
  assert.equal(ip('-o', 'link', 'show', 'teredo').split(':')[0], before);
  assert.equal((await client.stop()).code, 0);
  assert.equal((await server.stop()).code, 0);
});

test('the way to the server changes: the client begins anew at once', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const server = await stage.startServer();
  const client = stage.start('miredo', { config: CLIENT });
  await client.line(/qualified: /);
  // The server is on this host, so the way to it is one of the table "local".
  const turn = (server: string, source: string): void => {
    ip(...`route replace local ${server} dev eth0 table local proto kernel src ${source}`.split(' '));
  };
  t.after(() => {
    for (const server of [PRIMARY, SECONDARY]) turn(server, PRIMARY);
    ip('address', 'del', '203.0.113.77/24', 'dev', 'eth0');
  });
  ip('address', 'add', '203.0.113.77/24', 'dev', 'eth0');
  const changedAt = performance.now();
  for (const server of [PRIMARY, SECONDARY]) turn(server, '203.0.113.77');
  await client.line(/qualified: /, 2);
  assert.ok(performance.now() - changedAt < 3000, 'not by the refresh, which takes twenty seconds and more');
  assert.equal((await client.stop()).code, 0);
  assert.equal((await server.stop()).code, 0);
});

test('a change that leaves the way to the server as it is: nothing', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const server = await stage.startServer();
  const client = stage.start('miredo', { config: CLIENT });
  await client.line(/qualified: /);
  t.after(() => ip('address', 'del', '198.51.100.77/24', 'dev', 'eth1'));
  await new Promise<void>((resolve) => {
    const watched = watchNetwork(resolve);
    assert.ok(watched.ok);
    t.after(() => watched.close());
    ip('address', 'add', '198.51.100.77/24', 'dev', 'eth1');
  });
  // Who asks for it again has it done after the change.
  client.signal('SIGHUP');
  await client.line(/configuration loaded again/);
  assert.deepEqual(
    [await client.stop(), await server.stop()].map(({ code }) => code),
    [0, 0],
  );
  assert.equal(client.lines.filter((line) => /qualifying|lost/.test(line)).length, 2, client.lines.join('\n'));
});

describe('a network that is not there yet', OPTIONS, () => {
  test('a name that does not resolve: it says so, and tries again', async (t) => {
    const stage = new Stage(t);
    const program = stage.start('miredo', { config: 'ServerAddress no-such-host.invalid\n' });
    await program.line(/resolving no-such-host\.invalid/, 2);
    await program.line(/no-such-host\.invalid has no IPv4 address/);
    await program.line(
      /waiting: The name of the Teredo server cannot be resolved; check DNS, or give its IPv4 address/,
    );
    assert.equal((await program.stop()).code, 0);
  });

  test('no IPv4 at all: it waits, and begins by itself when there is', async (t) => {
    ip('-4', 'address', 'flush', 'dev', 'eth0');
    t.after(() => {
      for (const address of [PRIMARY, SECONDARY]) ip('address', 'replace', `${address}/24`, 'dev', 'eth0');
    });
    const stage = new Stage(t);
    const program = stage.start('miredo', { config: 'ServerAddress 203.0.113.99\n' });
    await program.line(/waiting: There is no IPv4 network yet/);
    ip('address', 'add', `${PRIMARY}/24`, 'dev', 'eth0');
    await program.line(/qualifying with server 203\.0\.113\.99/);
    assert.equal((await program.stop()).code, 0);
  });
});

describe('a relay', OPTIONS, () => {
  const forwarding = (value: 0 | 1): void => writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', `${value}\n`);
  const warnings = (program: Running): string[] => program.lines.filter((line) => line.includes('forwarding'));

  test('warns when this host does not forward', async (t) => {
    const program = new Stage(t).start('miredo', { config: RELAY });
    assert.equal(
      await program.line(/forwarding/),
      'miredo: warning: IPv6 forwarding is off: set net.ipv6.conf.all.forwarding=1 to relay for others.',
    );
    await program.stop();
  });

  test('says nothing of it when it does', async (t) => {
    forwarding(1);
    t.after(() => forwarding(0));
    const program = new Stage(t).start('miredo', { config: RELAY });
    await program.line(/relaying 2001::\/32/);
    await program.stop();
    assert.deepEqual(warnings(program), []);
  });

  test('R-18: is reached by the Teredo prefix, and by nothing else', async (t) => {
    const program = new Stage(t).start('miredo', {
      config: `${RELAY}InterfaceName relay\nBindPort 3545\nInterfaceMTU 1400\n`,
    });
    const line = await program.line(/relaying /);
    assert.equal(line, 'miredo: relaying 2001::/32 through 0.0.0.0:3545 on relay');
    assert.match(ip('-6', 'route', 'show', 'dev', 'relay'), /^2001::\/32 metric 1024 /m);
    assert.equal(ip('-6', 'route', 'show', 'default'), '');
    assert.match(ip('link', 'show', 'relay'), /mtu 1400/);
    await program.stop();
  });

  test('the server of the command line is ignored, with a warning', async (t) => {
    const stage = new Stage(t);
    const program = stage.start('miredo', { config: RELAY, words: ['teredo.example'] });
    await program.line(/relaying /);
    const said = `${stage.configOf(program)}:1: the server teredo.example of the command line is ignored: RelayType is relay`;
    assert.ok(program.lines.includes(`miredo: warning: ${said}`), program.lines.join('\n'));
    await program.stop();
  });
});

test('a server of the command line goes before that of the file', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const program = stage.start('miredo', { config: 'ServerAddress 203.0.113.99\n', words: ['203.0.113.98'] });
  assert.equal(await program.line(/qualifying/), 'miredo: qualifying with server 203.0.113.98 (attempt 1)');
  await program.stop();
});

describe('asked about themselves', OPTIONS, () => {
  for (const name of ['miredo', 'miredo-server'] as const) {
    test(`${name} -h and -V`, async (t) => {
      const stage = new Stage(t);
      const [help, told] = [stage.run(name, ['-h']), stage.run(name, ['-V'])];
      assert.equal((await help.exited).code, 0);
      assert.match(help.stdout, new RegExp(`^Usage: ${name} \\[options\\]`));
      assert.equal((await told.exited).code, 0);
      assert.equal(told.stdout.split('\n')[0], `${name} ${version()}`);
      assert.deepEqual([...help.lines, ...told.lines], []);
    });
  }
});
