/** Makes text from the network, from files and from people safe to show: nothing of it moves a cursor or a line. */

/** Control and format characters (bidirectional overrides among them), line separators, halves of surrogate pairs. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const UNSAFE_BUT_NEWLINE = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** In UTF-16 units: a line of ASCII with what stands before it fits into PIPE_BUF, and so goes out whole. */
const LINE_LIMIT = 3800;
const BLOCK_LIMIT = 32_768;

/** On one line, and not longer than a log takes. */
export function oneLine(text: string): string {
  return cut(text.trimEnd(), LINE_LIMIT).replace(UNSAFE, escapeCharacter);
}

/** Lines stay lines: for fields, which journald keeps apart from each other. */
export function manyLines(text: string): string {
  return cut(text, BLOCK_LIMIT).replace(UNSAFE_BUT_NEWLINE, escapeCharacter);
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}

function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  return code < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u{${digits}}`;
}
