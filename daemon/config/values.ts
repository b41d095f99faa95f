/** Readers of single values. Each gives the value, or a sentence that says what is wrong and what is allowed. */
import { type Ipv4Address, isGlobalUnicast, type Port, parseIpv4, port } from '../wire/ipv4.js';
import { formatIpv6, type Ipv6Address, isGlobalScope, parseIpv6 } from '../wire/ipv6.js';
import { TEREDO_PREFIX } from '../wire/teredo-address.js';

export type Read<Value> =
  /** `warning` says what is odd about a value that can be used all the same. */
  | { readonly ok: true; readonly value: Value; readonly warning?: string }
  | { readonly ok: false; readonly problem: string };

export type Reader<Value> = (text: string) => Read<Value>;

const good = <Value>(value: Value): Read<Value> => ({ ok: true, value });
const odd = <Value>(value: Value, warning: string): Read<Value> => ({ ok: true, value, warning });
const bad = (problem: string): Read<never> => ({ ok: false, problem });

/** A server as the user named it; names are resolved later. */
export interface ServerName {
  readonly text: string;
  /** Set when the text is an address. */
  readonly address: Ipv4Address | undefined;
}

/** Words of a fixed list, in any case. */
export function choice<Word extends string>(words: readonly Word[]): Reader<Word> {
  return (text) => {
    const word = words.find((candidate) => candidate === text.toLowerCase());
    return word === undefined ? bad(`${JSON.stringify(text)} is none of ${listOf(words)}`) : good(word);
  };
}

/** "a, b or c" */
export const listOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** Decimal; also hexadecimal with 0x and octal with a leading 0, as the C program reads them. */
export function integer(minimum: number, maximum: number): Reader<number> {
  return (text) => {
    const value = parseInteger(text);
    if (value === undefined || value < minimum || value > maximum) {
      return bad(`${JSON.stringify(text)} is not a whole number from ${minimum} to ${maximum}`);
    }
    return /^\+?0\d/.test(text)
      ? odd(value, `${text} is octal, which is ${value}; leave the first 0 out`)
      : good(value);
  };
}

function parseInteger(text: string): number | undefined {
  const [, octal, other] = /^\+?(?:0([0-7]{1,11})|(0|[1-9]\d{0,9}|0x[0-9a-f]{1,8}))$/i.exec(text) ?? [];
  if (octal !== undefined) return Number.parseInt(octal, 8);
  return other === undefined ? undefined : Number(other);
}

export const udpPort: Reader<Port> = (text) => {
  const read = integer(0, 65535)(text);
  return read.ok ? { ...read, value: port(read.value) } : read;
};

/** How many processes share the work; auto: as many as the host has processors for. */
export type EngineCount = number | 'auto';

/** BOUNDED: processes of one service. */
export const MOST_ENGINES = 64;
/** What auto makes at the most: each takes about 50 MB. */
export const AUTO_ENGINES = 8;

export const engineCount: Reader<EngineCount> = (text) => {
  if (text.toLowerCase() === 'auto') return good('auto');
  const read = integer(1, MOST_ENGINES)(text);
  return read.ok ? read : bad(`${read.problem}, nor auto`);
};

/** For directives that mean nothing any more. */
export const anything: Reader<string> = good;

/** An address of this host, or 0.0.0.0 for all. */
export const localIpv4: Reader<Ipv4Address> = (text) => {
  const address = parseIpv4(text);
  if (address === undefined) return bad(`${JSON.stringify(text)} is not an IPv4 address such as 198.51.100.7`);
  if (address >>> 28 >= 14) return bad(`${text} cannot be the address of a host; give one of this host's own`);
  return good(address);
};

/** An address that the Internet can reach, such as a server must have (RFC 4380 §5.2.4). */
export const globalIpv4: Reader<Ipv4Address> = (text) => {
  const address = parseIpv4(text);
  if (address === undefined) return bad(`${JSON.stringify(text)} is not an IPv4 address such as 198.51.100.7`);
  if (!isGlobalUnicast(address)) return bad(`${text} is not a public (global unicast) IPv4 address`);
  return good(address);
};

