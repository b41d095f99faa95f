/**
 * The manual's sources are mdoc with holes, which code fills:
 *
 *     @{name}              a value of the program's, within a line
 *     @synopsis            what the command line looks like
 *     @options             the list of options …
 *     @more --config       … with the lines up to the next @ added to this one
 *     @end
 *     @commands            the list of commands, each with its options; likewise with @more and @end
 *     @end
 *     @directives client   the list of the directives of a mode, likewise with @more and @end; `client relay` is those
 *     @end                 that both modes know, `obsolete` those that do nothing
 *     @example FILE        a file of examples/, which a test checks
 *     @interface           what the interface on the bus says of itself
 *     @members method      the list of its methods; likewise property and signal
 */
import type { Command } from 'commander';
import type { Mode } from '../../daemon/config/directives.js';
import { commandsOf } from '../../daemon/ctl/command-line.js';
import type { Interface } from '../../dbus/generate.js';
import { directiveList, directivesOf, type Group, type Table } from './directive-text.js';
import { interfaceText, memberList } from './interface-text.js';
import { escapeText } from './mdoc.js';
import { commandList, keyOf, optionList, optionsOf, synopsis } from './option-text.js';

export interface Holes {
  readonly values: Readonly<Record<string, string>>;
  /** For pages of programs. */
  readonly command?: Command;
  /** For pages of files. */
  readonly table?: Table;
  /** For the page of the interface on the bus. */
  readonly interface?: Interface;
  readonly readExample: (name: string) => string;
}

/** A fault in a source of the manual. */
export class TemplateError extends Error {
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
  }
}

type More = Map<string, string[]>;

export function fill(source: string, holes: Holes): string {
  return new Filler(source, holes).page();
}

class Filler {
  readonly #lines: readonly string[];
  readonly #holes: Holes;
  #next = 0;

  constructor(source: string, holes: Holes) {
    this.#lines = source.trimEnd().split('\n');
    this.#holes = holes;
  }

  page(): string {
    const page: string[] = [];
    for (let line = this.#take(); line !== undefined; line = this.#take()) {
      page.push(...(/^@(?!\{)/.test(line) ? this.#block(line.slice(1)) : [this.#inline(line)]));
    }
    return `${page.join('\n')}\n`;
  }

  #take(): string | undefined {
    return this.#lines[this.#next++];
  }

  #inline(line: string): string {
    return line.replace(/@\{([^}]*)\}/g, (_, name: string) => {
      const value = this.#holes.values[name];
      if (value === undefined) throw this.#fault(`there is no value ${name}`);
      return escapeText(value);
    });
  }

  #block(text: string): string[] {
    const [word, ...rest] = text.split(' ');
    switch (word) {
      case 'synopsis':
        return synopsis(this.#command());
      case 'options':
        return this.#options();
      case 'commands':
        return this.#commands();
      case 'directives':
        return this.#directives(rest);
      case 'interface':
        return [interfaceText(this.#interface())];
      case 'members':
        return this.#members(rest.join(' '));
      case 'example':
        return this.#example(rest.join(' '));
      default:
        throw this.#fault(`@${word} means nothing here`);
    }
  }

  #options(): string[] {
    const command = this.#command();
    const names = [...optionsOf(command).map(keyOf), ...command.registeredArguments.map((one) => one.name())];
    return optionList(command, this.#more(names));
  }

  #commands(): string[] {
    const command = this.#command();
    return commandList(command, this.#more(commandsOf(command).map(({ words }) => words)));
  }

  #directives(words: readonly string[]): string[] {
    const { table } = this.#holes;
    if (table === undefined) throw this.#fault('this page is of no file');
    const group: Group = words[0] === 'obsolete' ? 'obsolete' : (words as readonly Mode[]);
    const names = directivesOf(table, group).map(({ name }) => name);
    if (names.length === 0) throw this.#fault(`no directive is of ${words.join(' ')}`);
    return directiveList(table, group, this.#more(names));
  }

  #members(kind: string): string[] {
    if (kind === 'method' || kind === 'property' || kind === 'signal') return memberList(this.#interface(), kind);
    throw this.#fault(`there are no members called ${kind}`);
  }

  #example(name: string): string[] {
    const lines = this.#holes.readExample(name).trimEnd().split('\n');
    return ['.Bd -literal -offset indent', ...lines.map((line) => escapeText(line).replace(/^(?=[.'])/, '\\&')), '.Ed'];
  }

  /** What is to be added to items of a list, up to @end. */
  #more(names: readonly string[]): More {
    const more: More = new Map();
    let lines: string[] | undefined;
    for (let line = this.#take(); line !== '@end'; line = this.#take()) {
      if (line === undefined) throw this.#fault('@end is missing');
      const name = /^@more (.+)$/.exec(line)?.[1];
      if (name === undefined) {
        if (lines === undefined) throw this.#fault('text belongs to an item: @more');
        lines.push(this.#inline(line));
        continue;
      }
      if (!names.includes(name)) throw this.#fault(`${name} is not in this list: ${names.join(', ')}`);
      lines = [];
      more.set(name, lines);
    }
    return more;
  }

  #command(): Command {
    const { command } = this.#holes;
    if (command === undefined) throw this.#fault('this page is of no program');
    return command;
  }

  #interface(): Interface {
    const { interface: described } = this.#holes;
    if (described === undefined) throw this.#fault('this page is of no interface');
    return described;
  }

  #fault(problem: string): TemplateError {
    return new TemplateError(this.#next, problem);
  }
}
