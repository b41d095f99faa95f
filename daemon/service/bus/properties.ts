/** The tunnel's state as the properties of org.miredo.Client1, and what of them has changed. */
import { isDeepStrictEqual } from 'node:util';
import { PROPERTIES, type Properties, type Variant } from '../../../dbus/org-miredo.js';
import { formatPorts } from '../../io/firewall-commands.js';
import type { TunnelState } from '../../protocol/tunnel-state.js';
import { formatIpv4, sameEndpoint } from '../../wire/ipv4.js';
import { formatIpv6 } from '../../wire/ipv6.js';
import type { ClientFacts, ClientStatistics } from '../client-service.js';
import type { ListedServer } from '../servers/server-list.js';

type CountedName = 'RoundTrip' | 'LastServerContact' | 'RefreshInterval' | 'Statistics';
/** Those that are asked of the engine when somebody reads them. */
export type Counted = Pick<Properties, CountedName>;
/** Those that signals tell of, and the constant one. */
export type Shown = Omit<Properties, CountedName>;

const NOTHING = { Address: '', Mapped: ['', 0], Nat: {}, Mtu: 0 } as const;

export interface Known {
  readonly state: TunnelState;
  readonly facts: ClientFacts | undefined;
  readonly version: string;
  readonly networkPolicy: string;
  readonly servers: {
    readonly isEnabled: boolean;
    readonly choice: string;
    readonly list: { readonly entries: readonly ListedServer[] };
  };
}

/** `since`: microseconds of CLOCK_REALTIME. */
export function shownProperties({ state, facts, version, servers, networkPolicy }: Known, since: bigint): Shown {
  return {
    State: state.name,
    StateReason: 'reason' in state ? [state.reason.code, state.reason.sentence] : ['', ''],
    StateSince: since,
    ...(state.name === 'qualified' ? qualifiedProperties(state, facts) : NOTHING),
    Enabled: servers.isEnabled,
    NetworkPolicy: networkPolicy,
    Local: facts?.local === undefined ? ['', 0] : [formatIpv4(facts.local.address), facts.local.port],
    Server: facts?.server ?? '',
    ServerChoice: servers.choice,
    Servers: servers.list.entries.map(serverShown),
    Firewall: facts === undefined ? {} : firewallShown(facts.firewall),
    Ipv6Reachable: facts?.reachability ?? 'unknown',
    ServerAddress: facts?.serverAddress === undefined ? '' : formatIpv4(facts.serverAddress),
    Interface: facts?.interfaceName ?? '',
    InterfaceIndex: facts?.interfaceIndex ?? 0,
    Version: version,
  };
}

function serverShown({ name, primary, secondary, comment, origin }: ListedServer): Shown['Servers'][number] {
  const text = (value: string): Variant => ({ signature: 's', value });
  const details = {
    primary: text(primary.text),
    ...(secondary === undefined ? {} : { secondary: text(secondary.text) }),
    ...(comment === '' ? {} : { comment: text(comment) }),
    origin: text(origin),
  };
  return [name, details];
}

function qualifiedProperties(
  { address, mapped, mtu, nat }: TunnelState & { name: 'qualified' },
  facts: ClientFacts | undefined,
): Pick<Shown, keyof typeof NOTHING> {
  const { local, filtering = 'unknown' } = facts ?? {};
  return {
    Address: formatIpv6(address),
    Mapped: [formatIpv4(mapped.address), mapped.port],
    Nat: {
      mapping: { signature: 's', value: nat.mapping },
      filtering: { signature: 's', value: filtering },
      'port-preserving': { signature: 'b', value: nat.portPreserving },
      public: { signature: 'b', value: local !== undefined && sameEndpoint(local, mapped) },
      'learnt-by': { signature: 's', value: filtering === 'unknown' ? 'qualification' : 'diagnosis' },
    },
    Mtu: mtu,
  };
}

const firewallShown = ({ wanted, table }: ClientFacts['firewall']): Properties['Firewall'] => ({
  wanted: { signature: 'b', value: wanted !== undefined },
  active: { signature: 'b', value: table !== undefined },
  open: { signature: 'as', value: (wanted ?? []).map(formatPorts) },
});

export function countedProperties(statistics: ClientStatistics | undefined): Counted {
  if (statistics === undefined) return { RoundTrip: 0n, LastServerContact: 0n, RefreshInterval: 0n, Statistics: {} };
  const { roundTrip, serverSilence, refreshInterval, drops, refused } = statistics;
  const dropped = Object.entries(drops).map(([reason, number]) => [`dropped-${reason}`, whole(number)] as const);
  return {
    RoundTrip: roundTrip === undefined ? 0n : whole(1000 * roundTrip),
    LastServerContact: serverSilence === undefined ? 0n : whole(1000 * (Date.now() - serverSilence)),
    RefreshInterval: refreshInterval === undefined ? 0n : whole(1000 * refreshInterval),
    Statistics: {
      'datagrams-in': whole(statistics.datagramsIn),
      'bytes-in': whole(statistics.bytesIn),
      'packets-out': whole(statistics.packetsOut),
      'bytes-out': whole(statistics.bytesOut),
      'bubbles-sent': whole(statistics.bubblesSent),
      'bubbles-received': whole(statistics.bubblesReceived),
      peers: whole(statistics.peers),
      ...Object.fromEntries(dropped),
      ...(refused === undefined ? {} : { 'dropped-firewall': whole(refused) }),
    },
  };
}

/** The engine, which is not trusted, says what these numbers are: whatever it says can be written. */
const whole = (number: number): bigint =>
  number > 0 ? BigInt(Math.round(Math.min(number, Number.MAX_SAFE_INTEGER))) : 0n;

export const isProperty = (name: unknown): name is keyof Properties =>
  typeof name === 'string' && Object.hasOwn(PROPERTIES, name);

export const isCounted = (name: keyof Properties): name is CountedName => PROPERTIES[name].emits === 'false';

export function variantsOf(properties: Partial<Properties>): { [name: string]: Variant } {
  const entries = Object.entries(properties) as [keyof Properties, unknown][];
  return Object.fromEntries(
    entries.map(([name, value]) => [name, { signature: PROPERTIES[name].signature, value }] as const),
  );
}

/** Exactly the properties that have another value. */
export function changedProperties(before: Shown, after: Shown): Partial<Shown> {
  const names = Object.keys(after) as (keyof Shown)[];
  const changed = names.filter((name) => !isDeepStrictEqual(before[name], after[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name]]));
}
