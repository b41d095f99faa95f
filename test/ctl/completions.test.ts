/** What shells offer: each is asked itself. The daemon's servers are told by a miredoctl of the test's own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandsOf, describeCtl } from '../../daemon/ctl/command-line.js';
import { COMPLETIONS } from '../../packaging/completions/completions.js';
import { optionsOf } from '../../packaging/man/option-text.js';
import { mustRun } from '../lab/command.js';
import { missingSentence } from '../lab/needed-programs.js';

const BUILT = fileURLToPath(new URL('../../../build/completions/', import.meta.url));
const program = describeCtl();
const SKIP = { skip: missingSentence(['shells']) ?? false };

/** What the daemon's list has; the last one is somebody's joke. */
const SERVERS = ['home', 'hotel', 'office', '$(touch gone)'];

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'miredo-shells-'));
  const names = SERVERS.map((name) => `'${name}'`).join(' ');
  const script = `#!/bin/sh
if [ "$*" = 'server list --names' ]; then printf '%s\\n' ${names}; else echo "ran:$*;"; fi
`;
  writeFileSync(join(folder, 'miredoctl'), script);
  chmodSync(join(folder, 'miredoctl'), 0o755);
});
after(() => rmSync(folder, { recursive: true }));
const environment = (): NodeJS.ProcessEnv => ({
  PATH: `${folder}:${process.env['PATH']}`,
  HOME: folder,
  TERM: 'xterm',
});

test('the built files are what the commands make', () => {
  assert.deepEqual(readdirSync(BUILT).sort(), COMPLETIONS.map(({ file }) => file).sort());
  for (const { file, make } of COMPLETIONS) assert.equal(readFileSync(join(BUILT, file), 'utf8'), make(program));
});

/** What is typed, and what is offered for its last word. */
const OFFERED: readonly (readonly [typed: string, expected: readonly string[]])[] = [
  ['sta', ['start', 'status']],
  ['status --', ['--help', '--json', '--watch']],
  ['start --no', ['--no-wait']],
  ['start -t ', []],
  ['start --server ho', ['home', 'hotel']],
  ['--v', ['--version']],
  ['--no-a', ['--no-ask-password']],
  ['server re', ['remove']],
  ['server add --p', ['--primary']],
  ['server set ho', ['home', 'hotel']],
  ['server probe home o', ['office']],
  ['server remove h', ['home', 'hotel']],
  ['diagnose --j', ['--json']],
];

const formsOf = (command: ReturnType<typeof describeCtl>): string[] =>
  optionsOf(command).flatMap(({ short, long }) => [short, long].filter((one) => one !== undefined));

describe('bash', () => {
  /** What is offered for the last of these words. */
  async function offered(...words: string[]): Promise<string[]> {
    const script = `source "$0"; cd "$1"; PATH=$1:$PATH; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
      _miredoctl
      ((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"; true`;
    const { stdout } = await mustRun(['bash', '-uc', script, join(BUILT, 'miredoctl'), folder, ...words]);
    return stdout.split('\n').filter(Boolean);
  }

  for (const [typed, expected] of OFFERED) {
    test(`miredoctl ${typed}`, async () => {
      assert.deepEqual((await offered('miredoctl', ...typed.split(' '))).sort(), expected);
    });
  }

  test('nonsense has no words', async () => assert.deepEqual(await offered('miredoctl', 'nonsense', ''), []));

  test('every command, and every option of each', async () => {
    const names = program.commands.map((command) => command.name());
    assert.deepEqual((await offered('miredoctl', '')).slice(0, names.length), names);
    for (const { words, command } of commandsOf(program)) {
      assert.deepEqual(await offered('miredoctl', ...words.split(' '), '-'), formsOf(command));
    }
  });

  test('a name that is shell is quoted, and not run', async () => {
    const all = await offered('miredoctl', 'server', 'set', '');
    assert.deepEqual(all, ['home', 'hotel', 'office', String.raw`\$\(touch\ gone\)`]);
    assert.deepEqual(readdirSync(folder), ['miredoctl']);
  });
});

