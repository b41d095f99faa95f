/**
 * Which of the known servers to use when nobody named one: the best that answers, and another when it stops to.
 *
 * Pure: what happens comes in with its time, what to do comes out. A server is changed only when probes say that
 * another one answers and the one in use does not (or fails although it answers): while the network is down none does,
 * and nothing is changed. Rounds of probes are kept apart, by more and more, so that neither servers are flooded nor
 * the tunnel flaps between two that half work.
 */
import type { Instant } from '../../protocol/time.js';
import type { ReasonCode, TunnelState } from '../../protocol/tunnel-state.js';
import type { ServerTarget } from './server-list.js';

/** What a probe has found. */
export interface Measured {
  readonly name: string;
  /** It answers as a Teredo server. */
  readonly reachable: boolean;
  /** Microseconds. */
  readonly roundTrip: number | undefined;
  /** Its secondary address answers too. */
  readonly secondary: boolean;
}

export type Decision =
  /** `target` may be the one in use: then it is worth another try at once. */
  | { readonly type: 'use'; readonly target: ServerTarget; readonly because: ReasonCode | undefined }
  | { readonly type: 'probe'; readonly targets: readonly ServerTarget[] }
  /** The results of the round that is under way are not needed any more. */
  | { readonly type: 'forget' };

const NEVER = Number.POSITIVE_INFINITY as Instant;

/** Milliseconds that others have to answer, too, once one has. */
export const GRACE = 500;
/** Milliseconds that a round may take: a name server that does not answer takes long. */
export const ROUND_LIMIT = 45_000;
/** Milliseconds between rounds of probes; doubles up to the limit. */
export const ROUND_DELAY = 30_000;
export const ROUND_DELAY_LIMIT = 15 * 60_000;
/** Milliseconds between rounds that users cause. */
export const ASKED_DELAY = 2_000;
/** Milliseconds of use after which a server counts as good, and the delay begins anew. */
export const LASTING = 10 * 60_000;
/** Milliseconds for which a server that failed comes after the others. */
export const BLAME = 30 * 60_000;

/** Reasons that are the server's. Those of the network, of the NAT or of ours are the same with any other. */
const SERVERS_FAULTS: ReadonlySet<ReasonCode> = new Set([
  'dns-failed',
  'server-not-global',
  'server-silent',
  'secondary-silent',
  'server-lost',
  'authentication-failed',
]);

interface Round {
  readonly results: Map<string, Measured>;
  /** When it is decided, whatever is still to come. */
  decideAt: Instant;
}

export class ServerChoice {
  #targets: readonly ServerTarget[] = [];
  #current: ServerTarget | undefined;
  /** Until when. BOUNDED: by the list. */
  readonly #blamed = new Map<string, Instant>();
  #round: Round | undefined;
  /** When the next round is due. */
  #roundAt: Instant = NEVER;
  #lastRound = Number.NEGATIVE_INFINITY;
  #roundDelay = ROUND_DELAY;
  #qualifiedSince: Instant = NEVER;
  /** Why the server in use does not do; undefined while it does, or may. */
  #trouble: ReasonCode | undefined;
  /** Whether it was found to answer, and tried again, since it was last qualified. */
  #wasTriedAgain = false;

  get current(): ServerTarget | undefined {
    return this.#current;
  }

  get isProbing(): boolean {
    return this.#round !== undefined;
  }

  /** When {@link wake} is to be called. */
  get deadline(): Instant {
    return this.#round?.decideAt ?? this.#roundAt;
  }

