/**
 * When a tunnel that is wanted is up: /etc/miredo/network.conf.
 *
 *     Policy = automatic
 *
 *     [connection "Office"]
 *     Policy = never
 *
 * A connection is NetworkManager's, by its id (the name that people see) or its uuid. The first section for it counts.
 */
import ini from 'ini';
import { readBounded } from './bounded-file.js';
import type { Fault, FaultCode } from './fault.js';
import { nearest } from './nearest.js';

export const NETWORK_CONF = '/etc/miredo/network.conf';

/** automatic: where there is no native IPv6; always, and never, whatever there is. */
export const POLICIES = ['automatic', 'always', 'never'] as const;
export type Policy = (typeof POLICIES)[number];

export interface ConnectionRule {
  /** Id or uuid. */
  readonly name: string;
  readonly policy: Policy;
  readonly line: number;
}

export interface NetworkRules {
  /** Of every connection that no rule is for. */
  readonly policy: Policy;
  readonly connections: readonly ConnectionRule[];
}

export interface NetworkConf {
  readonly rules: NetworkRules;
  readonly faults: readonly Fault[];
}

export const DEFAULT_RULES: NetworkRules = { policy: 'automatic', connections: [] };

/** BOUNDED: rules that are kept. */
const CONNECTION_LIMIT = 256;
const KEY = 'Policy';
const REMEDY = 'write [connection "NAME"], with the id or the uuid that NetworkManager has for it';

export const isPolicy = (word: string): word is Policy => (POLICIES as readonly string[]).includes(word);

/** Without a file there are no rules; a fault where there is one that cannot be read. */
export function readNetworkConf(file: string): NetworkConf | Fault {
  const read = readBounded(file);
  if (read.ok) return parseNetworkConf(file, read.text);
  if (read.errno === 'ENOENT') return { rules: DEFAULT_RULES, faults: [] };
  return { severity: 'error', code: 'unreadable', file, line: 0, directive: '', sentence: read.problem };
}

export function parseNetworkConf(file: string, text: string): NetworkConf {
  const reader = new Reader(file);
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    reader.take(index + 1, line.trim());
  }
  return reader.end();
}

/** undefined stands for a section that is nobody's: what is in it is passed over. */
type Place = { readonly name: string | undefined; readonly line: number } | undefined;

/** Before the first section. */
const TOP: Place = { name: undefined, line: 0 };
const HEADER = /^\[\s*connection\s+(?:"((?:[^"\\]|\\.)+)"|([^\s"\]]+))\s*\]\s*(?:[;#].*)?$/i;

class Reader {
  readonly #file: string;
  readonly #faults: Fault[] = [];
  readonly #connections: ConnectionRule[] = [];
  /** BOUNDED: by the file's size, as all of it is. */
  readonly #sections = new Set<string>();
  #policy: Policy | undefined;
  #place: Place = TOP;
  #hasPolicy = false;

  constructor(file: string) {
    this.#file = file;
  }

  take(line: number, text: string): void {
    if (text === '' || text.startsWith('#') || text.startsWith(';')) return;
    if (text.startsWith('[')) {
      this.#endSection();
      this.#place = this.#open(line, text);
      this.#hasPolicy = false;
      return;
    }
    // The library tells no lines, so it is given one at a time.
    for (const [key, value] of Object.entries(ini.parse(text))) this.#set(line, key, value);
  }

  end(): NetworkConf {
    this.#endSection();
    return {
      rules: { policy: this.#policy ?? DEFAULT_RULES.policy, connections: this.#connections },
      faults: this.#faults,
    };
  }

  #open(line: number, text: string): Place {
    const [, quoted, plain] = HEADER.exec(text) ?? [];
    const name = quoted?.replace(/\\(.)/g, '$1') ?? plain;
    if (name === undefined) {
      this.#error(line, '', 'bad-value', `there is no section ${text}; ${REMEDY}`);
      return undefined;
    }
    if (this.#sections.has(name.toLowerCase())) {
      this.#warning(line, '', 'duplicate', `there is a section for ${name} already; the first one counts`);
      return undefined;
    }
    this.#sections.add(name.toLowerCase());
    return { name, line };
  }

  #endSection(): void {
    const { name, line = 0 } = this.#place ?? {};
    if (name === undefined || this.#hasPolicy) return;
    this.#warning(line, KEY, 'missing-value', `[connection "${name}"] has no ${KEY}; it says nothing`);
  }

  #set(line: number, key: string, value: unknown): void {
    if (this.#place === undefined) return;
    if (key.toLowerCase() !== KEY.toLowerCase()) {
      const meant = nearest(key, [KEY]) === undefined ? `there is only ${KEY}` : `did you mean ${KEY}?`;
      this.#warning(line, key, 'unknown-directive', `there is no ${JSON.stringify(key)}; ${meant}`);
      return;
    }
    if (this.#hasPolicy) {
      this.#warning(line, KEY, 'duplicate', `${KEY} is there twice; the first one counts`);
      return;
    }
    this.#hasPolicy = true;
    const word = typeof value === 'string' ? value.toLowerCase() : '';
    if (isPolicy(word)) this.#keep(line, word);
    else this.#refuse(line, word);
  }

  #refuse(line: number, word: string): void {
    const near = nearest(word, POLICIES);
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    const sentence = `${KEY}: ${JSON.stringify(word)} is none of ${POLICIES.join(', ')}${meant}`;
    this.#error(line, KEY, 'bad-value', sentence);
  }

  #keep(line: number, policy: Policy): void {
    const name = this.#place?.name;
    if (name === undefined) this.#policy = policy;
    else if (this.#connections.length < CONNECTION_LIMIT) this.#connections.push({ name, policy, line });
    else this.#error(line, KEY, 'extra-words', `more than ${CONNECTION_LIMIT} connections; ${name} is ignored`);
  }

  #error(line: number, directive: string, code: FaultCode, sentence: string): void {
    this.#faults.push({ severity: 'error', code, file: this.#file, line, directive, sentence });
  }

  #warning(line: number, directive: string, code: FaultCode, sentence: string): void {
    this.#faults.push({ severity: 'warning', code, file: this.#file, line, directive, sentence });
  }
}
