/**
 * Text that others have made: the daemon, a server's operator, who named a network. It is shown as it is and cannot do
 * harm: markup is never parsed (text nodes only), and what would steer the display is replaced here.
 */

/** Longer texts are cut: nothing that is worth reading is longer. */
const LONGEST = 2000;

/**
 * Controls, marks and overrides of the writing direction, what takes no space, separators of lines, tags, halves of
 * surrogate pairs, non-characters.
 */
const STEERING =
  /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu;

/** Letters take at most this many marks on top of them; more would run over the neighbouring lines. */
const PILED_MARKS = /(\p{M}{3})\p{M}+/gu;

export function cleanText(text: string): string {
  const lines = text.replace(/[\n\t\r]+/g, ' ');
  const clean = lines.replace(STEERING, '\ufffd').replace(PILED_MARKS, '$1');
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}

/** The same value with every text in it clean, keys included. */
export function cleanDeep<T>(value: T): T {
  return cleanValue(value) as T;
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), cleanValue(inner)]));
}
