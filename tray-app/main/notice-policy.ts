/**
 * What is worth a notification, and when. Told is where the tunnel has come to, not each step of the way: a loss that is
 * over before {@link LOSS_GRACE} is none, what was told last is not told again, and whoever flaps is told of at a rate,
 * with the latest state at the end. Time is passed in.
 */
import type { Reason, Snapshot } from '../../dbus/snapshot.js';
import type { NoticeKind } from '../shared/settings.js';
import type { Tunnel } from '../shared/view.js';

export type Notice =
  | { readonly kind: 'qualified'; readonly address: string | undefined; readonly server: string | undefined }
  | { readonly kind: 'lost' | 'failed'; readonly tunnel: Tunnel }
  | {
      readonly kind: 'server-switched';
      readonly server: string;
      readonly previous: string;
      readonly reason: Reason;
    };

/** Milliseconds. */
export const LOSS_GRACE = 4000;
/** So many at once, and then one in so many milliseconds. */
export const BURST = 3;
export const REFILL = 30_000;

/** What the user knows of the tunnel, as far as we have told. */
type Known = Exclude<NoticeKind, 'server-switched'> | 'nothing';

export class NoticePolicy {
  /** When {@link due} wants to be called. */
  deadline: number | undefined;
  #known: Known = 'nothing';
  /** The reason's code that came with it: another failure is news. */
  #knownCode = '';
  #latest: Tunnel = { presence: 'connecting' };
  #hasBegun = false;
  #notBefore = 0;
  #tokens = BURST;
  #filledAt = 0;

  /** Each time the tunnel is shown anew. */
  take(tunnel: Tunnel, now: number): Notice | undefined {
    this.#latest = tunnel;
    // What was so before the app began is no news.
    if (!this.#hasBegun && tunnel.presence !== 'connecting') {
      this.#hasBegun = true;
      this.#learn(conditionOf(tunnel, this.#known), codeOf(tunnel));
      return undefined;
    }
    if (this.#known === 'qualified' && conditionOf(tunnel, this.#known) === 'lost') {
      this.#notBefore = this.deadline === undefined ? now + LOSS_GRACE : this.#notBefore;
    } else {
      this.#notBefore = 0;
    }
    return this.due(now);
  }

  /** A switch that comes too often is left out: the window's log has it. */
  takeSwitch(server: string, previous: string, reason: Reason, now: number): Notice | undefined {
    if (reason.code === 'user' || server === '' || previous === '' || !this.#spend(now)) return undefined;
    return { kind: 'server-switched', server, previous, reason };
  }

  due(now: number): Notice | undefined {
    this.deadline = undefined;
    const condition = conditionOf(this.#latest, this.#known);
    const code = codeOf(this.#latest);
    if (condition === this.#known && !this.#hasFailedAnew(code)) return undefined;
    if (condition === 'nothing') {
      this.#learn(condition, code);
      return undefined;
    }
    if (now < this.#notBefore) return this.#waitUntil(this.#notBefore);
    if (!this.#spend(now)) return this.#waitUntil(this.#filledAt + REFILL);
    this.#learn(condition, code);
    return noticeOf(condition, this.#latest);
  }

  /** For another reason than the one that was told. */
  #hasFailedAnew(code: string): boolean {
    const latest = this.#latest;
    const hasFailed = latest.presence === 'present' && latest.snapshot.state === 'failed';
    return hasFailed && this.#known === 'failed' && code !== this.#knownCode;
  }

  #waitUntil(time: number): undefined {
    this.deadline = time;
  }

  #learn(condition: Known, code: string): void {
    this.#known = condition;
    this.#knownCode = code;
  }

  #spend(now: number): boolean {
    const fresh = Math.floor((now - this.#filledAt) / REFILL);
    if (fresh > 0) {
      this.#tokens = Math.min(BURST, this.#tokens + fresh);
      this.#filledAt = this.#tokens === BURST ? now : this.#filledAt + fresh * REFILL;
    }
    if (this.#tokens === 0) return false;
    this.#tokens -= 1;
    return true;
  }
}

const codeOf = (tunnel: Tunnel): string => (tunnel.presence === 'present' ? (tunnel.snapshot.reason?.code ?? '') : '');

/** What the user should know, who knows `known` so far. */
function conditionOf(tunnel: Tunnel, known: Known): Known {
  if (tunnel.presence === 'connecting') return known;
  // A daemon that goes takes the tunnel with it; while it is away nothing else can be said.
  if (tunnel.presence !== 'present') return known === 'qualified' || known === 'lost' ? 'lost' : known;
  return conditionOfState(tunnel.snapshot, known);
}

function conditionOfState({ state, isEnabled }: Snapshot, known: Known): Known {
  if (state === 'qualified' || state === 'failed') return state;
  // Whoever stops the tunnel does not want to hear that it is gone.
  if (state === 'stopped' && !isEnabled) return 'nothing';
  // On its way: to whoever has heard that it failed nothing has changed yet.
  return known === 'qualified' ? 'lost' : known;
}

function noticeOf(condition: Exclude<Known, 'nothing'>, tunnel: Tunnel): Notice {
  if (condition !== 'qualified') return { kind: condition, tunnel };
  const { address, server } = tunnel.presence === 'present' ? tunnel.snapshot : {};
  return { kind: condition, address, server };
}
