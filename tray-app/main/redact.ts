/** Makes addresses and names unrecognisable, the same one the same each time, so that a report can still be followed. */
import { isIPv4, isIPv6 } from 'node:net';

const IPV6_LIKE = /(?<![\w:])[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:(?<=:)\d+(?:\.\d+){3})?/g;
const IPV4_LIKE = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w])/g;

export function redact(text: string, names: readonly string[]): string {
  const stand = { ipv4: standIns('IPv4'), ipv6: standIns('IPv6'), server: standIns('server') };
  // Long ones first: a name can be part of another.
  const hosts = [...new Set(names)].filter((name) => name !== '' && !isIPv4(name) && !isIPv6(name));
  const known = hosts.sort((one, other) => other.length - one.length).map(escaped);
  const withoutNames =
    known.length === 0
      ? text
      : text.replace(new RegExp(`(?<![\\w.-])(?:${known.join('|')})(?![\\w-])`, 'gi'), stand.server);
  return withoutNames
    .replace(IPV6_LIKE, (word) => hideIpv6(word, stand.ipv6))
    .replace(IPV4_LIKE, (word) => (isIPv4(word) ? stand.ipv4(word) : word));
}

/** The end of a sentence may have come along. */
function hideIpv6(word: string, hide: (address: string) => string): string {
  for (const tail of ['', ':']) {
    const address = tail !== '' && word.endsWith(tail) ? word.slice(0, -tail.length) : word;
    if (isIPv6(address)) return hide(address) + word.slice(address.length);
  }
  return word;
}

function standIns(what: string): (secret: string) => string {
  const numbers = new Map<string, number>(); // BOUNDED: by the text that is gone through
  return (secret) => {
    const key = secret.toLowerCase();
    const number = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, number);
    return `[${what} ${number}]`;
  };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
