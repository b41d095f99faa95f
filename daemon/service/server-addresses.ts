/** The addresses of a server: those of its configuration, or what its names resolve to. */
import { nextAddress } from '../config/miredo-conf.js';
import type { ServerName } from '../config/values.js';
import { type ResolutionFailure, type ResolveOptions, resolveIpv4 } from '../io/resolver.js';
import type { Servers } from '../protocol/qualification.js';
import type { Ipv4Address } from '../wire/ipv4.js';

export interface ServerNames {
  readonly primary: ServerName;
  /** undefined: the address after the primary one. */
  readonly secondary: ServerName | undefined;
}

export interface FoundServers {
  readonly ok: true;
  readonly servers: Servers;
}

export interface UnknownServers extends ResolutionFailure {
  /** Known when it is the secondary's name that does not resolve. */
  readonly primary: Ipv4Address | undefined;
}

/** Whether one of them is a host name, so that it has to be resolved. */
export const hasNames = ({ primary, secondary }: ServerNames): boolean =>
  [primary, secondary].some((name) => name !== undefined && name.address === undefined);

export async function findServers(
  { primary, secondary }: ServerNames,
  options: ResolveOptions,
): Promise<FoundServers | UnknownServers> {
  const first = await addressOf(primary, options);
  if (!first.ok) return { ...first, primary: undefined };
  const { address } = first;
  const second =
    secondary === undefined
      ? { ok: true as const, address: nextAddress(address) }
      : await addressOf(secondary, options);
  if (!second.ok) return { ...second, primary: address };
  return { ok: true, servers: { primary: address, secondary: second.address } };
}

const addressOf = async ({ text, address }: ServerName, options: ResolveOptions) =>
  address === undefined ? resolveIpv4(text, options) : { ok: true as const, address };
