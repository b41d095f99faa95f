/**
 * How far an engine is believed when it speaks of the tunnel: not too often, and only what the servers that it was given
 * can have brought about.
 */
import type { Servers } from '../protocol/qualification.js';
import { TokenBucket } from '../protocol/token-bucket.js';
import type { Qualified } from '../protocol/tunnel-state.js';
import { implausible } from './engine-claims.js';
import { now } from './environment.js';

/** Each change of state is a line in the log and a run of ip(8). */
const STATES_PER_SECOND = 1;
const STATES_AT_ONCE = 30;

export type Judgement =
  | { readonly type: 'true' }
  /** Said before it heard of the change of servers: nothing to believe, but nothing to blame it for either. */
  | { readonly type: 'outdated' }
  | { readonly type: 'false'; readonly problem: string };

export class EngineCredit {
  readonly #prefix: number;
  #servers: Servers | undefined;
  /** Those before: what the engine said of them may still be on its way. */
  #formerServers: Servers | undefined;
  #allowance = new TokenBucket(STATES_PER_SECOND, STATES_AT_ONCE);

  constructor(prefix: number) {
    this.#prefix = prefix;
  }

  /** Those that the client is to use; undefined while it is to use none. */
  get servers(): Servers | undefined {
    return this.#servers;
  }

  replaceServers(servers: Servers | undefined): void {
    this.#formerServers = this.#servers ?? this.#formerServers;
    this.#servers = servers;
  }

  /** What follows is no doing of the engine's, or that of another engine. */
  renew(): void {
    this.#allowance = new TokenBucket(STATES_PER_SECOND, STATES_AT_ONCE);
  }

  /** Of one more change; false when there were too many. */
  takeChange(): boolean {
    return this.#allowance.take(now());
  }

  judge(claim: Qualified): Judgement {
    const problem = this.#problemOf(claim, this.#servers);
    if (problem === undefined) return { type: 'true' };
    return this.#problemOf(claim, this.#formerServers) === undefined
      ? { type: 'outdated' }
      : { type: 'false', problem };
  }

  #problemOf(claim: Qualified, servers: Servers | undefined): string | undefined {
    return implausible(claim, servers && { prefix: this.#prefix, ...servers });
  }
}
