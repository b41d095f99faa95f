/** For bash: one function, which offers words by the command that is already there. */
import type { Command } from 'commander';
import { optionsOf } from '../man/option-text.js';
import { formsOf, groupsOf, namesCommand, namesServers, offeredCommands, takesServer, takesValue } from './offered.js';

export function bashCompletion(program: Command): string {
  const name = program.name();
  const commands = offeredCommands(program);
  const namesOf = (command: Command): string[] => command.commands.map((one) => one.name());
  const optionWords = (command: Command): string[] => optionsOf(command).flatMap(formsOf);
  const withValue = [...new Set(commands.flatMap(({ options }) => options.filter(takesValue)).flatMap(formsOf))];
  const withServer = commands.flatMap(({ words, options }) =>
    options.filter(takesServer).flatMap((option) => formsOf(option).map((form) => `'${words} ${form}'`)),
  );
  const groups = groupsOf(program);
  const cases = [
    ...groups.map((group) => `    ${group.name()}) words='${[...namesOf(group), ...optionWords(group)].join(' ')}' ;;`),
    ...commands.map(({ words, command }) => `    '${words}') words='${optionWords(command).join(' ')}' ;;`),
  ];
  const naming = commands.filter(({ words }) => namesServers(words)).map(({ words }) => `'${words}'`);
  // Names come from others: they are compared and quoted, and never expanded as \`compgen -W\` would.
  return `# bash completion of ${name}
_${name}_servers() {
  local server
  while IFS= read -r server; do
    [[ $server == "$1"* ]] && COMPREPLY+=("$(printf %q "$server")")
  done < <(${namesCommand(program)})
}
_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == -* ]] && continue
    command+=\${command:+ }\${COMP_WORDS[i]}
    case $command in
      ${groups.map((group) => group.name()).join(' | ')}) ;;
      *) break ;;
    esac
  done
  case "$command $before" in
    ${withServer.join(' | ')}) _${name}_servers "$word"; return ;;
  esac
  case $before in
    ${withValue.join(' | ')}) return ;;
  esac
  case $command in
    ${naming.join(' | ')}) [[ $word == -* ]] || { _${name}_servers "$word"; return; } ;;
  esac
  case $command in
    '') words='${[...namesOf(program), ...optionWords(program)].join(' ')}' ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _${name} ${name}
`;
}
