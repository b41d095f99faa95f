/**
 * What the programs say about themselves, in one place: each one line with what a person can do, and its facts beside
 * it. The field EVENT is stable, for `journalctl MIREDO_EVENT=…`.
 *
 *     log(...starting('miredo', '2.0.0', 'client'));
 */

import type { TunnelState } from '../protocol/tunnel-state.js';
import { formatEndpoint, formatIpv4 } from '../wire/ipv4.js';
import { formatIpv6 } from '../wire/ipv6.js';
import type { Fields, LogEntry } from './log.js';
import { describeState } from './state-text.js';

export function starting(program: string, version: string, mode: string): LogEntry {
  return ['notice', `starting ${program} ${version} as ${mode}`, { EVENT: 'starting', VERSION: version, MODE: mode }];
}

/** No privilege, no tunnel, a port in use, already running: every part has a sentence with a remedy of its own. */
export function startFailed(failure: {
  readonly sentence: string;
  readonly errno?: string;
  readonly code?: string;
}): LogEntry {
  const code = failure.errno ?? failure.code;
  return ['error', failure.sentence, { EVENT: 'start-failed', ...(code === undefined ? {} : { CODE: code }) }];
}

/** A name that cannot be resolved now: the program goes on trying. */
export function serverUnresolvable(name: string, sentence: string, retryIn: number): LogEntry {
  const fields = { EVENT: 'server-unresolvable', SERVER_NAME: name };
  return ['warning', `${sentence} Next try in ${retryIn / 1000} s.`, fields];
}

/** One line for each step, and one more when an address that was in use is gone. */
export function stateChanged(previous: TunnelState | undefined, state: TunnelState): LogEntry[] {
  const level = state.name === 'failed' || state.name === 'waiting' ? 'warning' : 'notice';
  const entry: LogEntry = [
    level,
    describeState(state),
    { EVENT: state.name, STATE: state.name, ...stateFields(state) },
  ];
  if (previous?.name !== 'qualified' || state.name === 'qualified') return [entry];
  const address = formatIpv6(previous.address);
  const lost: LogEntry = ['warning', `lost: ${address} no longer works`, { EVENT: 'lost', ADDRESS: address }];
  return [lost, entry];
}

function stateFields(state: TunnelState): Fields {
  switch (state.name) {
    case 'stopped':
    case 'waiting':
      return { REASON: state.reason.code };
    case 'resolving':
      return { SERVER_NAME: state.server };
    case 'qualifying':
      return { SERVER: formatIpv4(state.server), ATTEMPT: state.attempt };
    case 'qualified':
      return {
        ADDRESS: formatIpv6(state.address),
        MAPPED: formatEndpoint(state.mapped),
        SERVER: formatIpv4(state.server),
        MTU: state.mtu,
        NAT: state.nat.mapping,
      };
    case 'failed':
      return { REASON: state.reason.code, RETRY_IN: state.retryIn / 1000 };
  }
}

/** Whoever wonders why nobody gets in shall find it: at each start. */
export function firewallSet(interfaceName: string, table: string, open: readonly string[]): LogEntry {
  const exceptions = ['ping', ...open].join(', ');
  const message = `firewall: what comes in by ${interfaceName} unasked is refused, but for ${exceptions}; FirewallOpen in miredo.conf(5) opens ports`;
  return ['notice', message, { EVENT: 'firewall', TABLE: table, OPEN: open.join(' ') }];
}

/** The old program had no firewall, and its configuration means none: said once, for most do not know. */
export function exposed(interfaceName: string): LogEntry {
  const message = `no firewall rule is found that refuses what comes in by ${interfaceName}: through the tunnel the IPv6 Internet can reach every service of this computer, NAT or not; "Firewall yes" in miredo.conf(5) refuses it`;
  return ['warning', message, { EVENT: 'exposed' }];
}

export function firewallFailed(sentence: string): LogEntry {
  return ['error', `Cannot set up the firewall: ${sentence}`, { EVENT: 'firewall-failed' }];
}

export function reloading(path: string): LogEntry {
  return ['notice', `loading ${path} again`, { EVENT: 'reloading' }];
}

/** `changed`: names of the directives with another value. */
export function reloaded(changed: readonly string[]): LogEntry {
  const what = changed.length === 0 ? 'nothing has changed' : `changed: ${changed.join(', ')}`;
  return ['notice', `configuration loaded again, ${what}`, { EVENT: 'reloaded', CHANGED: changed.join(' ') }];
}

export function reloadFailed(path: string): LogEntry {
  const message = `${path} has errors (above): the configuration from before stays in force`;
  return ['error', message, { EVENT: 'reload-failed' }];
}

export function engineEnded(how: string, retryIn: number): LogEntry {
  const message = `the tunnel engine ended (${how}); starting it again in ${retryIn / 1000} s`;
  return ['error', message, { EVENT: 'engine-ended', RETRY_IN: retryIn / 1000 }];
}

/** Words of others, who may be many: nothing of theirs may look like a line of ours. */
export function networkEvent(action: string, device: string): LogEntry {
  const word = (text: string): string => text.replace(/[^\w.:@-]/g, '?').slice(0, 64);
  const fields = { EVENT: 'network-event', ACTION: word(action), INTERFACE: word(device) };
  return ['debug', `told of the network: ${fields.ACTION} ${fields.INTERFACE}`.trim(), fields];
}

export function signalReceived(signal: string): LogEntry {
  return ['notice', `ending on ${signal}`, { EVENT: 'signal', SIGNAL: signal }];
}

/** The last line of every end that is not a crash. */
export function terminated(program: string, exitCode: number): LogEntry {
  const fields = { EVENT: 'terminated', EXIT_CODE: exitCode };
  if (exitCode === 0) return ['notice', `${program} has ended, nothing is left behind`, fields];
  return ['error', `${program} has ended with exit code ${exitCode}, for the reason above`, fields];
}

/** A fault of the program. */
export function fault(error: unknown): LogEntry {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return ['error', `fault in the program, please report it: ${stack}`, { EVENT: 'fault', STACK: stack }];
}
