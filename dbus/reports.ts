/** What ProbeServers and Diagnose tell, as a program wants it: nothing where the bus has empty strings. */
import type { RawProperties } from './snapshot.js';

/** A server's answer to a probe. */
export interface Probe {
  readonly name: string;
  /** It answers as a Teredo server. */
  readonly isReachable: boolean;
  /** Microseconds. */
  readonly roundTrip: number | undefined;
  /** Its second address answers too. */
  readonly hasSecondary: boolean;
  readonly address: string | undefined;
  readonly error: { readonly code: string; readonly sentence: string } | undefined;
}

export function probeOf(name: string, result: RawProperties): Probe {
  const text = (key: string): string | undefined => {
    const value = result[key]?.value;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const sentence = text('error');
  const roundTrip = result['rtt']?.value;
  return {
    name,
    isReachable: result['reachable']?.value === true,
    roundTrip: typeof roundTrip === 'bigint' ? Number(roundTrip) : undefined,
    hasSecondary: result['secondary']?.value === true,
    address: text('address'),
    error: sentence === undefined ? undefined : { code: text('error-code') ?? '', sentence },
  };
}

/** Take a word you do not know for `warning`. */
export type Verdict = 'running' | 'ok' | 'warning' | 'failed' | 'skipped';
const VERDICTS: readonly string[] = ['running', 'ok', 'warning', 'failed', 'skipped'] satisfies Verdict[];

/** A step of the diagnosis. */
export interface Step {
  readonly id: string;
  readonly verdict: Verdict;
  readonly sentence: string;
  /** What to do. */
  readonly remedy: string | undefined;
  /** A command line that does it. */
  readonly command: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

export type RawStep = readonly [id: string, verdict: string, sentence: string, details: RawProperties];

export function stepOf([id, verdict, sentence, details]: RawStep): Step {
  const text = (key: string): string | undefined => {
    const value = details[key]?.value;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    id,
    verdict: VERDICTS.includes(verdict) ? (verdict as Verdict) : 'warning',
    sentence,
    remedy: text('remedy'),
    command: text('command'),
    details: Object.fromEntries(Object.entries(details).map(([key, { value }]) => [key, value])),
  };
}
