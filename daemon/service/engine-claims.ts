/**
 * What the supervisor believes of an engine (it applies only what it can check): an address inside the Teredo prefix
 * that embeds the configured server and the mapping it came with, and an MTU that a Teredo link can have.
 */
import type { Qualified } from '../protocol/tunnel-state.js';
import { type Ipv4Address, isGlobalUnicast } from '../wire/ipv4.js';
import { DEFAULT_MTU, MAXIMUM_MTU } from '../wire/mtu.js';
import { FLAGS_RANDOM, parseTeredoAddress } from '../wire/teredo-address.js';

export interface Expectation {
  readonly prefix: number;
  readonly primary: Ipv4Address;
  readonly secondary: Ipv4Address;
}

/** What is wrong with the claim, as the end of "The engine claims …"; undefined when it may be believed. */
export function implausible(claim: Qualified, expected: Expectation | undefined): string | undefined {
  if (expected === undefined) return 'to be qualified without a server';
  const address = parseTeredoAddress(claim.address, expected.prefix);
  if (address === undefined) return 'an address outside of the Teredo prefix';
  if (claim.server !== expected.primary || claim.secondary !== expected.secondary) return 'another server';
  if (address.server !== expected.primary) return "another server's address";
  if ((address.flags & ~FLAGS_RANDOM) !== 0) return 'an address with flags that are never set';
  if (address.mappedAddress !== claim.mapped.address || address.mappedPort !== claim.mapped.port) {
    return 'a mapping that is not the one in its address';
  }
  if (!isGlobalUnicast(claim.mapped.address) || claim.mapped.port === 0) return 'a mapping nobody can reach';
  if (claim.mtu < DEFAULT_MTU || claim.mtu > MAXIMUM_MTU) return `an MTU of ${claim.mtu}`;
  return undefined;
}
