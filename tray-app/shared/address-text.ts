/** IPv6 addresses as they are written. */

/** RFC 4291 §2.2; with or without an IPv4 tail. */
export function isIpv6(text: string): boolean {
  const withoutTail = text.replace(/(?<=:)\d{1,3}(?:\.\d{1,3}){3}$/, '0:0');
  const halves = withoutTail.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? groups.length <= 7 : groups.length === 8;
}

/** In 2001:0::/32 (RFC 4380 §2.6). */
export const looksLikeTeredo = (text: string): boolean => /^2001:(?:0{0,4}:)/i.test(text);
