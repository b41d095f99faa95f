/** The synopsis and the list of options of a program, from its command line as commander knows it. */
import type { Argument, Command, Option } from 'commander';
import { commandsOf } from '../../daemon/ctl/command-line.js';
import { asSentence, escapeText, sentences, tagList } from './mdoc.js';

/** Every option, those that --help does not show included; the order of --help. */
export function optionsOf(command: Command): readonly Option[] {
  const shown = command.createHelp().visibleOptions(command);
  return [...shown, ...command.options.filter((option) => !shown.includes(option))];
}

/** The name by which the manual's source speaks of an option: --config. */
export const keyOf = (option: Option): string => option.long ?? option.short ?? '';

export function synopsis(command: Command): string[] {
  const shown = command.createHelp().visibleOptions(command);
  const options = shown.map((option) => `.Op ${[shortOrLong(option), operandOf(option)].filter(Boolean).join(' ')}`);
  const words = command.registeredArguments.map((argument) => `.Op ${argumentTerm(argument)}`);
  return ['.Nm', ...options, ...words, ...(command.commands.length > 0 ? ['.Ar command'] : [])];
}

/** The commands within a command, each with its options and words. --help is in the list of the whole program. */
export function commandList(program: Command, more: ReadonlyMap<string, readonly string[]>): string[] {
  const items = commandsOf(program).map(({ words, command }) => {
    const options = optionsOf(command).filter((option) => option.long !== '--help');
    const terms = [
      ...options.map((option) => `Oo ${[shortOrLong(option), operandOf(option)].filter(Boolean).join(' ')} Oc`),
      ...command.registeredArguments.map((one) => (one.required ? argumentTerm(one) : `Oo ${argumentTerm(one)} Oc`)),
    ];
    const list = [
      ...options.map((option) => [optionTerm(option), [textOf(option), ...defaultOf(option)]] as const),
      ...command.registeredArguments.map(
        (argument) => [argumentTerm(argument), [sentences(asSentence(argument.description))]] as const,
      ),
    ];
    const body = [sentences(asSentence(command.description())), ...(more.get(words) ?? [])];
    return [`Cm ${[words, ...terms].join(' ')}`, [...body, ...(list.length > 0 ? tagList(list) : [])]] as const;
  });
  return tagList(items);
}

const textOf = (option: Option): string => sentences(asSentence(option.description));

/** `more` adds lines of mdoc to an option or argument, by its key or name. */
export function optionList(command: Command, more: ReadonlyMap<string, readonly string[]>): string[] {
  const options = optionsOf(command).map((option) => {
    const body = [textOf(option), ...defaultOf(option), ...(more.get(keyOf(option)) ?? [])];
    return [optionTerm(option), body] as const;
  });
  const words = command.registeredArguments.map((argument) => {
    const body = [sentences(asSentence(argument.description)), ...(more.get(argument.name()) ?? [])];
    return [argumentTerm(argument), body] as const;
  });
  return tagList([...options, ...words]);
}

/** `-c file` and `--config file`. */
function optionTerm(option: Option): string {
  const operand = operandOf(option);
  const forms = [option.short?.replace(/^-/, ''), option.long?.replace(/^--/, '\\-')].filter(
    (form) => form !== undefined,
  );
  return forms.map((form) => ['Fl', form, operand].filter(Boolean).join(' ')).join(' , ');
}

const shortOrLong = (option: Option): string =>
  option.short === undefined ? `Fl ${option.long?.replace(/^--/, '\\-')}` : `Fl ${option.short.replace(/^-/, '')}`;

function operandOf(option: Option): string {
  const name = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  return name === undefined ? '' : `Ar ${escapeText(name)}`;
}

const argumentTerm = (argument: Argument): string =>
  `Ar ${escapeText(argument.name())}${argument.variadic ? ' ...' : ''}`;

function defaultOf(option: Option): string[] {
  const value: unknown = option.defaultValue;
  if (typeof value === 'number') return [`The default is ${value}.`];
  return typeof value === 'string' ? ['The default is', `.Pa ${escapeText(value)} .`] : [];
}
