/**
 * Strict readers of the messages an engine sends: a value of exactly the right form, or undefined.
 *
 * What they let through is well formed, not yet allowed: whether an address may be configured is decided in
 * daemon/service/engine-claims.ts.
 */
import { DROP_REASONS, type DropReason } from '../protocol/drops.js';
import type { Reachability } from '../protocol/internet-test.js';
import { reasonOf, SENTENCES } from '../protocol/reasons.js';
import type { NatFacts, Reason, ReasonCode, TunnelState } from '../protocol/tunnel-state.js';
import { type Endpoint, port } from '../wire/ipv4.js';
import { formatIpv6, type Ipv6Address, parseIpv6 } from '../wire/ipv6.js';
import { type Fields, fields, isCount, isSentence, isWhole, printable, readIpv4 } from './message-fields.js';
import type { EngineStatistics, FromEngine } from './messages.js';
import type { FromProbe } from './probe-messages.js';

const REACHABILITIES: readonly Reachability[] = ['unknown', 'yes', 'no'];

export function readFromEngine(value: unknown): FromEngine | undefined {
  const message = fields(value, 'type', 'state', 'sentence', 'number', 'statistics', 'lacking', 'reachability');
  switch (message?.['type']) {
    case 'ready': {
      const lacking = message['lacking'];
      if (!Array.isArray(lacking) || lacking.length > 16 || !lacking.every(isSentence)) return undefined;
      return { type: 'ready', lacking: lacking.map(printable) };
    }
    case 'state': {
      const state = readState(message['state']);
      return state && { type: 'state', state };
    }
    case 'reachability': {
      const reachability = REACHABILITIES.find((word) => word === message['reachability']);
      return reachability && { type: 'reachability', reachability };
    }
    case 'broken': {
      const sentence = message['sentence'];
      return isSentence(sentence) ? { type: 'broken', sentence: printable(sentence) } : undefined;
    }
    case 'answer': {
      const statistics = readStatistics(message['statistics']);
      const number = message['number'];
      return statistics && isCount(number) ? { type: 'answer', number, statistics } : undefined;
    }
    default:
      return undefined;
  }
}

/** As JSON carries it: the one value that JSON cannot hold is the bytes of an address. */
export function writeFromEngine(message: FromEngine | FromProbe): unknown {
  if (message.type !== 'state' || message.state.name !== 'qualified') return message;
  return { ...message, state: { ...message.state, address: formatIpv6(message.state.address) } };
}

/** The states that a core can be in; the others are the supervisor's own. */
function readState(value: unknown): TunnelState | undefined {
  const state = fields(
    value,
    ...['name', 'attempt', 'server', 'reason', 'retryIn', 'address', 'mapped', 'secondary', 'mtu', 'nat'],
  );
  switch (state?.['name']) {
    case 'stopped': {
      const reason = readReason(state['reason']);
      return reason && { name: 'stopped', reason };
    }
    case 'qualifying': {
      const server = readIpv4(state['server']);
      const attempt = state['attempt'];
      return server !== undefined && isWhole(attempt, 1000) ? { name: 'qualifying', attempt, server } : undefined;
    }
    case 'failed': {
      const reason = readReason(state['reason']);
      const retryIn = state['retryIn'];
      return reason && isCount(retryIn) ? { name: 'failed', reason, retryIn } : undefined;
    }
    case 'qualified':
      return readQualified(state);
    default:
      return undefined;
  }
}

function readQualified(state: Fields): TunnelState | undefined {
  const address = readIpv6(state['address']);
  const mapped = readEndpoint(state['mapped']);
  const server = readIpv4(state['server']);
  const secondary = readIpv4(state['secondary']);
  const nat = readNat(state['nat']);
  const mtu = state['mtu'];
  if (address === undefined || mapped === undefined || server === undefined || secondary === undefined)
    return undefined;
  if (nat === undefined || !isWhole(mtu, 65535)) return undefined;
  return { name: 'qualified', address, mapped, server, secondary, nat, mtu };
}

/** The sentence is ours: an engine says only which. */
function readReason(value: unknown): Reason | undefined {
  const code = fields(value, 'code', 'sentence')?.['code'];
  if (typeof code !== 'string' || !Object.hasOwn(SENTENCES, code)) return undefined;
  return reasonOf(code as ReasonCode);
}

const readIpv6 = (value: unknown): Ipv6Address | undefined =>
  typeof value === 'string' ? parseIpv6(value) : undefined;

function readEndpoint(value: unknown): Endpoint | undefined {
  const parts = fields(value, 'address', 'port');
  const address = readIpv4(parts?.['address']);
  const number = parts?.['port'];
  return address !== undefined && isWhole(number, 65535) ? { address, port: port(number) } : undefined;
}

const MAPPINGS: readonly NatFacts['mapping'][] = ['endpoint-independent', 'symmetric', 'unknown'];

function readNat(value: unknown): NatFacts | undefined {
  const parts = fields(value, 'mapping', 'portPreserving');
  const mapping = MAPPINGS.find((word) => word === parts?.['mapping']);
  const portPreserving = parts?.['portPreserving'];
  return mapping !== undefined && typeof portPreserving === 'boolean' ? { mapping, portPreserving } : undefined;
}

const COUNTS = ['datagramsIn', 'bytesIn', 'packetsOut', 'bytesOut', 'bubblesSent', 'bubblesReceived', 'peers'] as const;
const PATH_COUNTS = ['receiveCalls', 'sendCalls', 'sendWouldBlock', 'sendRefused', 'deliverRefused'] as const;

function readStatistics(value: unknown): EngineStatistics | undefined {
  const statistics = fields(value, ...COUNTS, 'drops', 'path', 'roundTrip', 'serverSilence', 'refreshInterval');
  const drops = fields(statistics?.['drops'], ...DROP_REASONS);
  const path = fields(statistics?.['path'], ...PATH_COUNTS, 'lastError');
  if (statistics === undefined || drops === undefined || path === undefined) return undefined;
  const lastError = path['lastError'];
  if (!COUNTS.every((name) => isCount(statistics[name])) || !PATH_COUNTS.every((name) => isCount(path[name])))
    return undefined;
  if (!DROP_REASONS.every((reason) => isCount(drops[reason])) || typeof lastError !== 'string') return undefined;
  const { roundTrip, serverSilence, refreshInterval } = statistics;
  return {
    ...(statistics as Record<(typeof COUNTS)[number], number>),
    drops: drops as Record<DropReason, number>,
    path: { ...(path as Record<(typeof PATH_COUNTS)[number], number>), lastError: printable(lastError.slice(0, 32)) },
    roundTrip: isCount(roundTrip) ? roundTrip : undefined,
    serverSilence: isCount(serverSilence) ? serverSilence : undefined,
    refreshInterval: isCount(refreshInterval) ? refreshInterval : undefined,
  };
}
