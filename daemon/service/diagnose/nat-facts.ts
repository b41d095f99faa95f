/** What the answers of servers tell of the NAT on the way. */

import { type Endpoint, type Ipv4Address, type Port, sameEndpoint } from '../../wire/ipv4.js';
import type { Sighting } from '../probe/server-probe.js';

export type NatMapping = 'endpoint-independent' | 'symmetric' | 'unknown';
/** Of what comes from an address that was never written to (RFC 4787 §5). */
export type NatFiltering = 'endpoint-independent' | 'dependent' | 'unknown';

export interface NatBehaviour {
  readonly mapping: NatMapping;
  readonly filtering: NatFiltering;
  readonly mapped: Endpoint | undefined;
  readonly portPreserving: boolean;
  /** There is no NAT. */
  readonly isPublic: boolean;
}

/** `local`: our own address on the way, and the port that the questions left by. */
export function natBehaviour(
  sightings: readonly Sighting[],
  local: { readonly address: Ipv4Address | undefined; readonly port: Port | undefined },
): NatBehaviour {
  const seen = sightings.flatMap(({ mapped, mappedBySecondary }) => [mapped, mappedBySecondary]);
  const mappings = seen.filter((mapped) => mapped !== undefined);
  const [mapped] = mappings;
  const portPreserving = mapped !== undefined && mapped.port === local.port;
  return {
    mapping: mappingOf(mappings),
    filtering: filteringOf(sightings),
    mapped,
    portPreserving,
    isPublic: portPreserving && mapped.address === local.address,
  };
}

/** One address alone cannot tell: it takes two to see the difference. */
function mappingOf(mappings: readonly Endpoint[]): NatMapping {
  const [first, ...others] = mappings;
  if (first === undefined || others.length === 0) return 'unknown';
  return others.every((other) => sameEndpoint(first, other)) ? 'endpoint-independent' : 'symmetric';
}

/** Silence tells only where the secondary address is known to answer. */
function filteringOf(sightings: readonly Sighting[]): NatFiltering {
  if (sightings.some(({ cone }) => cone === 'secondary')) return 'endpoint-independent';
  const isRefused = ({ mapped, mappedBySecondary, cone }: Sighting): boolean =>
    cone === 'none' && mapped !== undefined && mappedBySecondary !== undefined;
  return sightings.some(isRefused) ? 'dependent' : 'unknown';
}
