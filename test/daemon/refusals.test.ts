/** Starts that cannot work: the exit code, what is said, and that nothing is left. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { closeDescriptor, openTun } from '../../daemon/io/descriptors.js';
import { enterStage, PRIMARY, type ProgramName, picture, type Running, Stage, udpSockets } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url), timeout: 30_000 };

/** It ended with `code` and said exactly this after its first line; kernel and files are as before. */
async function assertRefused(stage: Stage, start: () => Running, code: number, said: readonly (string | RegExp)[]) {
  const before = { picture: picture(), udp: udpSockets(), hasPidFile: existsSync(stage.pidFile) };
  const running = start();
  const exit = await running.exited;
  assert.deepEqual([exit.code, exit.signal], [code, null], running.lines.join('\n'));
  const lines = running.lines.filter((line) => !/: starting \S+ \S+ as \w+$/.test(line));
  assert.equal(lines.length, said.length, lines.join('\n'));
  for (const [i, expected] of said.entries()) {
    if (typeof expected === 'string') assert.equal(lines[i], expected);
    else assert.match(lines[i] ?? '', expected);
  }
  assert.equal(running.stdout, '');
  assert.deepEqual({ picture: picture(), udp: udpSockets(), hasPidFile: existsSync(stage.pidFile) }, before);
}

/** Program, text of the file, and what is said; FILE stands for its path. */
const BAD_FILES: readonly (readonly [ProgramName, config: string, said: readonly string[]])[] = [
  [
    'miredo',
    'RelayType client\nServerAddress 192.168.1.1\n',
    ['miredo: error: FILE:2: ServerAddress: 192.168.1.1 is not a public (global unicast) IPv4 address'],
  ],
  ['miredo', '', ['miredo: error: FILE: ServerAddress is missing: a client needs a Teredo server']],
  [
    'miredo',
    'RelayType relay\r\nBindPort 99999\r\nInterfaceMTU 100\r\nBindProt 1',
    [
      'miredo: error: FILE:2: BindPort: "99999" is not a whole number from 0 to 65535',
      'miredo: error: FILE:3: InterfaceMTU: "100" is not a whole number from 1280 to 65507',
      'miredo: warning: FILE:4: "BindProt" is no directive and is ignored; did you mean BindPort?',
    ],
  ],
  [
    'miredo-server',
    'ServerBindAddress 203.0.113.10\nServerBindAddress2 203.0.113.10\n',
    [
      'miredo-server: error: FILE:2: ServerBindAddress2 must differ from ServerBindAddress: clients compare what the two see',
    ],
  ],
  [
    'miredo-server',
    '# nothing\n',
    [
      'miredo-server: error: FILE: ServerBindAddress is missing: give the first of two public IPv4 addresses of this host',
    ],
  ],
];

describe('a file that cannot be used: exit code 2, file and line, nothing is created', OPTIONS, () => {
  for (const [program, config, said] of BAD_FILES) {
    test(`${program}: ${JSON.stringify(config)}`, async (t) => {
      const stage = new Stage(t);
      const running = (): Running => stage.start(program, { config });
      const before = readdirSync(stage.directory).length;
      const lines = said.map((line) => line.replace('FILE', join(stage.directory, `${program}-${before}.conf`)));
      await assertRefused(stage, running, 2, lines);
    });
  }

  test('no file', async (t) => {
    const stage = new Stage(t);
    const file = join(stage.directory, 'none.conf');
    const said = `miredo: error: ${file}: cannot read the configuration: there is no such file; name another with -c`;
    await assertRefused(stage, () => stage.run('miredo', ['-f', '-c', file, '-p', stage.pidFile]), 2, [said]);
  });

  test('a folder', async (t) => {
    const stage = new Stage(t);
    const words = ['-f', '-c', stage.directory, '-p', stage.pidFile];
    const said = `miredo: error: ${stage.directory}: cannot read the configuration: EISDIR`;
    await assertRefused(stage, () => stage.run('miredo', words), 2, [said]);
  });
});

