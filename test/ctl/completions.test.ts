/** What shells offer: bash is asked itself. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { describeCtl } from '../../daemon/ctl/command-line.js';
import { COMPLETIONS, fishCompletion, zshCompletion } from '../../packaging/completions/completions.js';
import { optionsOf } from '../../packaging/man/option-text.js';
import { mustRun } from '../lab/command.js';

const BUILT = fileURLToPath(new URL('../../../build/completions/', import.meta.url));
const program = describeCtl();

test('the built files are what the commands make', () => {
  assert.deepEqual(readdirSync(BUILT).sort(), COMPLETIONS.map(({ file }) => file).sort());
  for (const { file, make } of COMPLETIONS) assert.equal(readFileSync(join(BUILT, file), 'utf8'), make(program));
});

describe('bash', () => {
  /** What is offered for the last of these words. */
  async function offered(...words: string[]): Promise<string[]> {
    const script = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _miredoctl
      ((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"; true`;
    const { stdout } = await mustRun(['bash', '-uc', script, join(BUILT, 'miredoctl'), ...words]);
    return stdout.split('\n').filter(Boolean);
  }

  for (const [words, expected] of [
    [
      ['miredoctl', 'sta'],
      ['status', 'start'],
    ],
    [
      ['miredoctl', 'status', '--'],
      ['--json', '--watch', '--help'],
    ],
    [['miredoctl', 'start', '--no'], ['--no-wait']],
    [['miredoctl', 'start', '-t', ''], []],
    [['miredoctl', 'nonsense', ''], []],
    [['miredoctl', '--v'], ['--version']],
  ] as const) {
    test(words.join(' '), async () => assert.deepEqual(await offered(...words), expected));
  }

  test('every command, and every option of each', async () => {
    const names = program.commands.map((command) => command.name());
    const all = await offered('miredoctl', '');
    assert.deepEqual(all.slice(0, names.length), names);
    for (const command of program.commands) {
      const forms = optionsOf(command).flatMap(({ short, long }) => [short, long].filter((one) => one !== undefined));
      assert.deepEqual(await offered('miredoctl', command.name(), '-'), forms);
    }
  });
});

for (const [shell, text] of [
  ['zsh', zshCompletion(program)],
  ['fish', fishCompletion(program)],
] as const) {
  test(`${shell} is told every command and every long option`, () => {
    for (const command of program.commands) {
      assert.match(
        text,
        shell === 'zsh' ? new RegExp(`^ +'${command.name()}:`, 'm') : new RegExp(` -a ${command.name()} `),
      );
      const prefix = shell === 'zsh' ? `    ${command.name()}) ` : `__fish_seen_subcommand_from ${command.name()}'`;
      const lines = text
        .split('\n')
        .filter((line) => line.includes(prefix))
        .join('\n');
      for (const { long = '' } of optionsOf(command)) {
        assert.ok(lines.includes(shell === 'zsh' ? long : `-l ${long.slice(2)} `), `${command.name()} ${long}`);
      }
    }
  });
}
