/**
 * The administrator's list of servers: /etc/miredo/servers.d/*.ini, a section for each server.
 *
 *     [teredo.example.net]
 *     secondary = 198.51.100.9
 *     comment = ours
 *
 * What is wrong costs the section, or the file, that it is in; the rest is kept.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ini from 'ini';
import { errnoOf, readBounded } from './bounded-file.js';
import type { Fault, FaultCode } from './fault.js';
import { nearest } from './nearest.js';
import {
  ENTRY_KEYS,
  type EntryFields,
  type EntryKey,
  isEntryKey,
  readEntry,
  type ServerEntry,
} from './server-entry.js';

/** BOUNDED: what the daemon reads, at the start and on every SIGHUP. */
const FILE_LIMIT = 64;
const ENTRY_LIMIT = 256;

export interface ServersRead {
  readonly entries: readonly ServerEntry[];
  readonly faults: readonly Fault[];
}

/** Reads the files in the order of their names. A folder that is not there has no servers. */
export function readServersFolder(folder: string): ServersRead {
  const faults: Fault[] = [];
  const entries = new Map<string, ServerEntry>();
  for (const file of filesIn(folder, faults)) {
    const text = textOf(file, faults);
    if (text === undefined) continue;
    const read = parseServersFile(file, text);
    faults.push(...read.faults);
    for (const entry of read.entries) {
      const isTaken = entries.has(entry.name);
      if (isTaken) faults.push(fault(file, 0, '', 'duplicate', `[${entry.name}] is in another file too; that counts`));
      else if (entries.size < ENTRY_LIMIT) entries.set(entry.name, entry);
      else
        faults.push(fault(file, 0, '', 'extra-words', `more than ${ENTRY_LIMIT} servers; [${entry.name}] is ignored`));
    }
  }
  return { entries: [...entries.values()], faults };
}

function filesIn(folder: string, faults: Fault[]): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOENT') faults.push(fault(folder, 0, '', 'unreadable', `cannot read the folder: ${code}`));
    return [];
  }
  const files = names.filter((name) => name.endsWith('.ini') && !name.startsWith('.')).sort();
  if (files.length > FILE_LIMIT) {
    faults.push(fault(folder, 0, '', 'unreadable', `more than ${FILE_LIMIT} files; the last ones are ignored`));
  }
  return files.slice(0, FILE_LIMIT).map((name) => join(folder, name));
}

function textOf(file: string, faults: Fault[]): string | undefined {
  const read = readBounded(file);
  if (read.ok) return read.text;
  faults.push(fault(file, 0, '', 'unreadable', `${read.problem}; it is ignored`));
  return undefined;
}

/** The servers of one file. */
export function parseServersFile(file: string, text: string): ServersRead {
  const places = placesIn(text);
  const faults: Fault[] = [...places.faults.map(([line, sentence]) => fault(file, line, '', 'bad-value', sentence))];
  const entries: ServerEntry[] = [];
  for (const [name, section] of sectionsOf(text)) {
    const line = places.sections.get(name) ?? 0;
    if (typeof section !== 'object' || section === null || Array.isArray(section)) {
      const sentence = `${JSON.stringify(name)} stands before the first section; begin with [NAME]`;
      faults.push(fault(file, 0, name, 'bad-value', sentence));
      continue;
    }
    const fields = fieldsOf(section as Section, (key, code, sentence) =>
      faults.push(fault(file, line, key, code, `[${name}] ${sentence}`)),
    );
    const read = fields && readEntry(name, fields);
    if (read?.ok === true) entries.push(read.entry);
    if (read?.ok === false) {
      const key = read.key === undefined ? '' : `${read.key}: `;
      faults.push(fault(file, line, read.key ?? '', 'bad-value', `[${name}] ${key}${read.problem}; it is ignored`));
    }
  }
  // The library puts names with a dot last; the first server of all is tried when none answers.
  entries.sort((a, b) => (places.sections.get(a.name) ?? 0) - (places.sections.get(b.name) ?? 0));
  return { entries, faults };
}

type Section = { readonly [key: string]: unknown };
type Complain = (key: string, code: FaultCode, sentence: string) => void;

/** To the library a dot in a section's name makes a section within a section; ours are host names. */
function sectionsOf(text: string): [string, unknown][] {
  const escaped = text
    .replace(/^\ufeff/, '')
    .replace(/^\[[^\]\r\n]*\]/gm, (header) => header.replace(/(?<!\\)\./g, '\\.'));
  return Object.entries(ini.parse(escaped) as Section);
}

/** undefined when a value cannot be used. A key that nobody knows is a mistake too, but harmless. */
function fieldsOf(section: Section, complain: Complain): EntryFields | undefined {
  const fields: { [Key in EntryKey]?: string } = {};
  let isGood = true;
  for (const [key, value] of Object.entries(section)) {
    if (!isEntryKey(key)) {
      const near = nearest(key, ENTRY_KEYS);
      const meant = near === undefined ? `allowed are ${ENTRY_KEYS.join(', ')}` : `did you mean ${near}?`;
      complain(key, 'unknown-directive', `there is no key ${JSON.stringify(key)}; ${meant}`);
    } else if (typeof value === 'object' && value !== null) {
      complain(key, 'bad-value', `${key} is given more than once; it is ignored`);
      isGood = false;
    } else {
      fields[key] = String(value);
    }
  }
  return isGood ? fields : undefined;
}

/** Where the sections begin, which the library does not tell; and what it silently passes over. */
function placesIn(text: string): { sections: Map<string, number>; faults: [line: number, sentence: string][] } {
  const sections = new Map<string, number>();
  const faults: [number, string][] = [];
  let keys = new Set<string>();
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const name = /^\[([^\]]*)\]/.exec(line)?.[1]?.trim();
    const key = /^\s*([a-z]+)\s*=/i.exec(line)?.[1];
    if (name !== undefined) {
      if (sections.has(name)) faults.push([index + 1, `[${name}] is there twice; the sections count as one`]);
      else sections.set(name, index + 1);
      keys = new Set();
    } else if (key !== undefined) {
      if (keys.has(key)) faults.push([index + 1, `${key} is there twice; the last one counts`]);
      keys.add(key);
    } else if (/^\s*=/.test(line)) {
      faults.push([index + 1, 'there is no key before the "="; the line is ignored']);
    }
  }
  return { sections, faults };
}

const fault = (file: string, line: number, directive: string, code: FaultCode, sentence: string): Fault => ({
  severity: 'warning',
  code,
  file,
  line,
  directive,
  sentence,
});
