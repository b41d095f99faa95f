/**
 * Takes from a text what tells who somebody is in the network: addresses of every kind, and names that are given.
 *
 * It rather hides too much: a text has addresses in the middle of words, cut off at the end of a line, or written as a
 * reverse name. Each gets a number, the same at each place, so that a reader still sees which are equal. A Teredo address
 * holds the IPv4 addresses of server and NAT, so it is hidden whole, like every other.
 */
import { isIpv6, looksLikeTeredo } from './address-text.js';

type Kind = 'IPv6' | 'Teredo' | 'IPv4' | 'MAC' | 'server';

/** What says nothing about anybody, and much to who reads a report. */
const HARMLESS = new Set([
  '::',
  '::1',
  '::/0',
  '2001::',
  '2000::',
  'fe80::',
  'ff02::1',
  'ff02::2',
  '0.0.0.0',
  '127.0.0.1',
]);

const OCTET = '(?:25[0-5]|2[0-4]\\d|[01]?\\d?\\d)';
/** With dots, or as providers write them into host names. */
const IPV4 = new RegExp(`(?<!\\d)${OCTET}([.\\-_])${OCTET}\\1${OCTET}\\1${OCTET}(?!\\d)`, 'g');
const MAC =
  /(?<![0-9a-f])(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4,6}[0-9a-f]{2}(?![0-9a-f]|:[0-9a-f:])|(?<![0-9a-f])[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?![0-9a-f])/gi;
/** Two colons at the least; an IPv4 tail, a zone. */
const COLONS = new RegExp(`[0-9a-f]*:[0-9a-f:]*:(?:${OCTET}(?:\\.${OCTET}){3}|[0-9a-f]*)(?:%[\\w.-]+)?`, 'gi');
/** As host names have them: 2001-db8--1. */
const DASHES = /(?<![0-9a-z])[0-9a-f]{1,4}(?:-{1,2}[0-9a-f]{1,4}){2,7}(?:--)?(?![0-9a-z])/gi;
const NIBBLES = /(?:[0-9a-f]\.){4,}ip6\.(?:arpa|int)/gi;
/** Thirty-two digits without anything between, as /proc/net has them. */
const BARE = /(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/gi;
/** Not a colon, but read as one; and what takes no space, by which an address would pass unseen. */
const LOOKALIKES: readonly (readonly [RegExp, string])[] = [
  [/[\u200b-\u200f\u202a-\u202e\u2060-\u206f\u00ad\ufeff\u061c]/g, ''],
  [/[\ua789\u02d0\u2236\u05c3]/g, ':'],
  [/[\u3002\u2024]/g, '.'],
  [/%3a/gi, ':'],
  [/%2e/gi, '.'],
];

export class Redactor {
  /** BOUNDED: by the length of the texts of one report. */
  readonly #labels = new Map<string, string>();
  readonly #counts = new Map<Kind, number>();
  readonly #names: RegExp | undefined;

  /** `names`: of servers, to be hidden too. Addresses among them are hidden as what they are. */
  constructor(names: readonly string[]) {
    // The longest first: one may be part of another.
    const words = [...new Set(names.map((name) => name.toLowerCase()))].filter(
      (name) => /[^\d.:]/.test(name) && !isIpv6(name),
    );
    const sorted = words.sort((a, b) => b.length - a.length).map(escaped);
    this.#names = sorted.length === 0 ? undefined : new RegExp(`(?<![\\w-])(?:${sorted.join('|')})(?![\\w-])`, 'gi');
  }

  redact(text: string): string {
    let plain = text.normalize('NFKC');
    for (const [pattern, replacement] of LOOKALIKES) plain = plain.replace(pattern, replacement);
    return this.#hideAddresses(
      this.#names === undefined ? plain : plain.replace(this.#names, (name) => this.#label('server', name)),
    );
  }

  #hideAddresses(text: string): string {
    return text
      .replace(NIBBLES, (found) => this.#label('IPv6', found))
      .replace(MAC, (found) => this.#label('MAC', found))
      .replace(COLONS, (found) => this.#colons(found))
      .replace(BARE, (found) => this.#label('IPv6', found))
      .replace(IPV4, (found) => this.#unlessHarmless('IPv4', found))
      .replace(DASHES, (found) => (isDate(found) ? found : this.#label('IPv6', found)));
  }

  /** An IPv6 address, a part of one, a time of day, or a colon too many. */
  #colons(found: string): string {
    const [address = ''] = found.split('%');
    const groups = address.split(':').filter((group) => group !== '');
    // 12:34:56
    if (/^\d{1,2}:\d\d:\d\d$/.test(found)) return found;
    if (groups.length === 0) return found;
    const looksCut = groups.length >= 3 || address.includes('::');
    if (!isIpv6(address) && !looksCut) return found;
    return this.#unlessHarmless(looksLikeTeredo(address) ? 'Teredo' : 'IPv6', found);
  }

  #unlessHarmless(kind: Kind, found: string): string {
    return HARMLESS.has(found.toLowerCase()) ? found : this.#label(kind, found);
  }

  #label(kind: Kind, found: string): string {
    const key = `${kind} ${found.toLowerCase()}`;
    const known = this.#labels.get(key);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const label = `[${kind} ${count}]`;
    this.#labels.set(key, label);
    return label;
  }
}

/** Three groups without a doubled dash: too short for a part of an address, and long enough for a date. */
const isDate = (text: string): boolean => !text.includes('--') && text.split('-').length <= 3;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