describe('fish', SKIP, () => {
  async function offered(typed: string): Promise<string[]> {
    const script = `cd ${folder}; set -x HOME ${folder}; set -p PATH ${folder}; source ${join(BUILT, 'miredoctl.fish')}
      complete -C 'miredoctl ${typed}'`;
    const { stdout } = await mustRun(['fish', '--no-config', '-c', script]);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t')[0] ?? '');
  }

  for (const [typed, expected] of OFFERED) {
    test(`miredoctl ${typed}`, async () => assert.deepEqual((await offered(typed)).sort(), expected));
  }

  test('every command, and every long option of each', async () => {
    const names = program.commands.map((command) => command.name());
    assert.deepEqual((await offered('')).sort(), [...names].sort());
    for (const { words, command } of commandsOf(program)) {
      const long = formsOf(command).filter((form) => form.startsWith('--'));
      assert.deepEqual((await offered(`${words} --`)).sort(), long.sort(), words);
    }
  });

  test('a name that is shell is not run', async () => {
    assert.ok((await offered('server set ')).includes('$(touch gone)'));
    assert.ok(!readdirSync(folder).includes('gone'));
  });
});

describe('zsh', { ...SKIP, timeout: 60_000 }, () => {
  /** Types lines, with Tab in them, to a zsh on a terminal; returns what it has shown when the pattern is there. */
  async function typed(text: string, pattern: RegExp): Promise<string> {
    const setUp = `cd ${folder}; PROMPT='ready> '; fpath=(${BUILT} $fpath); autoload -Uz compinit; compinit -D -u; echo set up`;
    const child = spawn('script', ['--quiet', '--command', 'stty rows 50 cols 200; exec zsh -f -i', '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: environment(),
    });
    let shown = '';
    let wake: () => void = () => {};
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      shown += chunk;
      wake();
    });
    let hasEnded = false;
    const ended = new Promise<void>((resolve) =>
      child.on('close', () => {
        hasEnded = true;
        wake();
        resolve();
      }),
    );
    const shows = async (wanted: RegExp): Promise<void> => {
      while (!wanted.test(shown)) {
        assert.ok(!hasEnded, shown);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    try {
      child.stdin.write(`${setUp}\n`);
      await shows(/^set up\r\n[\s\S]*ready> /m);
      shown = '';
      child.stdin.write(text);
      await shows(pattern);
      return shown;
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  }

  for (const [keys, ran] of [
    ['miredoctl stat\t--js\t\n', 'status --json'],
    ['miredoctl server rem\thom\t\n', 'server remove home'],
    ['miredoctl server pro\tof\thot\t\n', 'server probe office hotel'],
    ['miredoctl server add x --prim\t y\n', 'server add x --primary y'],
    ['miredoctl start --serv\toff\t\n', 'start --server office'],
    ['miredoctl dia\t--j\t\n', 'diagnose --json'],
  ] as const) {
    test(JSON.stringify(keys), async () => {
      const shown = await typed(keys, /ran:[^;]*;/);
      assert.equal(/ran:([^;]*);/.exec(shown)?.[1]?.trim(), ran);
    });
  }

  test('several that fit are shown, with what they mean', async () => {
    await typed('miredoctl server \t', /auto +-- have the daemon choose the best server that answers/);
    await typed('miredoctl server set ho\t', /home +hotel/);
    assert.ok(!readdirSync(folder).includes('gone'));
  });

  test('is told every command and every option', () => {
    const text = readFileSync(join(BUILT, '_miredoctl'), 'utf8');
    for (const { command } of commandsOf(program)) {
      assert.match(text, new RegExp(`^ +'${command.name()}:`, 'm'));
      // Two groups may have a command of the same name.
      const lines = text.split('\n').filter((one) => one.startsWith(`    ${command.name()}) _arguments `));
      const hasAll = lines.some((line) => formsOf(command).every((form) => line.includes(form)));
      assert.ok(hasAll, command.name());
    }
  });
});
