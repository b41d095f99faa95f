/** What the answers of servers tell of the NAT on the way. */

import type { Endpoint, Ipv4Address, Port } from '../../wire/ipv4.js';
import { commonMapping, mappingOf, type NatMapping } from '../probe/nat-mapping.js';
import type { Sighting } from '../probe/server-probe.js';

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
  const mapped = commonMapping(sightings);
  const portPreserving = mapped !== undefined && mapped.port === local.port;
  return {
    mapping: mappingOf(sightings),
    filtering: filteringOf(sightings),
    mapped,
    portPreserving,
    isPublic: portPreserving && mapped.address === local.address,
  };
}

/** Silence tells only where the secondary address is known to answer. */
function filteringOf(sightings: readonly Sighting[]): NatFiltering {
  if (sightings.some(({ cone }) => cone === 'secondary')) return 'endpoint-independent';
  const isRefused = ({ mapped, mappedBySecondary, cone }: Sighting): boolean =>
    cone === 'none' && mapped !== undefined && mappedBySecondary !== undefined;
  return sightings.some(isRefused) ? 'dependent' : 'unknown';
}
