/** How many calls that wait for something may be under way: of one caller, so that none keeps out others, and of all. */
const LIMIT_OF_CALLER = 64;
/** A user may have 256 connections (`max_connections_per_user` of the bus): one user alone cannot use it up. */
const LIMIT_OF_ALL = 20_000;

export class CallLimits {
  /** BOUNDED: by LIMIT_OF_ALL; a caller without calls has no entry. */
  readonly #callers = new Map<string, number>();
  #all = 0;

  /** false when there are too many; otherwise {@link leave} has to follow. */
  enter(caller: string): boolean {
    const own = this.#callers.get(caller) ?? 0;
    if (own >= LIMIT_OF_CALLER || this.#all >= LIMIT_OF_ALL) return false;
    this.#callers.set(caller, own + 1);
    this.#all += 1;
    return true;
  }

  leave(caller: string): void {
    const own = this.#callers.get(caller) ?? 0;
    if (own > 1) this.#callers.set(caller, own - 1);
    else this.#callers.delete(caller);
    this.#all -= 1;
  }
}
