/**
 * Does the IPv6 Internet answer? To be qualified takes a server only; what comes back from the IPv6 Internet takes a
 * relay near the host that answers. So hosts out there are sent an echo request the way of RFC 4380 §5.2.9: through the
 * server, which passes it on; the answer comes back through a relay, and is ours, not the IPv6 stack's.
 *
 * Theory of operation. Asked at once when qualified, after silence again soon, then from time to time. One answer says
 * yes; two rounds of silence in a row say no. No packet of a user waits for any of it.
 */
import { echoData, echoIdAndSequence, emitEchoRequest, hasValidIcmpv6Checksum } from '../wire/icmpv6.js';
import type { Ipv4Address } from '../wire/ipv4.js';
import { IPV6_SOURCE, type Ipv6Address, ipv6EqualsAt } from '../wire/ipv6.js';
import type { Entropy, PacketMemory } from './environment.js';
import { sameBytes } from './secure-qualification.js';
import { after, type Duration, type Instant, NEVER, seconds } from './time.js';

export type Reachability = 'unknown' | 'yes' | 'no';

/** Wait for an answer. */
const PATIENCE = seconds(4);
/** From a round to the next after one, two, and more rounds of silence. */
const AFTER_SILENCE: readonly Duration[] = [seconds(5), seconds(30)];
const AFTERWARDS = seconds(600);
/** Rounds of silence that say no: one packet may get lost. */
const SILENT_ROUNDS = 2;
const NONCE_LENGTH = 16;

export interface InternetTestOutput {
  /** An IPv6 packet for the server to pass on. */
  send(packet: Uint8Array, server: Ipv4Address): void;
  changed(reachability: Reachability): void;
}

export class InternetTest {
  /** Whether an answer is waited for: the packet path asks this first. */
  isWaiting = false;
  readonly #targets: readonly Ipv6Address[];
  readonly #entropy: Entropy;
  readonly #output: InternetTestOutput;
  readonly #id = new Uint8Array(4);
  readonly #nonce = new Uint8Array(NONCE_LENGTH);
  #own: Ipv6Address | undefined;
  #server = 0 as Ipv4Address;
  #reachability: Reachability = 'unknown';
  #silentRounds = 0;
  #begun = 0 as Instant;
  #deadline: Instant = NEVER;

  /** `targets`: none, and nothing is ever asked. BOUNDED: by the configuration. */
  constructor(targets: readonly Ipv6Address[], entropy: Entropy, output: InternetTestOutput) {
    this.#targets = targets;
    this.#entropy = entropy;
    this.#output = output;
  }

  /** Qualified, with this address. The same address again changes nothing. */
  start(now: Instant, own: Ipv6Address, server: Ipv4Address): void {
    if (this.#own === own) return;
    this.#own = own;
    this.#server = server;
    this.#say('unknown');
    this.again(now);
  }

  stop(): void {
    this.#own = undefined;
    this.isWaiting = false;
    this.#deadline = NEVER;
    this.#say('unknown');
  }

  /** Asks at once, and says how it comes out even when that is nothing new. */
  again(now: Instant): void {
    if (this.#own === undefined || this.#targets.length === 0) return;
    this.#silentRounds = 0;
    this.#reachability = 'unknown';
    this.#ask(now);
  }

  nextTimeout(): Instant {
    return this.#deadline;
  }

  handleTimeout(now: Instant): void {
    if (now < this.#deadline) return;
    if (!this.isWaiting) {
      this.#ask(now);
      return;
    }
    this.isWaiting = false;
    const delay = AFTER_SILENCE[this.#silentRounds] ?? AFTERWARDS;
    this.#silentRounds++;
    this.#deadline = after(this.#begun, delay > PATIENCE ? delay : PATIENCE);
    if (this.#silentRounds >= SILENT_ROUNDS) this.#say('no');
  }

  /** Whether the echo reply at `packet`, from a relay or from anybody, is the answer. */
  takes(now: Instant, memory: PacketMemory, packet: number): boolean {
    const { bytes, view } = memory;
    const id = new DataView(this.#id.buffer).getInt32(0);
    if (!this.isWaiting || echoIdAndSequence(view, packet) !== id) return false;
    if (!sameBytes(echoData(bytes, view, packet), this.#nonce)) return false;
    if (!this.#targets.some((target) => ipv6EqualsAt(bytes, packet + IPV6_SOURCE, target))) return false;
    if (!hasValidIcmpv6Checksum(view, packet)) return false;
    this.isWaiting = false;
    this.#silentRounds = 0;
    this.#deadline = after(now, AFTERWARDS);
    this.#say('yes');
    return true;
  }

  #ask(now: Instant): void {
    if (this.#own === undefined) return;
    this.#entropy.fill(this.#id);
    this.#entropy.fill(this.#nonce);
    this.isWaiting = true;
    this.#begun = now;
    this.#deadline = after(now, PATIENCE);
    for (const target of this.#targets) {
      this.#output.send(emitEchoRequest(this.#own, target, this.#nonce, this.#id), this.#server);
    }
  }

  #say(reachability: Reachability): void {
    if (this.#reachability === reachability) return;
    this.#reachability = reachability;
    this.#output.changed(reachability);
  }
}
