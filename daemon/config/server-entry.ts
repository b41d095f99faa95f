/** One server of a list: what an ini section, the message bus or the daemon's own memory says of it, checked. */
import { type ServerName, serverName } from './values.js';

export interface ServerEntry {
  readonly name: string;
  readonly primary: ServerName;
  /** undefined: the address after the primary one. */
  readonly secondary: ServerName | undefined;
  /** Empty when there is none. */
  readonly comment: string;
}

/** What may be said of a server beside its name. */
export const ENTRY_KEYS = ['primary', 'secondary', 'comment'] as const;
export type EntryKey = (typeof ENTRY_KEYS)[number];
export type EntryFields = { readonly [Key in EntryKey]?: string | undefined };

export type ReadEntry =
  | { readonly ok: true; readonly entry: ServerEntry }
  /** `key` is undefined when the name is at fault. */
  | { readonly ok: false; readonly key: EntryKey | undefined; readonly problem: string };

/** Chooses among all instead of naming one. */
export const AUTO = 'auto';

const NAME_LIMIT = 253;
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]*[\p{L}\p{N}._-])?$/u;
const COMMENT_LIMIT = 200;
/** A comment says something, on one line, and comes back from an ini file as it went in. */
const COMMENT = /^(?=.*[\p{L}\p{N}])[^\p{C}\p{Zl}\p{Zp}\\]*$/u;

export const isEntryKey = (key: string): key is EntryKey => (ENTRY_KEYS as readonly string[]).includes(key);

/** Reads an entry; when no primary address is given the name is that. */
export function readEntry(name: string, fields: EntryFields): ReadEntry {
  const nameProblem = problemOfName(name);
  if (nameProblem !== undefined) return { ok: false, key: undefined, problem: nameProblem };
  const primary = serverName(fields.primary ?? name);
  if (!primary.ok) {
    const remedy = fields.primary === undefined ? '; say which server it is with primary=' : '';
    return { ok: false, key: 'primary', problem: `${primary.problem}${remedy}` };
  }
  const secondary = fields.secondary === undefined ? undefined : serverName(fields.secondary);
  if (secondary?.ok === false) return { ok: false, key: 'secondary', problem: secondary.problem };
  const comment = (fields.comment ?? '').trim();
  const commentProblem = problemOfComment(comment);
  if (commentProblem !== undefined) return { ok: false, key: 'comment', problem: commentProblem };
  return { ok: true, entry: { name, primary: primary.value, secondary: secondary?.value, comment } };
}

function problemOfName(name: string): string | undefined {
  if (name.toLowerCase() === AUTO) return `"${AUTO}" is the word for the best server and names none`;
  if (name.length <= NAME_LIMIT && NAME.test(name)) return undefined;
  const allowed = `letters, digits, blanks, ".", "_" and "-", ${NAME_LIMIT} at the most, with a letter or digit first`;
  return `${JSON.stringify(name.slice(0, NAME_LIMIT))} cannot name a server: ${allowed}`;
}

function problemOfComment(comment: string): string | undefined {
  if (comment === '') return undefined;
  if (comment.length > COMMENT_LIMIT) return `the comment is longer than ${COMMENT_LIMIT} characters`;
  return COMMENT.test(comment) ? undefined : 'a comment is one line of text, with a letter or digit and no backslash';
}
