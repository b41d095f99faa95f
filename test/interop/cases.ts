/**
 * What is tried: which implementation plays which part, behind which NATs, and who speaks first.
 *
 * Every kind of client stands twice in a world. The one named `opener` speaks first, to every `acceptor`; an acceptor
 * is spoken to first. So each pair of kinds meets as strangers, and both directions of opening occur.
 */
import type { Implementation } from '../lab/implementation.js';
import type { NatType } from '../lab/nat.js';

export interface Kind {
  readonly who: Implementation;
  readonly nat: NatType;
}

export interface World {
  readonly name: string;
  readonly server: Implementation;
  readonly relay: Implementation;
  readonly kinds: readonly Kind[];
  /** Whether clients of this world also meet each other. */
  readonly pairs: boolean;
}

export const kindName = ({ who, nat }: Kind): string => `${who === 'ours' ? 'ours' : 'C'} (${nat})`;

const restricted: readonly NatType[] = ['full-cone', 'address-restricted', 'port-restricted'];
const extremes: readonly NatType[] = ['full-cone', 'port-restricted'];
const both: readonly Implementation[] = ['c', 'ours'];

const kinds = (whose: readonly Implementation[], nats: readonly NatType[]): Kind[] =>
  whose.flatMap((who) => nats.map((nat) => ({ who, nat })));

export const WORLDS: readonly World[] = [
  {
    name: 'C server, C relay',
    server: 'c',
    relay: 'c',
    // The C client does not notice a symmetric NAT, and gets on well behind it with relays and with some clients.
    kinds: [...kinds(both, restricted), { who: 'c', nat: 'symmetric' }],
    pairs: true,
  },
  { name: 'our server, our relay', server: 'ours', relay: 'ours', kinds: kinds(both, extremes), pairs: true },
  { name: 'C server, our relay', server: 'c', relay: 'ours', kinds: kinds(both, extremes), pairs: false },
  { name: 'our server, C relay', server: 'ours', relay: 'c', kinds: kinds(both, extremes), pairs: false },
];

/**
 * Whether these can meet: the pairs of NATs that two C clients pass, as found by trying all sixteen.
 *
 * With one exception. A client behind a symmetric NAT answers from a port that its address does not tell. C takes such
 * a bubble from a peer that it expects; we must not without the nonce of RFC 6081 §5.2.4.4, which C does not know.
 */
export function canMeet(opener: Kind, acceptor: Kind): boolean {
  if (opener.nat === 'symmetric') return false;
  if (acceptor.nat !== 'symmetric') return true;
  return opener.nat !== 'port-restricted' && opener.who === 'c' && acceptor.who === 'c';
}