describe('a command line that cannot be: exit code 2', OPTIONS, () => {
  const cases: readonly (readonly [ProgramName, words: readonly string[], said: string])[] = [
    ['miredo', ['-z'], "miredo: error: unknown option '-z'"],
    ['miredo', ['-f', '-c'], "miredo: error: option '-c, --config <file>' argument missing"],
    ['miredo', ['-f', 'one', 'two'], 'miredo: error: too many arguments. Expected 1 argument but got 2.'],
    ['miredo-server', ['-f', 'one'], 'miredo-server: error: too many arguments. Expected 0 arguments but got 1.'],
  ];
  for (const [program, words, said] of cases) {
    test(`${program} ${words.join(' ')}`, async (t) => {
      const stage = new Stage(t);
      await assertRefused(stage, () => stage.run(program, words), 2, [said]);
    });
  }

  test('a server that cannot be', async (t) => {
    const stage = new Stage(t);
    const start = (): Running => stage.start('miredo', { config: '', words: ['10.0.0.1'] });
    await assertRefused(stage, start, 2, [/server on the command line: 10\.0\.0\.1 is not a public/]);
  });
});

describe('what the system refuses: exit code 1, and a sentence that names it', OPTIONS, () => {
  /** A refusal with one line. */
  async function refused(t: TestContext, program: ProgramName, config: string, said: string, words: string[] = []) {
    const stage = new Stage(t);
    await assertRefused(stage, () => stage.start(program, { config, words }), 1, [`${program}: error: ${said}`]);
  }

  for (const type of ['client', 'relay']) {
    test(`${type}: a busy port`, async (t) => {
      const stage = new Stage(t);
      const busy = stage.occupyPort();
      const server = type === 'client' ? `ServerAddress ${PRIMARY}\n` : '';
      const config = `RelayType ${type}\n${server}BindAddress ${PRIMARY}\nBindPort ${busy}\n`;
      const what = `Cannot bind UDP port ${busy} of ${PRIMARY}: another program uses it.`;
      const said = `miredo: error: ${what} Stop that program, or choose another port.`;
      await assertRefused(stage, () => stage.start('miredo', { config }), 1, [said]);
    });
  }

  test('server: a busy port', async (t) => {
    const stage = new Stage(t);
    stage.occupyPort(3544);
    const config = `ServerBindAddress ${PRIMARY}\n`;
    const what = `Cannot bind UDP port 3544 of ${PRIMARY}: another program uses it.`;
    const said = `miredo-server: error: ${what} Stop that program, or choose another port.`;
    await assertRefused(stage, () => stage.start('miredo-server', { config }), 1, [said]);
  });

  test('client: a foreign address', (t) =>
    refused(
      t,
      'miredo',
      `ServerAddress ${PRIMARY}\nBindAddress 198.51.100.7\nBindPort 3545\n`,
      'Cannot bind UDP port 3545 of 198.51.100.7: no interface of this host has the address 198.51.100.7.',
    ));

  test('server: a foreign secondary address takes the primary one along', (t) =>
    refused(
      t,
      'miredo-server',
      `ServerBindAddress ${PRIMARY}\nServerBindAddress2 198.51.100.7\n`,
      'Cannot bind UDP port 3544 of 198.51.100.7: no interface of this host has the address 198.51.100.7.',
    ));

  test('an interface of that name that is something else', (t) =>
    refused(
      t,
      'miredo',
      `ServerAddress ${PRIMARY}\nInterfaceName eth0\n`,
      'Cannot create TUN interface eth0: the name is not valid, or is that of an interface of another kind.',
    ));

  test('an interface of that name that another program holds', async (t) => {
    const other = openTun('taken');
    assert.ok(other.ok);
    t.after(() => closeDescriptor(other.fd));
    const said = 'Cannot create TUN interface taken: an interface of that name exists already and is in use.';
    await refused(t, 'miredo', 'RelayType relay\nInterfaceName taken\n', said);
  });

  test('a user that does not exist', (t) =>
    refused(t, 'miredo', 'RelayType relay\n', 'There is no user no-such-user; name one with -u.', [
      '-u',
      'no-such-user',
    ]));

  test('a root that is not there', (t) =>
    refused(t, 'miredo', 'RelayType relay\n', 'There is no directory /no/such to be the root. Name another with -t.', [
      '-t',
      '/no/such',
    ]));

  test('a root that is no directory', (t) =>
    refused(
      t,
      'miredo-server',
      `ServerBindAddress ${PRIMARY}\n`,
      '/etc/passwd cannot be the root: it is not a directory. Name another with -t.',
      ['--chroot', '/etc/passwd'],
    ));

  test('a pid file that holds something else', async (t) => {
    const stage = new Stage(t);
    writeFileSync(stage.pidFile, 'root:x:0:0\n');
    const start = (): Running => stage.start('miredo', { config: 'RelayType relay\n' });
    const said = `miredo: error: Cannot write the pid file ${stage.pidFile}: it holds something else. Name another with -p FILE.`;
    await assertRefused(stage, start, 1, [said]);
    assert.equal(readFileSync(stage.pidFile, 'utf8'), 'root:x:0:0\n');
  });

  test('a pid file that cannot be written', async (t) => {
    const stage = new Stage(t);
    const pidFile = join(stage.directory, 'none', 'miredo.pid');
    const start = (): Running => stage.start('miredo', { config: 'RelayType relay\n', pidFile });
    const said = `miredo: error: Cannot write the pid file ${pidFile}: its folder does not exist. Name another with -p FILE.`;
    await assertRefused(stage, start, 1, [said]);
  });
});