const HOST_NAME =
  /^(?=.{1,253}\.?$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*\.?$/i;

export const serverName: Reader<ServerName> = (text) => {
  // All digits and dots is an address or a mistyped one: no top-level domain is a number.
  if (/^[\d.]+$/.test(text)) {
    const read = globalIpv4(text);
    return read.ok ? good({ text, address: read.value }) : read;
  }
  if (!HOST_NAME.test(text)) return bad(`${JSON.stringify(text)} is neither a host name nor an IPv4 address`);
  return good({ text, address: undefined });
};

/** Only names that no program on the way takes for anything else: ip(8) in a batch, /proc/sys, a shell. */
export const interfaceName: Reader<string> = (text) => {
  const pattern = /^[a-z0-9_][a-z0-9_.@-]*(%d)?$/i;
  if (text.length > 15 || !pattern.test(text)) {
    const allowed = '1 to 15 letters, digits, "_", ".", "@" or "-", and "%d" at the end for a free number';
    return bad(`${JSON.stringify(text)} cannot name an interface: ${allowed}`);
  }
  if (['lo', 'all', 'default'].includes(text)) return bad(`${JSON.stringify(text)} is taken by the system`);
  return good(text);
};

/** A /32 of global unicast space, as its 32 bits: "2001:0000::" or "2001::/32". */
export const teredoPrefix: Reader<number> = (text) => {
  const [addressText = '', length, more] = text.split('/');
  const address = parseIpv6(addressText);
  const expected = 'an IPv6 prefix of 32 bits such as 2001:0000::';
  if (address === undefined || more !== undefined) return bad(`${JSON.stringify(text)} is not ${expected}`);
  if (length !== undefined && length !== '32') return bad(`${text} is not 32 bits long; give ${expected}`);
  const view = new DataView(address.buffer, address.byteOffset, 16);
  const prefix = view.getUint32(0);
  if (!isGlobalScope(prefix) || prefix >>> 29 !== 1)
    return bad(`${formatIpv6(address)} is not global unicast; give ${expected}`);
  if (address.slice(4).every((byte) => byte === 0)) return good(prefix);
  return odd(prefix, `${text} has bits set behind the first 32; they are ignored`);
};

/** Those of syslog(3), by their names in syslog.conf(5). */
export const FACILITIES = [
  'auth',
  'authpriv',
  'cron',
  'daemon',
  'ftp',
  'kern',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
  'lpr',
  'mail',
  'news',
  'syslog',
  'user',
  'uucp',
] as const;
export type SyslogFacility = (typeof FACILITIES)[number];
/** Where messages go is no reason not to start. */
export const facility: Reader<SyslogFacility> = (text) => {
  const read = choice(FACILITIES)(text);
  return read.ok ? read : odd('daemon', `${read.problem}; daemon is used`);
};

/** BOUNDED: addresses in one list. */
const ADDRESSES_LIMIT = 8;

/** Hosts of the IPv6 Internet, "none" or addresses with commas between. */
export const ipv6Hosts: Reader<readonly Ipv6Address[]> = (text) => {
  if (text.toLowerCase() === 'none') return good([]);
  const addresses: Ipv6Address[] = [];
  for (const word of text.split(',')) {
    const address = parseIpv6(word);
    if (address === undefined) return bad(`${JSON.stringify(word)} is not an IPv6 address such as 2001:db8::1`);
    const first = new DataView(address.buffer, address.byteOffset, 4).getUint32(0);
    if (first >>> 29 !== 1 || first === TEREDO_PREFIX) {
      return bad(`${word} is not the address of a host of the IPv6 Internet (2000::/3 without Teredo)`);
    }
    addresses.push(address);
  }
  if (addresses.length > ADDRESSES_LIMIT) return bad(`${addresses.length} addresses are more than ${ADDRESSES_LIMIT}`);
  return good(addresses);
};

/** Ports of this computer that anybody may connect to. */
export interface OpenPorts {
  readonly protocol: 'tcp' | 'udp';
  readonly first: number;
  /** The same as the first when it is one port. */
  readonly last: number;
}

/** BOUNDED: entries of one list. */
const OPEN_LIMIT = 64;

/** "none", or ports with commas between, as services(5) and other firewalls write them: 22/tcp,5000-5010/udp. */
export const openPorts: Reader<readonly OpenPorts[]> = (text) => {
  if (text.toLowerCase() === 'none') return good([]);
  const words = text.split(',');
  if (words.length > OPEN_LIMIT) return bad(`${words.length} entries are more than ${OPEN_LIMIT}`);
  const ports = words.map(portsOf);
  const wrong = words[ports.indexOf(undefined)];
  if (wrong !== undefined) return bad(`${JSON.stringify(wrong)} is not a port such as 22/tcp or 5000-5010/udp`);
  return good(ports.filter((entry) => entry !== undefined));
};

function portsOf(text: string): OpenPorts | undefined {
  const [, from = '', to = from, protocol] = /^([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?\/(tcp|udp)$/i.exec(text) ?? [];
  const first = Number(from);
  const last = Number(to);
  if (protocol === undefined || first > last || last > 65535) return undefined;
  return { protocol: protocol.toLowerCase() === 'tcp' ? 'tcp' : 'udp', first, last };
}
