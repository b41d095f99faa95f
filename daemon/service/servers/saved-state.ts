/** What outlasts the daemon, as text: an ini file with a checksum, so that a damaged one is known for that. */
import { createHash } from 'node:crypto';
import ini from 'ini';
import { readEntry, type ServerEntry } from '../../config/server-entry.js';

export interface SavedState {
  /** Whether there is to be a tunnel: what was asked for last. */
  readonly enabled: boolean;
  /** The server that was chosen: `auto`, a name of the list, or a server; undefined when nobody chose. */
  readonly choice: string | undefined;
  /** What users have added. */
  readonly servers: readonly ServerEntry[];
}

export const NOTHING_SAVED: SavedState = { enabled: false, choice: undefined, servers: [] };

type Section = { readonly [key: string]: unknown };

const HEADER = '; Written by miredo, and not to be edited: use miredoctl(1).\n';

export function formatState({ enabled, choice, servers }: SavedState): string {
  const tunnel = choice === undefined ? { enabled } : { enabled, choice };
  // No prototype: a server may be called "constructor".
  const sections = Object.create(null) as Record<string, object>;
  for (const { name, primary, secondary, comment } of servers) {
    sections[name] = {
      primary: primary.text,
      ...(secondary === undefined ? {} : { secondary: secondary.text }),
      ...(comment === '' ? {} : { comment }),
    };
  }
  const body = ini.stringify({ tunnel, servers: sections }, { platform: 'linux' });
  return `${HEADER}checksum=${checksumOf(body)}\n\n${body}`;
}

/** undefined when it is not whole, or not as this program writes it. */
export function parseState(text: string): SavedState | undefined {
  const [, checksum, body = ''] = /^[^\n]*\nchecksum=([0-9a-f]+)\n\n(.*)$/s.exec(text) ?? [];
  if (checksum !== checksumOf(body) || !text.startsWith(HEADER)) return undefined;
  const { tunnel = {}, servers = {} } = ini.parse(body) as { tunnel?: Section; servers?: Section };
  const { enabled, choice } = tunnel;
  if (typeof enabled !== 'boolean') return undefined;
  const entries: ServerEntry[] = [];
  for (const [name, section] of Object.entries(servers)) {
    const { primary, secondary, comment } = (typeof section === 'object' && section !== null ? section : {}) as Section;
    const read = readEntry(name, { primary: word(primary), secondary: word(secondary), comment: word(comment) });
    if (!read.ok) return undefined;
    entries.push(read.entry);
  }
  return { enabled, choice: word(choice), servers: entries };
}

/** To the library "true" is not a text. */
const word = (value: unknown): string | undefined => (value === undefined ? undefined : String(value));

const checksumOf = (body: string): string => createHash('sha256').update(body).digest('hex').slice(0, 32);
