/** miredo-checkconf as people and start scripts run it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kindOf } from '../../daemon/service/checkconf.js';
import { type CommandResult, run } from '../lab/command.js';
import { CHECKCONF_PROGRAM } from './checkconf-program.js';

let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'miredo-checkconf-'));
});

after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const checkconf = (...words: string[]): Promise<CommandResult> => run([CHECKCONF_PROGRAM, ...words]);

const GOOD = 'ServerAddress 203.0.113.1\n';
const ODD = 'ServerAddress 203.0.113.1 and more\n';
const BAD = 'ServerAddress 10.0.0.1\n';
const SERVER = 'ServerBindAddress 203.0.113.1\n';

describe('miredo-checkconf', () => {
  it('says nothing of a good file and exits with 0', async () => {
    const { code, stdout, stderr } = await checkconf(write('miredo.conf', GOOD));
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' });
  });

  it('knows the rules for networks by their name, and by their sections', async () => {
    const good = await checkconf(write('network.conf', 'Policy = never\n'));
    assert.deepEqual([good.code, good.stderr], [0, '']);
    const file = write('rules.conf', '# mine\n[connection "Home"]\nPolicy = on\n');
    const { code, stderr } = await checkconf(file);
    assert.deepEqual([code, stderr], [1, `${file}:3: error: Policy: "on" is none of automatic, always, never\n`]);
  });

  it('passes the rules that the package brings', async () => {
    const { code, stderr } = await checkconf(
      fileURLToPath(new URL('../../../packaging/config/network.conf', import.meta.url)),
    );
    assert.deepEqual([code, stderr], [0, '']);
  });

  it('tells every fault with file, line and severity, and exits with 1', async () => {
    const text = [
      'RelayType relay',
      'InterfaceMTU 100 bytes',
      'InterfaceName a:b # so it cannot be called',
      '',
      'Prefix fe80::',
      'BindAddress 256.1.1.1',
      'BindPort 65536',
      'BindProt 1',
      'ServerAddress 10.0.0.1',
      'IgnoreConeBit no',
      'SyslogFacility "daemon',
      'RelayType cone',
    ].join('\r\n');
    const file = write('all.conf', text);
    const { code, stdout, stderr } = await checkconf(file);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    const told = stderr.trimEnd().split('\n');
    assert.ok(
      told.every((line) => line.startsWith(`${file}:`)),
      stderr,
    );
    const expected = [
      /^2: warning: InterfaceMTU takes one value; "bytes" is ignored$/,
      /^2: error: InterfaceMTU: "100" is not a whole number from 1280 to 65507$/,
      /^3: error: InterfaceName: "a:b" cannot name an interface/,
      /^5: error: Prefix: fe80:: is not global unicast/,
      /^6: error: BindAddress: "256.1.1.1" is not an IPv4 address/,
      /^7: error: BindPort: "65536" is not a whole number from 0 to 65535$/,
      /^8: warning: "BindProt" is no directive and is ignored; did you mean BindPort\?$/,
      /^9: warning: ServerAddress means nothing in relay mode and is ignored$/,
      /^10: warning: IgnoreConeBit is obsolete and is ignored: /,
      /^11: error: a quote is opened and not closed on this line$/,
      /^12: warning: RelayType stands in line 1 already; this one is ignored$/,
    ];
    const sentences = told.map((line) => line.slice(file.length + 1));
    assert.equal(sentences.length, expected.length, stderr);
    expected.forEach((pattern, i) => {
      assert.match(sentences[i] ?? '', pattern);
    });
  });

  it('exits with 1 for a warning alone', async () => {
    const { code, stderr } = await checkconf(write('odd.conf', ODD));
    assert.equal(code, 1);
    assert.match(stderr, /odd\.conf:1: warning: ServerAddress takes one value; "and more" is ignored\n$/);
  });

  it('counts only errors with -f, which start scripts give it, and tells warnings all the same', async () => {
    const odd = await checkconf('-f', write('odd.conf', ODD));
    assert.equal(odd.code, 0);
    assert.match(odd.stderr, /warning: /);
    const bad = await checkconf('-f', write('bad.conf', BAD));
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /error: ServerAddress: 10\.0\.0\.1 is not a public/);
  });

  it('checks every file it is given, in whatever way', async () => {
    const [first, second, third] = [write('1.conf', BAD), write('2.conf', GOOD), write('3.conf', ODD)];
    const { code, stderr } = await checkconf('-c', first, '--config', second, third);
    assert.equal(code, 1);
    assert.deepEqual(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split(':')[0]),
      [first, third],
    );
    assert.equal((await checkconf('-c', second, second)).code, 0);
  });

  it('takes the other options of miredo', async () => {
    const file = write('miredo.conf', GOOD);
    const options = ['-u', 'nobody', '-p', '/run/x.pid', '-t', '/nowhere', '--username', 'x', '--chrootdir', 'y'];
    const { code, stderr } = await checkconf(...options, file);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });

  it('exits with 1 when a file cannot be read, and checks the others', async () => {
    const { code, stderr } = await checkconf(join(folder, 'absent.conf'), folder, write('bad.conf', BAD));
    assert.equal(code, 1);
    assert.match(stderr, /absent\.conf: error: cannot be read: there is no such file\n/);
    assert.match(stderr, /: error: cannot be read: it is a directory\n/);
    assert.match(stderr, /bad\.conf:1: error: /);
  });

  it('exits with 2 when it is used wrongly', async () => {
    for (const words of [['-x'], ['-c'], ['--nonsense']]) {
      const { code, stderr } = await checkconf(...words);
      assert.equal(code, 2, words.join(' '));
      assert.match(stderr, /^miredo-checkconf: error: /);
    }
  });

  it('shows help and version', async () => {
    for (const word of ['-h', '--help']) {
      const { code, stdout, stderr } = await checkconf(word);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.match(stdout, /^Usage: miredo-checkconf /);
    }
    for (const word of ['-V', '--version']) {
      const { code, stdout } = await checkconf(word);
      assert.equal(code, 0);
      assert.match(stdout, /^miredo-checkconf \d+\.\d+\.\d+/);
    }
  });

  it('knows a file of miredo-server by what is in it, and by --server', async () => {
    assert.equal((await checkconf(write('any.conf', SERVER))).code, 0);
    const empty = write('empty.conf', '');
    assert.match((await checkconf(empty)).stderr, /empty\.conf: error: ServerAddress is missing/);
    assert.match((await checkconf('--server', empty)).stderr, /empty\.conf: error: ServerBindAddress is missing/);
  });
});

describe('the kind of a file', () => {
  const cases: readonly (readonly [string, string, 'miredo' | 'miredo-server'])[] = [
    ['x.conf', GOOD, 'miredo'],
    ['x.conf', SERVER, 'miredo-server'],
    ['x.conf', 'SERVERBINDADDRESS2\n', 'miredo-server'],
    ['x.conf', '# ServerBindAddress 1\n', 'miredo'],
    ['x.conf', 'Prefix 2001::\n', 'miredo'],
    ['/etc/miredo/miredo-server.conf', 'Prefix 2001::\n', 'miredo-server'],
    ['/etc/miredo/miredo-server.conf', '', 'miredo-server'],
    ['/etc/miredo-server/x.conf', '', 'miredo'],
    // The program that the file was written for is the one whose directives are not out of place.
    ['/etc/miredo/miredo-server.conf', GOOD, 'miredo'],
    ['/etc/miredo/miredo.conf', GOOD + SERVER, 'miredo'],
    ['/etc/miredo/miredo-server.conf', GOOD + SERVER, 'miredo-server'],
  ];
  for (const [file, text, kind] of cases) {
    it(`${file} with ${JSON.stringify(text)} is of ${kind}`, () => assert.equal(kindOf(file, text), kind));
  }
});

describe('the default file', () => {
  /** Runs the program where /etc holds only `files`. */
  function inEtc(files: Readonly<Record<string, string>>, ...words: string[]): Promise<CommandResult> {
    const script = [
      'mount -t tmpfs none /etc',
      'mkdir /etc/miredo',
      ...Object.entries(files).map(([name, text]) => `printf '%s' '${text}' >'/etc/${name}'`),
      'exec "$@"',
    ];
    const namespace = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
    const env = { PATH: process.env['PATH'] };
    const program = [process.execPath, CHECKCONF_PROGRAM, ...words];
    return run(['unshare', ...namespace, 'sh', '-e', '-c', script.join('\n'), 'sh', ...program], { env });
  }

  it('is /etc/miredo/miredo.conf', async () => {
    const { code, stderr } = await inEtc({ 'miredo/miredo.conf': BAD, 'miredo.conf': GOOD });
    assert.equal(code, 1);
    assert.match(stderr, /^\/etc\/miredo\/miredo\.conf:1: error: /);
  });

  it('is /etc/miredo.conf when the other is not there', async () => {
    const { code, stderr } = await inEtc({ 'miredo.conf': BAD });
    assert.equal(code, 1);
    assert.match(stderr, /^\/etc\/miredo\.conf:1: error: /);
  });

  it('is told as missing by its usual name', async () => {
    const { code, stderr } = await inEtc({});
    assert.equal(code, 1);
    assert.match(stderr, /^\/etc\/miredo\/miredo\.conf: error: cannot be read: there is no such file\n$/);
  });

  it("is the server's with --server", async () => {
    const usual = await inEtc({ 'miredo/miredo-server.conf': BAD, 'miredo.conf': GOOD }, '--server');
    assert.match(usual.stderr, /^\/etc\/miredo\/miredo-server\.conf:\d* ?/);
    const older = await inEtc({ 'miredo-server.conf': SERVER, 'miredo.conf': BAD }, '--server');
    assert.deepEqual([older.code, older.stderr], [0, '']);
  });
});
