/** The options of both programs: what they mean, and what happens to those that mean nothing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { parseCommandLine, version } from '../../daemon/service/command-line.js';
import { MIREDO, MIREDO_SERVER } from '../../daemon/service/programs.js';

/** The result, and what was written meanwhile. */
function parse(context: TestContext, program: typeof MIREDO, ...words: readonly string[]) {
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    context.mock.method(process[stream], 'write', (text: string) => {
      written[stream] += text;
      return true;
    });
  }
  const result = parseCommandLine(program, words);
  context.mock.restoreAll();
  return { result, ...written };
}

const DEFAULTS = {
  config: '/etc/miredo/miredo.conf',
  foreground: false,
  pidfile: '/run/miredo.pid',
  user: undefined,
  chroot: undefined,
  server: undefined,
  isConfigNamed: false,
  managed: false,
};

/** What follows `miredo`, and what differs from the defaults. */
const accepted: readonly (readonly [words: readonly string[], meaning: object])[] = [
  [[], {}],
  [['-f'], { foreground: true }],
  [['--foreground'], { foreground: true }],
  [['-c', 'a.conf'], { config: 'a.conf', isConfigNamed: true }],
  [['-ca.conf'], { config: 'a.conf', isConfigNamed: true }],
  [['--config', 'a.conf'], { config: 'a.conf', isConfigNamed: true }],
  [['--config=a.conf'], { config: 'a.conf', isConfigNamed: true }],
  [['-p', '/run/a.pid'], { pidfile: '/run/a.pid' }],
  [['--pidfile', '/run/a.pid'], { pidfile: '/run/a.pid' }],
  [['-u', 'nobody'], { user: 'nobody' }],
  [['--user', 'nobody'], { user: 'nobody' }],
  [['-t', '/var/empty'], { chroot: '/var/empty' }],
  [['--chroot', '/var/empty'], { chroot: '/var/empty' }],
  [['teredo.example'], { server: 'teredo.example' }],
  [
    ['-f', 'teredo.example', '-c', 'a.conf'],
    { foreground: true, isConfigNamed: true, config: 'a.conf', server: 'teredo.example' },
  ],
  [['-fc', 'a.conf'], { foreground: true, isConfigNamed: true, config: 'a.conf' }],
  [['-f', '--managed'], { foreground: true, managed: true }],
  [['--', '-odd'], { server: '-odd' }],
];

/** What follows `miredo`, and a word of the complaint. */
const refused: readonly (readonly [words: readonly string[], complaint: string])[] = [
  [['-x'], "unknown option '-x'"],
  [['--nonsense'], "unknown option '--nonsense'"],
  [['-c'], "option '-c, --config <file>' argument missing"],
  [['one', 'two'], 'too many arguments'],
];

describe('miredo', () => {
  for (const [words, meaning] of accepted) {
    test(`miredo ${words.join(' ')}`, (t) => {
      const { result, stdout, stderr } = parse(t, MIREDO, ...words);
      assert.deepEqual({ ...(result as object) }, { ...DEFAULTS, ...meaning });
      assert.equal(stdout + stderr, '');
    });
  }

  for (const [words, complaint] of refused) {
    test(`miredo ${words.join(' ')}: a usage error`, (t) => {
      const { result, stdout, stderr } = parse(t, MIREDO, ...words);
      assert.equal(result, 2);
      assert.equal(stdout, '');
      assert.ok(stderr.startsWith(`miredo: error: ${complaint}`), stderr);
    });
  }

  for (const word of ['-h', '--help']) {
    test(`miredo ${word}`, (t) => {
      const { result, stdout, stderr } = parse(t, MIREDO, word);
      assert.equal(result, 0);
      assert.equal(stderr, '');
      assert.match(stdout, /^Usage: miredo \[options\] \[server_name\]\n/);
      for (const option of ['config', 'foreground', 'pidfile', 'user', 'chroot', 'version', 'help']) {
        assert.match(stdout, new RegExp(`  -., --${option}\\b`));
      }
    });
  }

  for (const word of ['-V', '--version']) {
    test(`miredo ${word}: that of package.json`, (t) => {
      const { result, stdout } = parse(t, MIREDO, word);
      const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
      const { version: expected } = JSON.parse(text) as { version: string };
      assert.equal(version(), expected);
      assert.equal(result, 0);
      assert.equal(stdout.split('\n')[0], `miredo ${expected}`);
    });
  }
});

describe('miredo-server', () => {
  test('has files of its own', (t) => {
    const { result } = parse(t, MIREDO_SERVER);
    const own = { config: '/etc/miredo/miredo-server.conf', pidfile: '/run/miredo-server.pid' };
    assert.deepEqual({ ...(result as object) }, { ...DEFAULTS, ...own });
  });

  test('leaves nothing to users', (t) => {
    assert.equal(parse(t, MIREDO_SERVER, '--managed').result, 2);
  });

  test('takes no server', (t) => {
    const { result, stderr } = parse(t, MIREDO_SERVER, 'teredo.example');
    assert.equal(result, 2);
    assert.match(stderr, /^miredo-server: error: too many arguments/);
  });
});
