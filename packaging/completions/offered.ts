/** What shells offer, of the commands as commander knows them. */
import type { Command, Option } from 'commander';
import { commandsOf } from '../../daemon/ctl/command-line.js';
import { NAMING_COMMANDS } from '../../daemon/ctl/server-command-line.js';
import { optionsOf } from '../man/option-text.js';

/** Prints the names of the list, a line each. */
export const namesCommand = (program: Command): string => `${program.name()} server list --names 2>/dev/null`;

export const formsOf = (option: Option): string[] => [option.short, option.long].filter((form) => form !== undefined);
export const takesValue = (option: Option): boolean => option.required || option.optional;
/** The value is a server's name. */
export const takesServer = (option: Option): boolean => option.attributeName() === 'server';
/** The words are servers' names. */
export const namesServers = (words: string): boolean => NAMING_COMMANDS.includes(words);

/** Commands that group others. */
export const groupsOf = (program: Command): readonly Command[] =>
  program.commands.filter((command) => command.commands.length > 0);

/** Each with its options; the program's own go with all of them. */
export const offeredCommands = (
  program: Command,
): readonly { readonly words: string; readonly command: Command; readonly options: readonly Option[] }[] =>
  commandsOf(program).map(({ words, command }) => ({ words, command, options: optionsOf(command) }));
