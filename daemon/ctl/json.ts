/** What objects of different commands have in common, and values of the bus as JSON has them. */
import type { Fault } from '../../dbus/fault.js';

/** `error` of an object when there is nothing to be had. */
export const errorJson = ({ code, name, sentence }: Fault): Readonly<Record<string, unknown>> => ({
  code,
  name: name === '' ? null : name,
  sentence,
});

/** Integers of 64 bits as numbers, exact up to 2^53; variants within variants as what they hold. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== 'object' || value === null) return value;
  if ('signature' in value && 'value' in value) return plainValue(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]));
}
