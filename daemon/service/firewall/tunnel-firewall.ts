/**
 * Keeps the rules for the tunnel's interface as they were last wanted, and sets them again when somebody ends what
 * holds them. The interface is to have its address only while they are there.
 *
 * Theory of operation. The table belongs to the process of a session (io/nft.ts): it is gone when that ends, by
 * whatever, and `flush ruleset` of an administrator passes it by. Where kernel or nft(8) know of no owners it is a table
 * like others, taken away at the end; what a killed run left of that kind goes when the next one begins.
 */
import {
  COUNTER,
  creation,
  FAMILY,
  type GuardedInterface,
  leftovers,
  type OpenPorts,
  refusedIn,
  removal,
  replacement,
  tableNames,
} from '../../io/firewall-commands.js';
import { askNft, type NftDone, type NftFailure, NftSession } from '../../io/nft.js';
import { now } from '../environment.js';

/** Milliseconds: rules that were set again and do not last so long are lost. */
const LASTING = 5_000;
/** Milliseconds that a count is good for: each costs a process. */
const COUNT_LIFE = 2_000;

export interface FirewallEvents {
  /** They are there. */
  set(table: string, open: readonly OpenPorts[]): void;
  /** They are other ones, or not there any more. */
  changed(): void;
  /** They were lost and cannot be set again now. */
  lost(failure: NftFailure): void;
}

/** `undefined`: no rules. */
type Wanted = readonly OpenPorts[] | undefined;

interface Standing {
  readonly session: NftSession;
  readonly table: string;
  readonly isOwned: boolean;
  readonly open: readonly OpenPorts[];
}

export class TunnelFirewall {
  readonly #tunnel: GuardedInterface;
  readonly #events: FirewallEvents;
  #standing: Standing | undefined;
  #wanted: Wanted;
  #setAgainAt = Number.NEGATIVE_INFINITY;
  /** One change after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #count: { readonly at: number; readonly refused: Promise<number | undefined> } | undefined;

  constructor(tunnel: GuardedInterface, events: FirewallEvents) {
    this.#tunnel = tunnel;
    this.#events = events;
  }

  /** The table that the rules are in; undefined when there are none. */
  get table(): string | undefined {
    return this.#standing?.table;
  }

  /** Resolves when the rules are as wanted; or with why they are not. */
  set(wanted: Wanted): Promise<NftDone | NftFailure> {
    this.#wanted = wanted;
    const done = this.#turn.then(() => this.#apply(wanted));
    this.#turn = done;
    return done;
  }

  /** Packets that were refused since the rules were set; undefined without any. */
  refused(): Promise<number | undefined> {
    const { table } = this;
    if (table === undefined) return Promise.resolve(undefined);
    if (this.#count === undefined || now() - this.#count.at > COUNT_LIFE) {
      const listing = askNft(['-j', 'list', 'counter', FAMILY, table, COUNTER]);
      this.#count = { at: now(), refused: listing.then((json) => (json === undefined ? undefined : refusedIn(json))) };
    }
    return this.#count.refused;
  }

  async #apply(wanted: Wanted): Promise<NftDone | NftFailure> {
    const standing = this.#standing;
    if (wanted === undefined) {
      if (standing !== undefined) await this.#remove(standing);
      return { ok: true };
    }
    if (standing === undefined) return this.#create(wanted);
    if (standing.open === wanted) return { ok: true };
    const done = await standing.session.run(replacement(standing.table, this.#tunnel, wanted));
    if (done.ok && this.#standing === standing) this.#standing = { ...standing, open: wanted };
    this.#events.changed();
    return done;
  }

  async #create(open: readonly OpenPorts[]): Promise<NftDone | NftFailure> {
    const opened = NftSession.open();
    if (!opened.ok) return opened;
    const { session } = opened;
    await this.#sweep(session);
    const owned = await this.#tryNames(session, open, true);
    const made = owned.ok || owned.code === 'ended' ? owned : await this.#tryNames(session, open, false);
    if (!made.ok) {
      await session.close();
      return made;
    }
    const standing = { session, table: made.table, isOwned: owned.ok, open };
    this.#standing = standing;
    this.#count = undefined;
    void session.ended.then(() => this.#ended(session));
    this.#events.set(standing.table, open);
    return { ok: true };
  }

  async #tryNames(
    session: NftSession,
    open: readonly OpenPorts[],
    isOwned: boolean,
  ): Promise<{ readonly ok: true; readonly table: string } | NftFailure> {
    let failure: NftFailure | undefined;
    for (const table of tableNames(this.#tunnel.name)) {
      const done = await session.run(creation(table, this.#tunnel, open, isOwned));
      if (done.ok) return { ok: true, table };
      failure = done;
      if (done.code !== 'exists') break;
    }
    return failure ?? { ok: false, code: 'refused', sentence: '"nft" reports a fault.' };
  }

  async #sweep(session: NftSession): Promise<void> {
    const listing = await askNft(['-j', 'list', 'chains', FAMILY]);
    for (const table of leftovers(listing ?? '', this.#tunnel.name)) await session.run(removal(table));
  }

  async #remove({ session, table, isOwned }: Standing): Promise<void> {
    this.#standing = undefined;
    if (!isOwned) await session.run(removal(table));
    await session.close();
    this.#events.changed();
  }

  /** Not by us: rules and address must not part. */
  #ended(session: NftSession): void {
    const standing = this.#standing;
    if (standing?.session !== session) return;
    this.#standing = undefined;
    this.#events.changed();
    if (this.#wanted === undefined) return;
    if (now() - this.#setAgainAt < LASTING) {
      this.#events.lost({ ok: false, code: 'ended', sentence: 'The program "nft", which holds the rules, was ended.' });
      return;
    }
    this.#setAgainAt = now();
    void this.set(this.#wanted).then((again) => {
      if (!again.ok) this.#events.lost(again);
    });
  }
}
