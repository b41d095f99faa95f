/** For fish: a line for each command and option, with the condition under which it is offered. */
import type { Command, Option } from 'commander';
import { optionsOf } from '../man/option-text.js';
import { groupsOf, namesCommand, namesServers, offeredCommands, takesServer, takesValue } from './offered.js';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export function fishCompletion(program: Command): string {
  const name = program.name();
  const line = (condition: string, rest: string): string => `complete -c ${name} -f -n ${quoted(condition)} ${rest}`;
  const servers = quoted(`(${namesCommand(program)})`);
  const option = (one: Option): string => {
    const short = one.short === undefined ? '' : `-s ${one.short.slice(1)} `;
    const long = one.long === undefined ? '' : `-l ${one.long.slice(2)} `;
    const value = takesServer(one) ? `-x -a ${servers} ` : takesValue(one) ? '-x ' : '';
    return `${short}${long}${value}-d ${quoted(one.description)}`;
  };
  const commandLines = (group: Command, condition: string): string[] => [
    ...group.commands.map((one) => line(condition, `-a ${one.name()} -d ${quoted(one.description())}`)),
    ...optionsOf(group).map((one) => line(condition, option(one))),
  ];
  const lines = [
    ...commandLines(program, '__fish_use_subcommand'),
    ...groupsOf(program).flatMap((group) => commandLines(group, inGroup(group))),
    ...offeredCommands(program).flatMap(({ words, options }) => [
      ...options.map((one) => line(seenAlone(words, groupsOf(program)), option(one))),
      ...(namesServers(words) ? [line(seen(words), `-a ${servers}`)] : []),
    ]),
  ];
  return `# fish completion of ${name}\n${lines.join('\n')}\n`;
}

const seen = (words: string): string =>
  words
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ');

/** `status` is also a word of `prefer status`. */
function seenAlone(words: string, groups: readonly Command[]): string {
  const others = groups.filter((group) => group.commands.some((one) => one.name() === words));
  return [seen(words), ...others.map((group) => `not ${seen(group.name())}`)].join('; and ');
}

/** The group is there, and none of its commands yet. */
const inGroup = (group: Command): string =>
  `${seen(group.name())}; and not __fish_seen_subcommand_from ${group.commands.map((one) => one.name()).join(' ')}`;
