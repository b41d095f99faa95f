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
  readonly address: string | undefined;
  readonly mapped: { readonly address: string; readonly port: number } | undefined;
  readonly server: string | undefined;
  readonly serverAddress: string | undefined;
  readonly nat: { readonly mapping: string; readonly portPreserving: boolean } | undefined;
  readonly interface: { readonly name: string; readonly index: number } | undefined;
  readonly mtu: number | undefined;
  /** Microseconds. */
  readonly roundTrip: number | undefined;
  /** Milliseconds since 1970. */
  readonly lastServerContact: number | undefined;
  readonly statistics: Readonly<Record<string, number>>;
  readonly version: string | undefined;
}

/** What GetAll and PropertiesChanged bring, gathered. */
export type RawProperties = Readonly<Record<string, Variant>>;

const SETTLED = ['stopped', 'qualified', 'failed'];

/** Under way to something else; words that we do not know included. */
export const isBusy = (state: string): boolean => !SETTLED.includes(state);

/** A daemon of another version may lack properties, or have others. */
export function snapshotOf(raw: RawProperties): Snapshot {
  const get = <K extends keyof Properties>(name: K): Properties[K] | undefined =>
    raw[name]?.value as Properties[K] | undefined;
  const [code = '', sentence = ''] = get('StateReason') ?? [];
  const [mappedAddress = '', mappedPort = 0] = get('Mapped') ?? [];
  const interfaceName = get('Interface') || undefined;
  return {
    state: get('State') ?? 'unknown',
    reason: code === '' ? undefined : { code, sentence },
    since: milliseconds(get('StateSince')),
    address: get('Address') || undefined,
    mapped: mappedAddress === '' ? undefined : { address: mappedAddress, port: mappedPort },
    server: get('Server') || undefined,
    serverAddress: get('ServerAddress') || undefined,
    nat: natOf(get('Nat')),
    interface: interfaceName === undefined ? undefined : { name: interfaceName, index: get('InterfaceIndex') ?? 0 },
    mtu: get('Mtu') || undefined,
    roundTrip: Number(get('RoundTrip') ?? 0) || undefined,
    lastServerContact: milliseconds(get('LastServerContact')),
    statistics: statisticsOf(get('Statistics')),
    version: get('Version') || undefined,
  };
}

/** Of microseconds; 0 is never. */
function milliseconds(microseconds: bigint | undefined): number | undefined {
  return microseconds === undefined || microseconds === 0n ? undefined : Number(microseconds / 1000n);
}

function natOf(nat: Properties['Nat'] | undefined): Snapshot['nat'] {
  const mapping = nat?.['mapping']?.value;
  if (typeof mapping !== 'string') return undefined;
  return { mapping, portPreserving: nat?.['port-preserving']?.value === true };
}

/** Exact up to 2^53: nine thousand terabytes. */
function statisticsOf(statistics: Properties['Statistics'] | undefined): Record<string, number> {
  return Object.fromEntries(Object.entries(statistics ?? {}).map(([name, count]) => [name, Number(count)]));
}
