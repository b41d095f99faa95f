/**
 * Does the IPv6 Internet answer? To be qualified takes a server only; what comes back from the IPv6 Internet takes a
 * relay near the host that answers. So hosts out there are sent an echo request the way of RFC 4380 §5.2.9: through the
 * server, which passes it on; the answer comes back through a relay, and is ours, not the IPv6 stack's.
 *
 * Theory of operation. Asked at once when qualified, after silence again soon, then from time to time. One answer says
 * yes; two rounds of silence in a row say no. What users do is evidence, too: who reaches a host asks for nothing.
 *
 * Unlike the test that comes before a user's packets, this one makes no peer entry: nothing waits for it, no relay is
 * learnt from it, and a host that is silent here is contacted by a user's packet as if it had never been asked. (The
 * limit of RFC 4380 §5.2.6 is one of bubbles to Teredo clients; targets are none.)
 */
import { echoData, echoIdAndSequence, emitEchoRequest, hasValidIcmpv6Checksum } from '../wire/icmpv6.js';
import type { Ipv4Address } from '../wire/ipv4.js';
import { IPV6_SOURCE, type Ipv6Address, ipv6EqualsAt, sameIpv6 } from '../wire/ipv6.js';
import {
  INTERNET_TEST_AFTER_SILENCE,
  INTERNET_TEST_INTERVAL,
  INTERNET_TEST_PATIENCE,
  REFRESH_RANDOMIZATION_FLOOR,
} from './constants.js';
import type { Entropy, PacketMemory } from './environment.js';
import { sameBytes } from './secure-qualification.js';
import { after, type Duration, type Instant, NEVER } from './time.js';

export type Reachability = 'unknown' | 'yes' | 'no';

/** Rounds of silence that say no: one packet may get lost. */
const SILENT_ROUNDS = 2;
/** Rounds whose answers are known for ours; those of an earlier one are too late by a minute or more. */
const ROUNDS_KEPT = 3;
/** RFC 4380 §5.2.9: "at least 64 bits". */
const NONCE_LENGTH = 16;

export interface InternetTestOutput {
  /** An IPv6 packet for the server to pass on. */
  send(packet: Uint8Array, server: Ipv4Address): void;
  /** It is another, or was asked for by {@link InternetTest.again}. */
  changed(reachability: Reachability): void;
}

/** What was asked at the same time. */
interface Round {
  /** Identifier and sequence number: a number to compare before the nonce, which alone proves. */
  readonly id: number;
  readonly nonce: Uint8Array;
  isAnswered: boolean;
}

export class InternetTest {
  readonly #targets: readonly Ipv6Address[];
  readonly #entropy: Entropy;
  readonly #output: InternetTestOutput;
  /** The newest first. BOUNDED: ROUNDS_KEPT. */
  #rounds: readonly Round[] = [];
  #own: Ipv6Address | undefined;
  #server = 0 as Ipv4Address;
  #reachability: Reachability = 'unknown';
  /** The verdict is to be said even when it is nothing new. */
  #isDemanded = false;
  #isWaiting = false;
  #silentRounds = 0;
  #begun = 0 as Instant;
  #deadline: Instant = NEVER;
  /** Who has answered last: it alone is asked while all is well. */
  #witness: Ipv6Address | undefined;

  /** `targets`: none, and nothing is ever asked nor said. BOUNDED: by the configuration. */
  constructor(targets: readonly Ipv6Address[], entropy: Entropy, output: InternetTestOutput) {
    this.#targets = targets;
    this.#entropy = entropy;
    this.#output = output;
  }

