/**
 * Whether the host has native IPv6, with patience: an advertisement that comes and goes, or an address that is being
 * replaced, is not to take the tunnel down and up with it. Pure: the time is passed in.
 *
 * The first look counts at once, and so does native IPv6 that appears while there is no tunnel to take down. Otherwise
 * what is seen counts when it has lasted, and a loss is believed later each time one shows itself within a short time.
 *
 * On a network that has just appeared, IPv4 mostly works seconds before IPv6 does. It is settled when native IPv6 has had
 * the time to show itself: see {@link NativeVerdict.isSettled}.
 */
import type { Ipv6Outlook } from '../../io/native-ipv6.js';

/** Milliseconds that it has to be there beside a tunnel. The tunnel's route is behind the native one meanwhile. */
const APPEARED = 3_000;
/** Milliseconds that it has to be gone; doubles up to the limit with each time it is gone within the window. */
const GONE = 5_000;
const GONE_LIMIT = 160_000;
const WINDOW = 10 * 60_000;
/**
 * Milliseconds that a new network has until the first advertisement: the link's own address is tested for duplicates,
 * a second after up to one more, and the router answers within half a second (RFC 4861 §6.3.7, RFC 4862 §5.4.2).
 */
const FIRST_SIGN = 3_000;
/** And until native IPv6 works where there are signs of it: by DHCPv6 it takes some questions, and that test again. */
const SIGNED = 6_000;

export class NativeVerdict {
  #isNative: boolean | undefined;
  /** Since when something else is seen. */
  #since: number | undefined;
  #gone = GONE;
  #missedAt = Number.NEGATIVE_INFINITY;
  /** When the network appeared; undefined once it is settled. */
  #appearedAt: number | undefined;
  #settlesAt = Number.NEGATIVE_INFINITY;

  get isNative(): boolean {
    return this.#isNative ?? false;
  }

  /** As far as the last look tells. */
  get isSettled(): boolean {
    return this.#appearedAt === undefined;
  }

  /** When to look again; Infinity when only a change can matter. */
  get deadline(): number {
    const settled = this.isSettled ? Number.POSITIVE_INFINITY : this.#settlesAt;
    return Math.min(settled, this.#believedAt);
  }

  /** `isUp`: there is a tunnel that works. */
  observe(now: number, outlook: Ipv6Outlook, isUp: boolean): void {
    // Who begins on a network cannot tell by it how old it is, but for an address that is as young as this.
    if (this.#isNative === undefined && outlook === 'soon') this.#appearedAt = now;
    this.#settle(now, outlook);
    const isSeen = outlook === 'here';
    const isAtOnce = this.#isNative === undefined || (isSeen && !isUp);
    if (isAtOnce || isSeen === this.#isNative) {
      this.#believe(isSeen);
      return;
    }
    if (this.#since === undefined) this.#begin(now);
    if (now >= this.#believedAt) this.#believe(isSeen);
  }

  /** This is another network: what was seen before says nothing of how steady it is. */
  appeared(now: number): void {
    this.#missedAt = Number.NEGATIVE_INFINITY;
    this.#appearedAt = now;
    this.#settlesAt = now + FIRST_SIGN;
  }

  get #believedAt(): number {
    if (this.#since === undefined) return Number.POSITIVE_INFINITY;
    return this.#since + (this.isNative ? this.#gone : APPEARED);
  }

  #believe(isSeen: boolean): void {
    this.#isNative = isSeen;
    this.#since = undefined;
  }

  /** Once it is settled it stays so: signs that last and lead to nothing are not waited for again. */
  #settle(now: number, outlook: Ipv6Outlook): void {
    if (this.#appearedAt === undefined) return;
    const isSigned = outlook === 'soon' || outlook === 'perhaps';
    this.#settlesAt = this.#appearedAt + (isSigned ? SIGNED : FIRST_SIGN);
    if (now >= this.#settlesAt) this.#appearedAt = undefined;
  }

  #begin(now: number): void {
    this.#since = now;
    if (!this.isNative) return;
    const isRepeated = now - this.#missedAt < WINDOW;
    this.#gone = isRepeated ? Math.min(2 * this.#gone, GONE_LIMIT) : GONE;
    this.#missedAt = now;
  }
}
