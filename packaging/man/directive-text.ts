/** Lists of directives, from the table that the parser reads by. */
import type { Directive, Mode } from '../../daemon/config/directives.js';
import { asSentence, escapeText, sentences, tagList } from './mdoc.js';

export type Table = Readonly<Record<string, Directive<unknown>>>;

/** Modes in which a directive means something, or that it means nothing any more. */
export type Group = readonly Mode[] | 'obsolete';

/** Directives of a group, in the order of the table. */
export function directivesOf(table: Table, group: Group): readonly Directive<unknown>[] {
  const isOfGroup = ({ modes, obsolete }: Directive<unknown>): boolean =>
    group === 'obsolete'
      ? obsolete !== undefined
      : obsolete === undefined && modes.length === group.length && modes.every((mode) => group.includes(mode));
  return Object.values(table).filter(isOfGroup);
}

/** `more` adds lines of mdoc to a directive, by its name. */
export function directiveList(table: Table, group: Group, more: ReadonlyMap<string, readonly string[]>): string[] {
  return tagList(
    directivesOf(table, group).map((directive) => {
      const body = [sentences(directive.summary), ...(more.get(directive.name) ?? []), ...standing(directive)];
      return [`Cm ${directive.name} ${operandOf(directive.operand)}`, body] as const;
    }),
  );
}

/** The default, or what became of it. */
function standing({ standard, obsolete }: Directive<unknown>): string[] {
  if (obsolete !== undefined) return [sentences(asSentence(obsolete))];
  return ['.Pp', sentences(asSentence(`Default: ${standard}`))];
}

/** Words to choose from stand as they are, in mdoc's own delimiters; what stands for a value is in capitals. */
function operandOf(operand: string): string {
  if (operand.startsWith('(')) return escapeText(operand.replace('(', '( ').replace(')', ' )'));
  return `Ar ${escapeText(operand.toLowerCase())}`;
}
