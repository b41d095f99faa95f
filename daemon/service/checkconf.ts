/** Checks configuration files without starting anything: what miredo-checkconf(8) does. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { MIREDO_DIRECTIVES, SERVER_DIRECTIVES } from '../config/directives.js';
import type { Fault } from '../config/fault.js';
import { splitLines } from '../config/lines.js';
import { parseMiredoConf } from '../config/miredo-conf.js';
import { NETWORK_CONF, parseNetworkConf } from '../config/network-conf.js';
import { parseServerConf } from '../config/server-conf.js';

/** Which program a file is for, or that it is miredo's of the networks. */
export type FileKind = 'miredo' | 'miredo-server' | 'network';

const PARSERS: Readonly<Record<FileKind, (file: string, text: string) => { readonly faults: readonly Fault[] }>> = {
  miredo: parseMiredoConf,
  'miredo-server': parseServerConf,
  network: parseNetworkConf,
};

/** Every fault of one file. `kind` undefined: the file itself tells. */
export function checkFile(file: string, kind?: FileKind): readonly Fault[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return [unreadable(file, error as NodeJS.ErrnoException)];
  }
  return PARSERS[kind ?? kindOf(file, text)](file, text).faults;
}

/** Judged by its sections, or by the directives that only one of the programs has; by the file's name when they do not tell. */
export function kindOf(file: string, text: string): FileKind {
  // No other file has sections.
  if (basename(file) === basename(NETWORK_CONF) || /^\s*\[/m.test(text)) return 'network';
  const words = new Set(splitLines(text).map((line) => line.words[0]?.toLowerCase()));
  const hasAny = (names: readonly string[]): boolean => names.some((name) => words.has(name));
  const forServer = hasAny(namesOnlyIn(SERVER_DIRECTIVES, MIREDO_DIRECTIVES));
  const forMiredo = hasAny(namesOnlyIn(MIREDO_DIRECTIVES, SERVER_DIRECTIVES));
  if (forServer !== forMiredo) return forServer ? 'miredo-server' : 'miredo';
  return basename(file).startsWith('miredo-server') ? 'miredo-server' : 'miredo';
}

type Names = Readonly<Record<string, { readonly name: string }>>;

function namesOnlyIn(table: Names, other: Names): string[] {
  const shared = new Set(Object.values(other).map(({ name }) => name));
  const names = Object.values(table).map(({ name }) => name);
  return names.filter((name) => !shared.has(name)).map((name) => name.toLowerCase());
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

function unreadable(file: string, { code, message }: NodeJS.ErrnoException): Fault {
  const sentence = `cannot be read: ${REASONS[code ?? ''] ?? message}`;
  return { severity: 'error', code: 'unreadable', file, line: 0, directive: '', sentence };
}
