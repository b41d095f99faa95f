/** The daemon's properties as a program wants them: nothing where the bus has empty strings and zeros. */
import type { Properties, Variant } from './org-miredo.js';

export interface Reason {
  readonly code: string;
  readonly sentence: string;
}

export interface Snapshot {
  /** See {@link isBusy} for words that are not known here. */
  readonly state: string;
  readonly reason: Reason | undefined;
  /** When the state began, in milliseconds since 1970. */
  readonly since: number | undefined;
  /** Whether there is to be a tunnel: what was last asked for. */
  readonly isEnabled: boolean;
  readonly address: string | undefined;
  /** Our own end on the way to the server. */
  readonly local: { readonly address: string; readonly port: number } | undefined;
  readonly mapped: { readonly address: string; readonly port: number } | undefined;
  readonly server: string | undefined;
  readonly serverAddress: string | undefined;
  /** `auto`, or what was chosen. */
  readonly serverChoice: string | undefined;
  readonly servers: readonly ServerEntry[];
  readonly nat: Nat | undefined;
  /** Whether the IPv6 Internet answers through a relay; undefined while not known. */
  readonly isIpv6Reachable: boolean | undefined;
  readonly interface: { readonly name: string; readonly index: number } | undefined;
  readonly mtu: number | undefined;
  /** Microseconds. */
  readonly roundTrip: number | undefined;
  /** Milliseconds since 1970. */
  readonly lastServerContact: number | undefined;
  /** Microseconds. */
  readonly refreshInterval: number | undefined;
  readonly statistics: Readonly<Record<string, number>>;
  readonly version: string | undefined;
}

/** A server of the list. */
export interface ServerEntry {
  readonly name: string;
  readonly primary: string;
  readonly secondary: string | undefined;
  readonly comment: string | undefined;
  /** `administrator`, `configuration` or `user`; only the last can be removed. */
  readonly origin: string;
}

export interface Nat {
  /** endpoint-independent, symmetric or unknown. */
  readonly mapping: string;
  /** endpoint-independent, dependent or unknown. */
  readonly filtering: string;
  readonly portPreserving: boolean;
  /** There is no NAT. */
  readonly isPublic: boolean;
  /** What told of the filtering: qualification or diagnosis. */
  readonly learntBy: string;
}

/** What GetAll and PropertiesChanged bring, gathered. */
export type RawProperties = Readonly<Record<string, Variant>>;

const SETTLED = ['stopped', 'qualified', 'failed'];

/** Under way to something else; words that we do not know included. */
export const isBusy = (state: string): boolean => !SETTLED.includes(state);

/** Of the pair on the bus; both empty: there is nothing to say. */
export const readReason = ([code, sentence]: readonly [string, string]): Reason | undefined =>
  code === '' ? undefined : { code, sentence };

/** A daemon of another version may lack properties, or have others. */
export function snapshotOf(raw: RawProperties): Snapshot {
  const get = <K extends keyof Properties>(name: K): Properties[K] | undefined =>
    raw[name]?.value as Properties[K] | undefined;
  const interfaceName = get('Interface') || undefined;
  return {
    state: get('State') ?? 'unknown',
    reason: readReason(get('StateReason') ?? ['', '']),
    since: milliseconds(get('StateSince')),
    isEnabled: get('Enabled') ?? false,
    address: get('Address') || undefined,
    local: endpointOf(get('Local')),
    mapped: endpointOf(get('Mapped')),
    server: get('Server') || undefined,
    serverAddress: get('ServerAddress') || undefined,
    serverChoice: get('ServerChoice') || undefined,
    servers: (get('Servers') ?? []).map(serverOf),
    nat: natOf(get('Nat')),
    isIpv6Reachable: REACHABLE[get('Ipv6Reachable') ?? ''],
    interface: interfaceName === undefined ? undefined : { name: interfaceName, index: get('InterfaceIndex') ?? 0 },
    mtu: get('Mtu') || undefined,
    roundTrip: Number(get('RoundTrip') ?? 0) || undefined,
    lastServerContact: milliseconds(get('LastServerContact')),
    refreshInterval: Number(get('RefreshInterval') ?? 0) || undefined,
    statistics: statisticsOf(get('Statistics')),
    version: get('Version') || undefined,
  };
}

const REACHABLE: Readonly<Record<string, boolean>> = { yes: true, no: false };

function endpointOf([address, port]: readonly [string, number] | readonly [] = []): Snapshot['mapped'] {
  return address === undefined || port === undefined || address === '' ? undefined : { address, port };
}

/** The text that a dictionary has there; undefined when it has none. */
function textOf(details: RawProperties, key: string): string | undefined {
  const value = details[key]?.value;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function serverOf([name, details]: readonly [string, RawProperties]): ServerEntry {
  return {
    name,
    primary: textOf(details, 'primary') ?? name,
    secondary: textOf(details, 'secondary'),
    comment: textOf(details, 'comment'),
    origin: textOf(details, 'origin') ?? '',
  };
}

/** Of microseconds; 0 is never. */
function milliseconds(microseconds: bigint | undefined): number | undefined {
  return microseconds === undefined || microseconds === 0n ? undefined : Number(microseconds / 1000n);
}

function natOf(nat: Properties['Nat'] | undefined): Nat | undefined {
  const mapping = nat === undefined ? undefined : textOf(nat, 'mapping');
  if (nat === undefined || mapping === undefined) return undefined;
  return {
    mapping,
    filtering: textOf(nat, 'filtering') ?? 'unknown',
    portPreserving: nat['port-preserving']?.value === true,
    isPublic: nat['public']?.value === true,
    learntBy: textOf(nat, 'learnt-by') ?? '',
  };
}

/** Exact up to 2^53: nine thousand terabytes. */
function statisticsOf(statistics: Properties['Statistics'] | undefined): Record<string, number> {
  return Object.fromEntries(Object.entries(statistics ?? {}).map(([name, count]) => [name, Number(count)]));
}