  /** Qualified, with this address. The same address again changes nothing. */
  start(now: Instant, own: Ipv6Address, server: Ipv4Address): void {
    if (this.#own !== undefined && sameIpv6(this.#own, own)) return;
    this.#own = own;
    this.#server = server;
    this.#silentRounds = 0;
    this.#witness = undefined;
    this.#say('unknown');
    this.#ask(now);
  }

  /** Answers that are still under way stay ours: the same address may come back before they do. */
  stop(): void {
    this.#own = undefined;
    this.#isWaiting = false;
    this.#isDemanded = false;
    this.#deadline = NEVER;
    this.#say('unknown');
  }

  /** Asks at once, and says how it comes out even when that is nothing new. Until then the last word holds. */
  again(now: Instant): void {
    if (this.#own === undefined || this.#targets.length === 0) return;
    this.#isDemanded = true;
    this.#witness = undefined;
    // What has just been asked need not be asked twice.
    if (this.#isWaiting && this.#silentRounds === 0) return;
    this.#silentRounds = 0;
    this.#ask(now);
  }

  /** A host that a user has written to has answered through a relay. */
  proven(now: Instant): void {
    if (this.#own === undefined || this.#targets.length === 0) return;
    this.#isWaiting = false;
    this.#silentRounds = 0;
    this.#deadline = after(now, this.#interval());
    this.#say('yes');
  }

  nextTimeout(): Instant {
    return this.#deadline;
  }

  handleTimeout(now: Instant): void {
    if (now < this.#deadline) return;
    if (!this.#isWaiting) {
      this.#ask(now);
      return;
    }
    this.#isWaiting = false;
    const delay = INTERNET_TEST_AFTER_SILENCE[this.#silentRounds] ?? this.#interval();
    this.#silentRounds++;
    this.#deadline = after(this.#begun, delay);
    if (this.#silentRounds >= SILENT_ROUNDS) this.#say('no');
  }

  /**
   * Whether the echo reply at `packet` answers one of our requests, so that it is none of the IPv6 stack's: also one
   * that is late, spoilt, from another place, or the second. Only the first good one of a round proves anything.
   */
  takes(now: Instant, memory: PacketMemory, packet: number): boolean {
    const { bytes, view } = memory;
    const id = echoIdAndSequence(view, packet);
    for (const round of this.#rounds) {
      if (round.id !== id || !sameBytes(echoData(bytes, view, packet), round.nonce)) continue;
      const witness = this.#targets.find((target) => ipv6EqualsAt(bytes, packet + IPV6_SOURCE, target));
      if (witness === undefined || round.isAnswered || !hasValidIcmpv6Checksum(view, packet)) return true;
      round.isAnswered = true;
      this.#witness = witness;
      this.proven(now);
      return true;
    }
    return false;
  }

  #ask(now: Instant): void {
    if (this.#own === undefined || this.#targets.length === 0) return;
    const id = this.#random(4);
    const round = { id: new DataView(id.buffer).getInt32(0), nonce: this.#random(NONCE_LENGTH), isAnswered: false };
    this.#rounds = [round, ...this.#rounds.slice(0, ROUNDS_KEPT - 1)];
    this.#isWaiting = true;
    this.#begun = now;
    this.#deadline = after(now, INTERNET_TEST_PATIENCE);
    const asked = this.#silentRounds === 0 && this.#witness !== undefined ? [this.#witness] : this.#targets;
    for (const target of asked) {
      this.#output.send(emitEchoRequest(this.#own, target, round.nonce, id), this.#server);
    }
  }

  /** Drawn anew each time, as that of refreshing (§5.2): clients that woke together shall not ask together. */
  #interval(): Duration {
    const [high = 0, low = 0] = this.#random(2);
    const share = ((high << 8) | low) / 0xffff;
    const floor = REFRESH_RANDOMIZATION_FLOOR;
    return (INTERNET_TEST_INTERVAL * (floor + (1 - floor) * share)) as Duration;
  }

  #random(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#entropy.fill(bytes);
    return bytes;
  }

  #say(reachability: Reachability): void {
    if (this.#reachability === reachability && !this.#isDemanded) return;
    this.#isDemanded = false;
    this.#reachability = reachability;
    this.#output.changed(reachability);
  }
}
