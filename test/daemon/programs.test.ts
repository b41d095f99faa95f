/**
 * The programs as a user runs them: real processes, a real interface, in a namespace of their own.
 *
 * Server and client are on one host with several addresses of the documentation range on one interface, so that all
 * is as on the Internet but for the NAT.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { enterNamespace } from '../support/namespace.js';
import { eventually, type ProgramName, RunningProgram } from './running-program.js';

const skip = enterNamespace(import.meta.url);

const SERVER = '203.0.113.10';
const SECONDARY = '203.0.113.11';
const HOST = '203.0.113.20';
const INTERFACE = 'teredo';
/** Issue: 0.1 s. More is allowed here, since other tests run at the same time. */
const QUICK = 1_000;

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });
const existsInterface = (): boolean => existsSync(`/proc/sys/net/ipv6/conf/${INTERFACE}`);

function setAddresses(verb: 'add' | 'del'): void {
  for (const address of [SERVER, SECONDARY, HOST]) ip('address', verb, `${address}/32`, 'dev', 'net0');
}

/** Address, routes and MTU of the interface, as text. */
const linkText = (): string => [ip('address', 'show', 'dev', INTERFACE), ip('-6', 'route', 'show')].join('');

const isConfigured = (): boolean => {
  try {
    return /inet6 2001:0:/.test(linkText());
  } catch {
    return false;
  }
};

let folder = '';
let running: RunningProgram[] = [];
let fileNumber = 0;

const pidFile = (name = 'miredo'): string => join(folder, `${name}.pid`);

function write(text: string): string {
  const file = join(folder, `${fileNumber++}.conf`);
  writeFileSync(file, text);
  return file;
}

function start(name: ProgramName, args: readonly string[]): RunningProgram {
  const program = new RunningProgram(name, args);
  running.push(program);
  return program;
}

function startWith(text: string, options: readonly string[] = []): RunningProgram {
  return start('miredo', ['-f', '-c', write(text), '-p', pidFile(), ...options]);
}

async function startServer(): Promise<RunningProgram> {
  const file = write(`ServerBindAddress ${SERVER}\n`);
  const server = start('miredo-server', ['-f', '-c', file, '-p', pidFile('server')]);
  await server.says(/serving/);
  return server;
}

const CLIENT = `ServerAddress ${SERVER}\nBindAddress ${HOST}\n`;
const QUALIFIED = /qualified: address (\S+), mapped (\S+), server 203\.0\.113\.10, MTU 1280\n/;

/** What has ended counts as gone, also while nobody has asked how. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function startQualified(): Promise<RunningProgram> {
  const client = startWith(CLIENT);
  await client.says(QUALIFIED);
  assert.ok(isConfigured());
  return client;
}

/** It refuses to start with `code`, says `message`, and leaves nothing behind. */
async function refuses(program: RunningProgram, code: number, message: RegExp): Promise<void> {
  const ending = await program.exited;
  assert.match(program.output, message);
  assert.equal(ending.code, code, program.output);
  assert.ok(!existsInterface());
  assert.ok(!existsSync(pidFile()));
}

