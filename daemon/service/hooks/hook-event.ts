/** What hooks are told: which event, and the tunnel as it is then, in variables of the environment. */
import type { TunnelState } from '../../protocol/tunnel-state.js';
import { formatEndpoint, formatIpv4 } from '../../wire/ipv4.js';
import { formatIpv6 } from '../../wire/ipv6.js';
import type { ClientFacts } from '../client-service.js';

/** In the order in which they are told when several happen at once: what an address stands on comes before it. */
export type HookEvent = 'server' | 'state' | 'address';

/** The tunnel at one moment; what there is not is empty. */
export interface HookFacts {
  readonly state: string;
  /** The code of the reason. */
  readonly reason: string;
  readonly address: string;
  readonly mapped: string;
  readonly mtu: string;
  readonly interfaceName: string;
  readonly server: string;
  readonly serverAddress: string;
}

export const NO_FACTS: HookFacts = {
  state: '',
  reason: '',
  address: '',
  mapped: '',
  mtu: '',
  interfaceName: '',
  server: '',
  serverAddress: '',
};

export function hookFacts(state: TunnelState, facts: ClientFacts | undefined): HookFacts {
  return {
    ...NO_FACTS,
    state: state.name,
    reason: 'reason' in state ? state.reason.code : '',
    interfaceName: facts?.interfaceName ?? '',
    server: facts?.server ?? '',
    serverAddress: facts?.serverAddress === undefined ? '' : formatIpv4(facts.serverAddress),
    ...(state.name === 'qualified' && {
      address: formatIpv6(state.address),
      mapped: formatEndpoint(state.mapped),
      mtu: String(state.mtu),
    }),
  };
}

export function eventsBetween(before: HookFacts, after: HookFacts): HookEvent[] {
  const events: HookEvent[] = [];
  if (before.server !== after.server || before.serverAddress !== after.serverAddress) events.push('server');
  if (before.state !== after.state || before.reason !== after.reason) events.push('state');
  if (before.address !== after.address) events.push('address');
  return events;
}

/** The system's folders, whatever the daemon's own environment says. */
export const HOOK_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The whole environment of a hook: miredo(8) documents it. */
export function hookEnvironment(event: HookEvent, before: HookFacts, after: HookFacts): { [name: string]: string } {
  return {
    PATH: HOOK_PATH,
    MIREDO_EVENT: event,
    MIREDO_STATE: after.state,
    MIREDO_PREVIOUS_STATE: before.state,
    MIREDO_REASON: after.reason,
    MIREDO_ADDRESS: after.address,
    MIREDO_PREVIOUS_ADDRESS: before.address,
    MIREDO_MAPPED: after.mapped,
    MIREDO_MTU: after.mtu,
    MIREDO_INTERFACE: after.interfaceName,
    MIREDO_SERVER: after.server,
    MIREDO_SERVER_ADDRESS: after.serverAddress,
  };
}