  /** The list is another. One in use that has gone from it, or is another server now, is given up. */
  replaceTargets(targets: readonly ServerTarget[]): void {
    this.#targets = targets;
    const current = this.#current;
    for (const name of this.#blamed.keys()) if (!targets.some((each) => each.name === name)) this.#blamed.delete(name);
    if (current !== undefined && !targets.some((each) => isSame(each, current))) this.#current = undefined;
  }

  /** A server is wanted. */
  begin(now: Instant): Decision | undefined {
    if (this.#current !== undefined) return { type: 'use', target: this.#current, because: undefined };
    const [only, ...others] = this.#targets;
    if (this.#round !== undefined || only === undefined) return undefined;
    const due = (this.#lastRound + ASKED_DELAY) as Instant;
    if (others.length > 0 && due > now) {
      this.#roundAt = due;
      return undefined;
    }
    return others.length === 0 ? this.#use(only, undefined) : this.#probe(now);
  }

  /** The best is to be found anew. */
  reset(): Decision | undefined {
    this.#current = undefined;
    this.#roundDelay = ROUND_DELAY;
    return this.rest();
  }

  /** There is nothing to do: no tunnel is wanted, or it works. */
  rest(): Decision | undefined {
    this.#roundAt = NEVER;
    this.#trouble = undefined;
    this.#wasTriedAgain = false;
    return this.#endRound();
  }

  heard(now: Instant, result: Measured): Decision | undefined {
    const round = this.#round;
    if (round === undefined) return undefined;
    round.results.set(result.name, result);
    if (isWhole(result)) round.decideAt = Math.min(round.decideAt, now + GRACE) as Instant;
    return undefined;
  }

  /** All have answered or will not. */
  probed(now: Instant): Decision | undefined {
    return this.#round === undefined ? undefined : this.#decide(now);
  }

  wake(now: Instant): Decision | undefined {
    if (now < this.deadline) return undefined;
    return this.#round === undefined ? this.#probe(now) : this.#decide(now);
  }

  stateChanged(now: Instant, state: TunnelState): Decision | undefined {
    switch (state.name) {
      case 'stopped':
        return this.rest();
      case 'qualified':
        if (this.#qualifiedSince === NEVER) this.#qualifiedSince = now;
        return this.rest();
      case 'waiting':
      case 'failed':
        return this.#failed(now, state.reason.code);
      case 'resolving':
      case 'qualifying':
        // The next try; how the last one ended counts.
        return undefined;
    }
  }

  #failed(now: Instant, code: ReasonCode): Decision | undefined {
    if (now - this.#qualifiedSince > LASTING) this.#roundDelay = ROUND_DELAY;
    this.#qualifiedSince = NEVER;
    // With none in use somebody waits for one, whatever else is wrong.
    if (!SERVERS_FAULTS.has(code)) return this.#current === undefined ? undefined : this.rest();
    this.#trouble = code;
    if (this.#round !== undefined || this.#targets.length < 2) return undefined;
    const due = Math.max(now, this.#lastRound + this.#roundDelay) as Instant;
    if (due > now) {
      this.#roundAt = due;
      return undefined;
    }
    return this.#probe(now);
  }

  #probe(now: Instant): Decision | undefined {
    this.#roundAt = NEVER;
    if (this.#targets.length === 0) return undefined;
    const isSoon = now - this.#lastRound < 2 * this.#roundDelay;
    if (isSoon) this.#roundDelay = Math.min(2 * this.#roundDelay, ROUND_DELAY_LIMIT);
    this.#lastRound = now;
    this.#round = { results: new Map(), decideAt: (now + ROUND_LIMIT) as Instant };
    return { type: 'probe', targets: this.#targets };
  }

  #decide(now: Instant): Decision | undefined {
    const results = this.#round?.results ?? new Map<string, Measured>();
    this.#round = undefined;
    const ranked = this.#ranked(now, results);
    const current = this.#current;
    const [best] = ranked;
    // None answers: it is not the server, or nothing can be known. The first one goes on trying, and says why.
    if (current === undefined) return this.#replace(now, best ?? this.#targets[0]);
    const own = results.get(current.name);
    // It may have been the network that failed meanwhile.
    if (isWhole(own) && !this.#wasTriedAgain) {
      this.#wasTriedAgain = true;
      return this.#use(current, undefined);
    }
    const other = ranked.find((target) => !isSame(target, current));
    if (other !== undefined) return this.#replace(now, other);
    this.#roundAt = (now + this.#roundDelay) as Instant;
    return undefined;
  }

  /** Those that answer, the best first. */
  #ranked(now: Instant, results: ReadonlyMap<string, Measured>): ServerTarget[] {
    const rank = ({ name }: ServerTarget): number => ((this.#blamed.get(name) ?? 0) > now ? 1 : 0);
    const time = ({ name }: ServerTarget): number => results.get(name)?.roundTrip ?? Number.MAX_SAFE_INTEGER;
    return this.#targets
      .filter(({ name }) => isWhole(results.get(name)))
      .sort((a, b) => rank(a) - rank(b) || time(a) - time(b));
  }

  #replace(now: Instant, target: ServerTarget | undefined): Decision | undefined {
    if (target === undefined) return undefined;
    const because = this.#current === undefined ? undefined : this.#trouble;
    if (this.#current !== undefined) this.#blamed.set(this.#current.name, (now + BLAME) as Instant);
    this.#wasTriedAgain = false;
    return this.#use(target, because);
  }

  #use(target: ServerTarget, because: ReasonCode | undefined): Decision {
    this.#current = target;
    this.#trouble = undefined;
    return { type: 'use', target, because };
  }

  #endRound(): Decision | undefined {
    if (this.#round === undefined) return undefined;
    this.#round = undefined;
    return { type: 'forget' };
  }
}

/** Without its second address a server qualifies nobody (RFC 4380 §5.2.1). */
const isWhole = (result: Measured | undefined): boolean => result?.reachable === true && result.secondary;

export const isSame = (a: ServerTarget, b: ServerTarget): boolean =>
  a.name === b.name && a.primary.text === b.primary.text && a.secondary?.text === b.secondary?.text;
