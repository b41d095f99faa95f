/** Strict readers of single values in messages, for both directions. */
import { type Ipv4Address, ipv4 } from '../wire/ipv4.js';

export type Fields = Readonly<Record<string, unknown>>;

/** A plain object with no other fields than `names`. */
export function fields(value: unknown, ...names: readonly string[]): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  for (const key of Object.keys(value)) if (!names.includes(key)) return undefined;
  return value as Fields;
}

export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= Number.MAX_SAFE_INTEGER;

export const isWhole = (value: unknown, maximum: number): value is number =>
  isCount(value) && Number.isInteger(value) && value <= maximum;

export const readIpv4 = (value: unknown): Ipv4Address | undefined =>
  isWhole(value, 0xffffffff) ? ipv4(value) : undefined;

const SENTENCE_LIMIT = 500;

export const isSentence = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= SENTENCE_LIMIT;

/** Text of the engine goes to the log: nothing in it may move a cursor or begin a line. */
export const printable = (text: string): string => text.replace(/[^\x20-\x7e\u00a1-\uffff]/g, '?');
