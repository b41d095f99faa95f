/**
 * What a probe says to the supervisor, and its strict reader. As an engine's, its messages name nothing: which server
 * it speaks of is a number in the list that it was given.
 */
import type { ConeAnswer, Heard } from '../protocol/server-probe.js';
import type { Duration } from '../protocol/time.js';
import { isGlobalUnicast, port } from '../wire/ipv4.js';
import { fields, isCount, isSentence, isWhole, printable, readIpv4 } from './message-fields.js';
import { TARGET_LIMIT } from './messages.js';

export type FromProbe =
  | { readonly type: 'ready'; readonly lacking: readonly string[] }
  | {
      readonly type: 'probed';
      readonly target: number;
      readonly primary: Heard | undefined;
      readonly secondary: Heard | undefined;
    }
  | { readonly type: 'cone'; readonly target: number; readonly answer: ConeAnswer }
  | { readonly type: 'done' }
  | { readonly type: 'broken'; readonly sentence: string };

const LACKING_LIMIT = 16;
/** Milliseconds: a probe does not live for longer. */
const ROUND_TRIP_LIMIT = 60_000;
const CONE_ANSWERS: readonly ConeAnswer[] = ['secondary', 'primary', 'none'];

export function readFromProbe(value: unknown): FromProbe | undefined {
  const message = fields(value, 'type', 'lacking', 'target', 'primary', 'secondary', 'answer', 'sentence');
  switch (message?.['type']) {
    case 'ready': {
      const lacking = message['lacking'];
      if (!Array.isArray(lacking) || lacking.length > LACKING_LIMIT || !lacking.every(isSentence)) return undefined;
      return { type: 'ready', lacking: lacking.map(printable) };
    }
    case 'probed': {
      const target = message['target'];
      const primary = readHeard(message['primary']);
      const secondary = readHeard(message['secondary']);
      if (!isTarget(target) || primary === 'malformed' || secondary === 'malformed') return undefined;
      return { type: 'probed', target, primary, secondary };
    }
    case 'cone': {
      const target = message['target'];
      const answer = CONE_ANSWERS.find((word) => word === message['answer']);
      return isTarget(target) && answer !== undefined ? { type: 'cone', target, answer } : undefined;
    }
    case 'done':
      return { type: 'done' };
    case 'broken': {
      const sentence = message['sentence'];
      return isSentence(sentence) ? { type: 'broken', sentence: printable(sentence) } : undefined;
    }
    default:
      return undefined;
  }
}

const isTarget = (value: unknown): value is number => isWhole(value, TARGET_LIMIT - 1);

function readHeard(value: unknown): Heard | undefined | 'malformed' {
  if (value === undefined) return undefined;
  const parts = fields(value, 'mapped', 'roundTrip');
  const mapped = fields(parts?.['mapped'], 'address', 'port');
  const address = readIpv4(mapped?.['address']);
  const number = mapped?.['port'];
  const roundTrip = parts?.['roundTrip'];
  if (address === undefined || !isGlobalUnicast(address)) return 'malformed';
  if (!isWhole(number, 65535) || number === 0 || !isCount(roundTrip) || roundTrip > ROUND_TRIP_LIMIT)
    return 'malformed';
  return { mapped: { address, port: port(number) }, roundTrip: roundTrip as Duration };
}
