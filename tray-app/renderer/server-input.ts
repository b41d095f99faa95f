/** What can be seen of a server's name before the daemon is asked. The daemon looks again, and has the last word. */
import type { MessageKey } from '../shared/messages.js';

export type InputFault = MessageKey & `servers.fault.${string}`;

const HOST =
  /^(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;
const DIGITS_AND_DOTS = /^[\d.]+$/;

/** Why that cannot be a server's host name or IPv4 address. */
export function faultOfHost(text: string): InputFault | undefined {
  if (text === '') return 'servers.fault.empty';
  if (text.includes(':')) return 'servers.fault.ipv6';
  if (DIGITS_AND_DOTS.test(text)) return faultOfIpv4(text);
  return HOST.test(text) ? undefined : 'servers.fault.host';
}

export const faultOfSecondary = (text: string): InputFault | undefined => (text === '' ? undefined : faultOfHost(text));

export function faultOfName(text: string, taken: readonly string[]): InputFault | undefined {
  if (text.toLowerCase() === 'auto') return 'servers.fault.reserved';
  return taken.includes(text) ? 'servers.fault.name' : undefined;
}

function faultOfIpv4(text: string): InputFault | undefined {
  const octets = text.split('.').map(Number);
  const isAddress = octets.length === 4 && text.split('.').every((octet) => /^\d{1,3}$/.test(octet));
  if (!isAddress || octets.some((octet) => octet > 255)) return 'servers.fault.host';
  return isPublic(octets) ? undefined : 'servers.fault.private';
}

/** RFC 4380 §5.2.4 names what is not global unicast. */
function isPublic([a = 0, b = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if (a === 169 && b === 254) return false;
  if (a === 172 && b >= 16 && b <= 31) return false;
  return !(a === 192 && b === 168);
}
