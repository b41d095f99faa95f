/**
 * Makes build/completions: what shells offer behind `miredoctl`, from the commands as commander knows them.
 *
 * Files are named as the shells look for them, so that a package copies them to share/bash-completion/completions,
 * share/zsh/site-functions and share/fish/vendor_completions.d.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import { describeCtl } from '../../daemon/ctl/command-line.js';
import { optionsOf } from '../man/option-text.js';

export const COMPLETIONS: readonly { readonly file: string; readonly make: (program: Command) => string }[] = [
  { file: 'miredoctl', make: bashCompletion },
  { file: '_miredoctl', make: zshCompletion },
  { file: 'miredoctl.fish', make: fishCompletion },
];

/** Writes what is not there as it should be. */
export function writeCompletions(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { file, make } of COMPLETIONS) {
    const path = join(folder, file);
    const text = make(describeCtl());
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
  }
}

const formsOf = (option: Option): string[] => [option.short, option.long].filter((form) => form !== undefined);
const takesValue = (option: Option): boolean => option.required || option.optional;
const words = (command: Command): string => optionsOf(command).flatMap(formsOf).join(' ');

export function bashCompletion(program: Command): string {
  const name = program.name();
  const names = program.commands.map((command) => command.name());
  const withValue = [...new Set(program.commands.flatMap((one) => optionsOf(one).filter(takesValue)).flatMap(formsOf))];
  const cases = program.commands.map((command) => `    ${command.name()}) words='${words(command)}' ;;`);
  return `# bash completion of ${name}
_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} command= words i
  case \${COMP_WORDS[COMP_CWORD-1]} in
    ${withValue.join(' | ')}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ \${COMP_WORDS[i]} != -* ]]; then
      command=\${COMP_WORDS[i]}
      break
    fi
  done
  case $command in
    '') words='${names.join(' ')} ${words(program)}' ;;
${cases.join('\n')}
    *) words= ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _${name} ${name}
`;
}

export function zshCompletion(program: Command): string {
  const name = program.name();
  const quoted = (text: string): string => text.replaceAll("'", "'\\''");
  const inSpec = (text: string): string => quoted(text).replace(/[[\]:\\]/g, '\\$&');
  const commands = program.commands.map((one) => `      '${one.name()}:${inSpec(one.description())}'`);
  const specOf = (option: Option): string => {
    const value = takesValue(option) ? `:${/[<[]([^>\]]+)/.exec(option.flags)?.[1] ?? 'value'}:` : '';
    const forms = formsOf(option);
    const group = forms.length > 1 ? `'(${forms.join(' ')})'{${forms.join(',')}}` : `${forms[0]}`;
    return `${group}'[${inSpec(option.description)}]${value}'`;
  };
  const specs = (command: Command): string => optionsOf(command).map(specOf).join(' ');
  const cases = program.commands.map((one) => `    ${one.name()}) _arguments ${specs(one)} ;;`);
  return `#compdef ${name}
_${name}() {
  local context state line
  local -a commands
  _arguments -C ${specs(program)} '1: :->command' '*:: :->rest'
  if [[ $state == command ]]; then
    commands=(
${commands.join('\n')}
    )
    _describe command commands
    return
  fi
  [[ $state == rest ]] && case $line[1] in
${cases.join('\n')}
  esac
}
_${name} "$@"
`;
}

export function fishCompletion(program: Command): string {
  const name = program.name();
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const line = (condition: string, rest: string): string => `complete -c ${name} -f -n ${quoted(condition)} ${rest}`;
  const option = (one: Option): string => {
    const short = one.short === undefined ? '' : `-s ${one.short.slice(1)} `;
    const long = one.long === undefined ? '' : `-l ${one.long.slice(2)} `;
    return `${short}${long}${takesValue(one) ? '-x ' : ''}-d ${quoted(one.description)}`;
  };
  const lines = [
    ...program.commands.map((one) => line('__fish_use_subcommand', `-a ${one.name()} -d ${quoted(one.description())}`)),
    ...optionsOf(program).map((one) => line('__fish_use_subcommand', option(one))),
    ...program.commands.flatMap((command) =>
      optionsOf(command).map((one) => line(`__fish_seen_subcommand_from ${command.name()}`, option(one))),
    ),
  ];
  return `# fish completion of ${name}\n${lines.join('\n')}\n`;
}
