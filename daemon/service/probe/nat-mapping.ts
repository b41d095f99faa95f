/**
 * What kind of mapping the NAT on the way gives us, from what several servers say they saw.
 *
 * Theory of operation. A server can say what it likes, so one alone decides nothing where others contradict it: each has
 * one vote. A server that answered from both of its addresses votes by whether these two saw the same mapping, which is
 * how qualification decides, too (RFC 4380 §5.2.1). An honest server behind a NAT that Teredo can pass never sees two,
 * and one behind a symmetric NAT never sees one. More votes win; as many on both sides leave it open. Where no server
 * answered from both addresses, the servers are compared with each other: two that agree are enough, since a symmetric NAT
 * gives no two the same, and it takes three that all differ to call it symmetric, since one of two may have lied.
 */
import { type Endpoint, sameEndpoint } from '../../wire/ipv4.js';

export type NatMapping = 'endpoint-independent' | 'symmetric' | 'unknown';

/** Where a server's two addresses saw us; undefined for one that is silent. */
export interface Seen {
  readonly mapped: Endpoint | undefined;
  readonly mappedBySecondary: Endpoint | undefined;
}

/** Servers that all differ, and nothing else is known. */
const ENOUGH_TO_DIFFER = 3;

export function mappingOf(seen: readonly Seen[]): NatMapping {
  let same = 0;
  let different = 0;
  for (const { mapped, mappedBySecondary } of seen) {
    if (mapped === undefined || mappedBySecondary === undefined) continue;
    if (sameEndpoint(mapped, mappedBySecondary)) same++;
    else different++;
  }
  if (same + different === 0) return byComparison(seen);
  if (same === different) return 'unknown';
  return same > different ? 'endpoint-independent' : 'symmetric';
}

/** The mapping that most servers saw; of several the one that was seen by the first. */
export function commonMapping(seen: readonly Seen[]): Endpoint | undefined {
  const votes = votesOf(seen);
  let best: Endpoint | undefined;
  let most = 0;
  for (const vote of votes) {
    const count = votes.filter((other) => sameEndpoint(vote, other)).length;
    if (count <= most) continue;
    best = vote;
    most = count;
  }
  return best;
}

function byComparison(seen: readonly Seen[]): NatMapping {
  const votes = votesOf(seen);
  const agrees = votes.some((vote, i) => votes.slice(i + 1).some((other) => sameEndpoint(vote, other)));
  if (agrees) return 'endpoint-independent';
  return votes.length >= ENOUGH_TO_DIFFER ? 'symmetric' : 'unknown';
}

/** One for each server that answered, however often. */
const votesOf = (seen: readonly Seen[]): Endpoint[] =>
  seen.flatMap(({ mapped, mappedBySecondary }) => mapped ?? mappedBySecondary ?? []);