describe('programs', { skip }, () => {
  before(() => {
    ip('link', 'add', 'net0', 'type', 'veth', 'peer', 'name', 'net1');
    ip('link', 'set', 'net0', 'up');
    ip('link', 'set', 'net1', 'up');
    setAddresses('add');
  });
  after(() => ip('link', 'del', 'net0'));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'miredo-programs-'));
  });
  afterEach(async () => {
    await Promise.all(running.map((program) => program.end('SIGKILL')));
    running = [];
    rmSync(folder, { recursive: true });
    await eventually('the interface is gone', () => !existsInterface());
  });

  describe('what is wrong is told, and nothing is left', () => {
    test('a bad configuration: every fault, with its place', async () => {
      const program = startWith('BindPort 70000\nServerAddress 10.0.0.1\nRelayTyp client\n');
      await refuses(program, 2, /\.conf:1: BindPort: "70000" is not a whole number from 0 to 65535/);
      assert.match(program.output, /\.conf:2: ServerAddress: 10\.0\.0\.1 is not a public/);
      assert.match(program.output, /\.conf:3: "RelayTyp" is no directive.*did you mean RelayType\?/);
    });

    test('no configuration', async () => {
      const program = start('miredo', ['-f', '-c', join(folder, 'none.conf'), '-p', pidFile()]);
      await refuses(program, 2, /none\.conf.*there is no such file/);
    });

    test('a client without a server', () => refuses(startWith(''), 2, /ServerAddress is missing/));

    test('an unknown option', () => refuses(startWith(CLIENT, ['--wrong']), 2, /unknown option '--wrong'/));

    test('two servers', () => refuses(startWith(CLIENT, ['a.example', 'b.example']), 2, /too many arguments/));

    test('a port that is in use', async () => {
      const socket = createSocket('udp4').bind(40_000, HOST);
      await once(socket, 'listening');
      await refuses(startWith(`${CLIENT}BindPort 40000\n`), 1, /40000 of 203\.0\.113\.20: another program uses it/);
      socket.close();
    });

    test('an address of another host', async () => {
      const program = startWith(`ServerAddress ${SERVER}\nBindAddress 203.0.113.99\n`);
      await refuses(program, 1, /no interface of this host has the address 203\.0\.113\.99/);
    });

    test('a name that another interface has', async () => {
      await refuses(startWith(`${CLIENT}InterfaceName net1\n`), 1, /interface net1/);
    });

    test('a pid file that cannot be written', async () => {
      const program = start('miredo', ['-f', '-c', write(CLIENT), '-p', join(folder, 'none', 'pid')]);
      await refuses(program, 1, /Cannot write the pid file .*its folder does not exist/);
    });

    test('a server without its second address', async () => {
      const file = write(`ServerBindAddress ${HOST}\n`);
      const program = start('miredo-server', ['-f', '-c', file, '-p', pidFile()]);
      await refuses(program, 1, /no interface of this host has the address 203\.0\.113\.21/);
    });
  });

  for (const [option, output] of [
    ['--help', /Usage: miredo /],
    ['--version', /^miredo \d+\.\d+\.\d+/],
  ] as const) {
    test(`${option} ends well`, async () => {
      const program = start('miredo', [option]);
      assert.equal((await program.exited).code, 0);
      assert.match(program.output, output);
    });
  }

  test('a client qualifies, configures its interface, and leaves nothing', async () => {
    await startServer();
    const client = await startQualified();
    const [, address = '', mapped] = await client.says(QUALIFIED);
    assert.match(linkText(), new RegExp(`inet6 ${address}/32`));
    assert.match(linkText(), /mtu 1280/);
    assert.match(linkText(), /default dev teredo .*metric 1029/);
    assert.match(linkText(), /2001::\/32 dev teredo/);
    assert.match(mapped ?? '', /^203\.0\.113\.20:\d+$/);
    assert.equal(readFileSync(pidFile(), 'utf8'), `${client.pid}\n`);
    const ending = await client.end();
    assert.equal(ending.code, 0);
    assert.ok(ending.after < QUICK, `${ending.after} ms`);
    assert.ok(!existsInterface());
    assert.ok(!existsSync(pidFile()));
  });

  test('SIGINT ends as SIGTERM does; SIGUSR1 and SIGUSR2 do nothing, and open no debugger', async () => {
    await startServer();
    const client = await startQualified();
    client.signal('SIGUSR1');
    client.signal('SIGUSR2');
    // Signals are heeded in turn: once this one is, so are those.
    client.signal('SIGHUP');
    await client.says(/reading the configuration again|configuration/);
    assert.equal(execFileSync('ss', ['-Hltn'], { encoding: 'utf8' }), '');
    assert.ok(isConfigured());
    const ending = await client.end('SIGINT');
    assert.equal(ending.code, 0);
    assert.ok(!existsInterface());
  });

  test('a relay routes the prefix to its interface', async () => {
    const relay = startWith(`RelayType relay\nBindAddress ${HOST}\nBindPort 3545\nInterfaceMTU 1400\n`);
    await relay.says(/relaying 2001::\/32 through 203\.0\.113\.20:3545 on teredo/);
    assert.match(linkText(), /2001::\/32 dev teredo/);
    assert.match(linkText(), /mtu 1400/);
    await relay.says(/IPv6 forwarding is off/);
    assert.equal((await relay.end()).code, 0);
    assert.ok(!existsInterface());
  });

  test('a second start is refused, and the first goes on', async () => {
    await startServer();
    const first = await startQualified();
    const second = startWith(CLIENT);
    assert.equal((await second.exited).code, 1);
    assert.match(second.output, new RegExp(`Already running: process ${first.pid} holds`));
    assert.ok(isConfigured());
    assert.equal(readFileSync(pidFile(), 'utf8'), `${first.pid}\n`);
  });

  test('killed, it leaves neither interface nor engine; the next start works', async () => {
    await startServer();
    const first = await startQualified();
    const engines = first.children();
    await first.end('SIGKILL');
    await eventually('the interface is gone', () => !existsInterface());
    await eventually('the engine is gone', () => !engines.some(isRunning));
    assert.ok(existsSync(pidFile()));
    const second = await startQualified();
    assert.equal(readFileSync(pidFile(), 'utf8'), `${second.pid}\n`);
  });

  test('with its engine killed, it takes the address away, and qualifies anew on the same interface', async () => {
    await startServer();
    const client = await startQualified();
    const index = readFileSync('/proc/net/dev_snmp6/teredo', 'utf8').split('\n')[0];
    const from = client.output.length;
    const [engine] = client.children();
    assert.ok(engine !== undefined);
    process.kill(engine, 'SIGKILL');
    await client.says(/waiting: /, from);
    await client.says(QUALIFIED, from);
    assert.ok(isConfigured());
    assert.equal(readFileSync('/proc/net/dev_snmp6/teredo', 'utf8').split('\n')[0], index);
  });

  test('without a name server it waits, and ends at once when it is told to', async () => {
    const client = startWith('ServerAddress teredo.example\n');
    await client.says(/resolving teredo\.example\n/);
    await client.says(/waiting: /);
    await client.says(/(resolving teredo\.example\n.*){2}/s);
    const ending = await client.end();
    assert.equal(ending.code, 0);
    assert.ok(ending.after < QUICK, `${ending.after} ms`);
    assert.ok(!existsInterface());
  });

  test('without a network it waits, and begins when there is one', async (context) => {
    setAddresses('del');
    let isThere = false;
    context.after(() => isThere || setAddresses('add'));
    const client = startWith(`ServerAddress ${SERVER}\n`);
    await client.says(/waiting: There is no IPv4 network yet/);
    setAddresses('add');
    isThere = true;
    await startServer();
    // From an unspecified address, each of the server's addresses sees another of this host's: a symmetric NAT.
    await client.says(/qualifying with server 203\.0\.113\.10/);
  });

  test('SIGHUP takes a new configuration over, on the same port; a broken one changes nothing', async () => {
    await startServer();
    const file = write(`${CLIENT}BindPort 40000\n`);
    const client = start('miredo', ['-f', '-c', file, '-p', pidFile()]);
    await client.says(QUALIFIED);
    writeFileSync(file, `${CLIENT}BindPort 70000\n`);
    client.signal('SIGHUP');
    await client.says(/stays in force/);
    assert.ok(existsInterface());
    const from = client.output.length;
    writeFileSync(file, `${CLIENT}BindPort 40000\nInterfaceName other\n`);
    client.signal('SIGHUP');
    await client.says(QUALIFIED, from);
    assert.match(ip('address', 'show', 'dev', 'other'), /inet6 2001:0:/);
    assert.ok(!existsInterface());
    assert.doesNotMatch(client.output, /error: Cannot/);
  });

  test('the server named on the command line is used', async () => {
    await startServer();
    const client = startWith(`ServerAddress 203.0.113.77\nBindAddress ${HOST}\n`, [SERVER]);
    await client.says(QUALIFIED);
  });
});
