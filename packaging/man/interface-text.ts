/** Lists of the members of the interface on the bus, from the comments in dbus/org.miredo.xml. */
import type { Interface, Method, Property, Signal } from '../../dbus/generate.js';
import { escapeText, sentences, tagList } from './mdoc.js';

type Kind = (Method | Property | Signal)['kind'];

/** The members of a kind, in the order of the file. */
export function memberList({ members }: Interface, kind: Kind): string[] {
  const wanted = members.filter((member) => member.kind === kind);
  return tagList(wanted.map((member) => [termOf(member), [docText(member.doc), ...standing(member)]] as const));
}

/** What the interface says of itself. */
export const interfaceText = ({ doc }: Interface): string => docText(doc);

/** A comment as running text; what is in backquotes is typed as it stands. */
export const docText = (doc: string): string =>
  sentences(doc).replace(/`([^`]+)`/g, (_, word: string) => `\\fB${word}\\fR`);

function termOf(member: Method | Property | Signal): string {
  switch (member.kind) {
    case 'property':
      return `Cm ${member.name} Vt ${escapeText(member.type)}`;
    case 'signal':
      return `Cm ${member.name} ${argumentsOf(member.args)}`.trim();
    case 'method': {
      const output = member.output.length === 0 ? '' : ` No returns ${argumentsOf(member.output)}`;
      return `Cm ${member.name} ${argumentsOf(member.input)}`.trim() + output;
    }
  }
}

const argumentsOf = (args: Method['input']): string =>
  args.length === 0 ? '' : `( ${args.map(({ name, type }) => `Vt ${escapeText(type)} Ar ${name}`).join(' , ')} )`;

function standing(member: Method | Property | Signal): string[] {
  return member.kind === 'property' && member.emits === 'const' ? ['It does not change while the daemon runs.'] : [];
}
