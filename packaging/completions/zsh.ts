/** For zsh: a function for the program, and one for each command that groups others. */
import type { Argument, Command, Option } from 'commander';
import { optionsOf } from '../man/option-text.js';
import { formsOf, groupsOf, namesCommand, namesServers, takesServer, takesValue } from './offered.js';

const quoted = (text: string): string => text.replaceAll("'", "'\\''");
const inSpec = (text: string): string => quoted(text.replace(/[[\]:\\]/g, '\\$&'));

export function zshCompletion(program: Command): string {
  const name = program.name();
  const groups = groupsOf(program).map((group) =>
    groupFunction(group, `_${name}_${group.name()}`, `${group.name()} `, name),
  );
  return `#compdef ${name}
_${name}_servers() {
  local -a servers
  servers=(\${(f)"$(${namesCommand(program)})"})
  compadd -a servers
}
${[...groups, groupFunction(program, `_${name}`, '', name)].join('')}_${name} "$@"
`;
}

/** `prefix`: of the words of its commands. */
function groupFunction(group: Command, functionName: string, prefix: string, program: string): string {
  const commands = group.commands.map((one) => `      '${one.name()}:${inSpec(one.description())}'`);
  const cases = group.commands.map((one) => {
    if (one.commands.length > 0) return `    ${one.name()}) ${functionName}_${one.name()} ;;`;
    const operands = one.registeredArguments.map((argument, i) =>
      operandSpec(argument, i, namesServers(prefix + one.name()) ? `_${program}_servers` : ''),
    );
    return `    ${one.name()}) _arguments ${[...optionSpecs(one, program), ...operands].join(' ')} ;;`;
  });
  return `${functionName}() {
  local context state line
  local -a commands
  _arguments -C ${optionSpecs(group, program).join(' ')} '1: :->command' '*:: :->rest'
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
`;
}

const optionSpecs = (command: Command, program: string): string[] =>
  optionsOf(command).map((option) => optionSpec(option, program));

function optionSpec(option: Option, program: string): string {
  const value = /[<[]([^>\]]+)/.exec(option.flags)?.[1] ?? 'value';
  const action = takesServer(option) ? `_${program}_servers` : '';
  const forms = formsOf(option);
  const group = forms.length > 1 ? `'(${forms.join(' ')})'{${forms.join(',')}}'` : `'${forms[0]}`;
  return `${group}[${inSpec(option.description)}]${takesValue(option) ? `:${value}:${action}` : ''}'`;
}

const operandSpec = (argument: Argument, index: number, action: string): string =>
  `'${argument.variadic ? '*' : index + 1}:${inSpec(argument.name())}:${action}'`;