describe('the pid file', OPTIONS, () => {
  const relay = (name: string): string => `RelayType relay\nInterfaceName ${name}\n`;

  test('a second program with the same one is refused, and the first goes on', async (t) => {
    const stage = new Stage(t);
    const first = stage.start('miredo', { config: relay('first') });
    await first.line(/relaying 2001::\/32/);
    const said = `Already running: process ${first.pid} holds ${stage.pidFile}. Stop that one, or name another file with -p FILE.`;
    const start = (): Running => stage.start('miredo', { config: relay('second') });
    await assertRefused(stage, start, 1, [`miredo: error: ${said}`]);
    assert.equal(readFileSync(stage.pidFile, 'utf8'), `${first.pid}\n`);
    assert.equal((await first.stop()).code, 0);
  });

  test('two programs with one each', async (t) => {
    const stage = new Stage(t);
    const names = ['first', 'second'];
    const running = names.map((name) =>
      stage.start('miredo', { config: relay(name), pidFile: join(stage.directory, `${name}.pid`) }),
    );
    await Promise.all(running.map((program) => program.line(/relaying 2001::\/32/)));
    for (const program of running) assert.equal((await program.stop()).code, 0);
  });

  test('of a program that was killed is replaced', async (t) => {
    const stage = new Stage(t);
    const killed = stage.start('miredo', { config: relay('killed') });
    await killed.line(/relaying 2001::\/32/);
    killed.signal('SIGKILL');
    await killed.exited;
    assert.equal(readFileSync(stage.pidFile, 'utf8'), `${killed.pid}\n`);
    const next = stage.start('miredo', { config: relay('next') });
    await next.line(/relaying 2001::\/32/);
    assert.equal(readFileSync(stage.pidFile, 'utf8'), `${next.pid}\n`);
    assert.equal((await next.stop()).code, 0);
    assert.equal(existsSync(stage.pidFile), false);
  });

  test('of somebody else, who was given the number, is replaced', async (t) => {
    const stage = new Stage(t);
    writeFileSync(stage.pidFile, `${process.pid}\n`);
    const program = stage.start('miredo', { config: relay('next') });
    await program.line(/relaying 2001::\/32/);
    assert.equal(readFileSync(stage.pidFile, 'utf8'), `${program.pid}\n`);
    assert.equal((await program.stop()).code, 0);
  });
});
