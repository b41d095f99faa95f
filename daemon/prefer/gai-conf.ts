/**
 * /etc/gai.conf, by which the C library sorts a host's addresses (RFC 6724 §2.1, §6; gai.conf(5)): the tables it makes,
 * and which of two destinations comes first by them.
 *
 * As glibc reads it (test/prefer/gai-conf.test.ts asks the real one): a file that holds one line of a kind
 * replaces the built-in table of that kind as a whole. What no line covers then has label 1, precedence 40. A number
 * that is not there is 0.
 */
import { type Ipv6Address, parseIpv6 } from '../wire/ipv6.js';

export interface Entry {
  readonly prefix: Ipv6Address;
  readonly length: number;
  readonly value: number;
}

export interface Tables {
  readonly labels: readonly Entry[];
  readonly precedences: readonly Entry[];
  /** Whether the file says something of labels itself. */
  readonly hasLabels: boolean;
}

/** The built-in labels but Teredo's, in place of what the tables have. */
export const withoutTeredo = (tables: Tables): Tables => ({ ...tables, labels: table(LABELS_WITHOUT_TEREDO) });

/** Of the built-in label table but 2001::/32, whose label of its own is what keeps Teredo behind IPv4. */
export const LABELS_WITHOUT_TEREDO: readonly (readonly [string, number])[] = [
  ['::1/128', 0],
  ['::/0', 1],
  ['2002::/16', 2],
  ['::/96', 3],
  ['::ffff:0:0/96', 4],
  ['fec0::/10', 5],
  ['fc00::/7', 6],
];
const TEREDO_LABEL = ['2001::/32', 7] as const;
const PRECEDENCES: readonly (readonly [string, number])[] = [
  ['::1/128', 50],
  ['::/0', 40],
  ['2002::/16', 30],
  ['::/96', 20],
  ['::ffff:0:0/96', 10],
];
const REST_LABEL = 1;
const REST_PRECEDENCE = 40;
/** An int of C. */
const VALUE_LIMIT = 0x7fffffff;
/** BOUNDED: lines that are looked at. */
const LINES = 1000;

/** As strtoul(3) takes it, which glibc uses. */
function decimal(digits: string): number | undefined {
  return /^\+?\d*$/.test(digits) && Number(digits) <= VALUE_LIMIT ? Number(digits) : undefined;
}

function entry(prefixText: string, value: number): Entry | undefined {
  // Without a length glibc 2.36 takes whatever is in its memory; most often the line counts for nothing.
  const [address = '', lengthText = 'none'] = prefixText.split('/');
  const prefix = parseIpv6(address);
  const length = decimal(lengthText);
  if (prefix === undefined || length === undefined || length > 128) return undefined;
  return { prefix, length, value };
}

const table = (rows: readonly (readonly [string, number])[]): readonly Entry[] =>
  rows.flatMap(([prefix, value]) => entry(prefix, value) ?? []);

const DEFAULT_LABELS = table([...LABELS_WITHOUT_TEREDO, TEREDO_LABEL]);
const DEFAULT_PRECEDENCES = table(PRECEDENCES);

export function readGaiConf(content: string): Tables {
  const labels: Entry[] = [];
  const precedences: Entry[] = [];
  for (const line of content.split('\n', LINES)) {
    const [word, prefix = '', value = ''] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (word !== 'label' && word !== 'precedence') continue;
    const number = decimal(value);
    const read = number === undefined ? undefined : entry(prefix, number);
    if (read !== undefined) (word === 'label' ? labels : precedences).push(read);
  }
  return {
    labels: labels.length === 0 ? DEFAULT_LABELS : labels,
    precedences: precedences.length === 0 ? DEFAULT_PRECEDENCES : precedences,
    hasLabels: labels.length > 0,
  };
}

/** The value of the longest prefix that covers the address. */
function longestMatch(entries: readonly Entry[], address: Ipv6Address, rest: number): number {
  let best: Entry | undefined;
  for (const candidate of entries) {
    if (covers(candidate, address) && (best === undefined || candidate.length > best.length)) best = candidate;
  }
  return best?.value ?? rest;
}

function covers({ prefix, length }: Entry, address: Ipv6Address): boolean {
  for (let bit = 0; bit < length; bit += 8) {
    const left = length - bit;
    const mask = left >= 8 ? 0xff : (0xff00 >>> left) & 0xff;
    if ((((prefix[bit / 8] ?? 0) ^ (address[bit / 8] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

export interface Way {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
}

/** Whether `a` goes before `b` by rules 5 and 6, where those before them say nothing: same scope, both usable. */
export function goesBefore(tables: Tables, a: Way, b: Way): boolean | undefined {
  const label = (address: Ipv6Address): number => longestMatch(tables.labels, address, REST_LABEL);
  const matches = ({ source, destination }: Way): boolean => label(source) === label(destination);
  if (matches(a) !== matches(b)) return matches(a);
  const precedence = ({ destination }: Way): number => longestMatch(tables.precedences, destination, REST_PRECEDENCE);
  if (precedence(a) !== precedence(b)) return precedence(a) > precedence(b);
  return undefined;
}
