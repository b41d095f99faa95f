/**
 * Qualification and maintenance: from a server's two addresses to a Teredo address, and keeping it
 * (RFC 4380 §5.2.1, §5.2.2, §5.2.5; RFC 5991 §3.2).
 *
 * Theory of operation. The cone phase of RFC 4380 is skipped, as RFC 5991 wants it:
 *
 *   idle ──start──▶ primary ──RA──▶ secondary ──RA, same mapping──▶ qualified ◀──RA── refreshing
 *                      │                │  └──other mapping──▶ backoff   └──silence──▶    │
 *                      └──3 × 4 s───────┴──────silence───────▶ backoff ◀──3 × 4 s silence─┘
 *                                                                 └──delay──▶ primary
 *
 * A phase that waits for an advertisement has sent 1 to 3 solicitations, each with a nonce of its own. Only an
 * advertisement that carries one of these nonces, from the very address and port that was asked, is looked at.
 * In `qualified` the deadline is when the server is to be solicited again.
 */
import type { TeredoDatagram } from '../wire/encapsulation.js';
import { type Endpoint, type Ipv4Address, type Ipv4Scope, isPermittedDestination, sameEndpoint } from '../wire/ipv4.js';
import type { Ipv6Address } from '../wire/ipv6.js';
import { emitRouterSolicitation } from '../wire/router-discovery.js';
import { emitLinkLocal, emitTeredoAddress, randomFlags } from '../wire/teredo-address.js';
import type { ClientConfiguration } from './configuration.js';
import {
  REFRESH_RANDOMIZATION_FLOOR,
  RETRY_DELAY,
  RETRY_DELAY_LIMIT,
  SOLICITATION_ATTEMPTS,
  SOLICITATION_TIMEOUT,
} from './constants.js';
import type { DropReason } from './drops.js';
import type { Environment } from './environment.js';
import { reasonOf } from './reasons.js';
import { signSolicitation, verifyAdvertisement } from './secure-qualification.js';
import { judgeAnswer, type ServerAnswer } from './server-answer.js';
import { after, type Duration, type Instant, NEVER } from './time.js';
import type { NatFacts, Qualified, ReasonCode, TunnelState } from './tunnel-state.js';

export interface Servers {
  readonly primary: Ipv4Address;
  readonly secondary: Ipv4Address;
}

export interface QualificationOutput {
  /** Sends a solicitation to the Teredo port of a server address. */
  solicit(datagram: Uint8Array, server: Ipv4Address): void;
  stateChanged(state: TunnelState): void;
}

type Phase = 'idle' | 'primary' | 'secondary' | 'qualified' | 'refreshing' | 'backoff';

/** Source of our solicitations: cone bit 0 (RFC 5991 §3.2), nothing in it (RFC 4380 §4). */
const SOLICITATION_SOURCE: Ipv6Address = emitLinkLocal(0, 0 as Ipv4Address, 0 as Endpoint['port']);

export class Qualification {
  /** The address and all that goes with it, while there is one. */
  current: Qualified | undefined;
  /** The last packet from the server (RFC 4380 §5.2.5), for statistics too. */
  lastServerContact = Number.NEGATIVE_INFINITY as Instant;
  /** Milliseconds from the last solicitation that was answered to its answer; undefined before the first. */
  roundTrip: Duration | undefined;

  readonly #configuration: ClientConfiguration;
  readonly #environment: Environment;
  readonly #output: QualificationOutput;
  readonly #solicitation = emitRouterSolicitation(SOLICITATION_SOURCE);
  #scope: Ipv4Scope;
  #servers: Servers = {
    primary: 0 as Ipv4Address,
    secondary: 0 as Ipv4Address,
  };
  #phase: Phase = 'idle';
  #attempts = 0;
  #deadline: Instant = NEVER;
  #retryDelay: Duration = RETRY_DELAY;
  /** Of the solicitations of this phase. BOUNDED: SOLICITATION_ATTEMPTS. */
  #nonces: Uint8Array[] = [];
  #solicitedAt = 0 as Instant;
  #first: ServerAnswer | undefined;
  /** The address before the server was lost: it comes back when the mapping does. */
  #previous: Qualified | undefined;

  constructor(configuration: ClientConfiguration, environment: Environment, output: QualificationOutput) {
    this.#configuration = configuration;
    this.#environment = environment;
    this.#output = output;
    this.#scope = configuration.scope;
  }

  get servers(): Servers {
    return this.#servers;
  }

  setScope(scope: Ipv4Scope): void {
    this.#scope = scope;
  }

  start(now: Instant, servers: Servers): void {
    this.#servers = servers;
    this.#retryDelay = RETRY_DELAY;
    this.current = undefined;
    this.#begin(now);
  }

  stop(): void {
    this.#phase = 'idle';
    this.#deadline = NEVER;
    this.#nonces = [];
    this.current = undefined;
    this.#output.stateChanged({
      name: 'stopped',
      reason: reasonOf('user'),
    });
  }

  nextTimeout(): Instant {
    return this.#deadline;
  }

  handleTimeout(now: Instant): void {
    if (now < this.#deadline) return;
    switch (this.#phase) {
      case 'idle':
        this.#deadline = NEVER;
        break;
      case 'backoff':
        this.#begin(now);
        break;
      case 'qualified':
        this.#enter(now, 'refreshing');
        break;
      case 'primary':
      case 'secondary':
      case 'refreshing':
        if (this.#attempts < SOLICITATION_ATTEMPTS) this.#solicit(now);
        else this.#fail(now, this.#silence());
        break;
    }
  }

  /**
   * Any well-formed packet from the server's Teredo port (RFC 4380 §5.2.3).
   *
   * It does not put the next solicitation off, as §5.2.5 would allow (RFC 6081 §5.1.1: more may be sent at any time):
   * a NAT may count only what goes out, and peers that ask through the server would keep us from ever sending to it,
   * until it can no longer reach us.
   */
  handleServerContact(now: Instant): void {
    this.lastServerContact = now;
  }

  /** Judges an advertisement that came from `server`:3544. Returns why it was dropped. */
  handleAdvertisement(now: Instant, server: Ipv4Address, bytes: Uint8Array, datagram: TeredoDatagram): DropReason {
    if (server !== this.#asked()) return 'bad-advertisement';
    const verdict = verifyAdvertisement(
      this.#configuration.credentials,
      this.#nonces,
      bytes,
      datagram,
      this.#environment.hmac,
    );
    if (verdict === 'key-expired') {
      // Without credentials there is no key that could expire.
      if (this.#configuration.credentials !== undefined) {
        this.#fail(now, 'authentication-failed');
        return 'bad-authentication';
      }
    } else if (verdict !== 'valid') {
      return 'bad-authentication';
    }
    const { prefix } = this.#configuration;
    const expected = { source: SOLICITATION_SOURCE, prefix, server: this.#servers.primary, scope: this.#scope };
    const learnt = judgeAnswer(bytes, datagram, expected);
    if (learnt === undefined) return 'bad-advertisement';
    this.#accept(now, learnt);
    return 'control';
  }

  /** The address from which an advertisement may come now. */
  #asked(): Ipv4Address | undefined {
    if (this.#phase === 'primary' || this.#phase === 'refreshing') return this.#servers.primary;
    return this.#phase === 'secondary' ? this.#servers.secondary : undefined;
  }

  #accept(now: Instant, learnt: ServerAnswer): void {
    this.lastServerContact = now;
    this.roundTrip = (now - this.#solicitedAt) as Duration;
    switch (this.#phase) {
      case 'primary':
        this.#first = learnt;
        this.#enter(now, 'secondary');
        break;
      case 'secondary':
        this.#compare(now, learnt);
        break;
      case 'refreshing':
        this.#refreshed(now, learnt);
        break;
      case 'idle':
      case 'qualified':
      case 'backoff':
        break;
    }
  }

  /** Two server addresses saw us: from one mapping, or from a symmetric NAT (RFC 4380 §5.2.1). */
  #compare(now: Instant, second: ServerAnswer): void {
    const first = this.#first;
    if (first === undefined) return;
    if (!sameEndpoint(first.mapped, second.mapped)) {
      this.#fail(now, 'symmetric-nat');
      return;
    }
    this.#qualify(now, first);
  }

  #qualify(now: Instant, learnt: ServerAnswer): void {
    this.#phase = 'qualified';
    this.#nonces = [];
    this.#retryDelay = RETRY_DELAY;
    this.#deadline = after(now, this.#refreshInterval());
    this.current = {
      address: this.#addressFor(learnt),
      mapped: learnt.mapped,
      server: this.#servers.primary,
      secondary: this.#servers.secondary,
      mtu: learnt.mtu,
      nat: this.#natFacts(learnt),
    };
    this.#previous = this.current;
    this.#output.stateChanged({ name: 'qualified', ...this.current });
  }

  /** An unchanged mapping keeps the address, random bits included (RFC 5991 §3.1); a changed one ends it (§5.2.5). */
  #refreshed(now: Instant, learnt: ServerAnswer): void {
    const current = this.current;
    if (current === undefined || !sameEndpoint(current.mapped, learnt.mapped)) {
      this.#qualify(now, learnt);
      return;
    }
    this.#phase = 'qualified';
    this.#nonces = [];
    this.#deadline = after(now, this.#refreshInterval());
    if (current.mtu !== learnt.mtu) {
      this.current = { ...current, mtu: learnt.mtu };
      this.#output.stateChanged({ name: 'qualified', ...this.current });
    }
  }

  #natFacts(learnt: ServerAnswer): NatFacts {
    return {
      mapping: 'endpoint-independent',
      portPreserving: learnt.mapped.port === this.#configuration.localPort,
    };
  }

  /** An unchanged mapping keeps the address through a loss of the server, and connections with it. */
  #addressFor(learnt: ServerAnswer): Ipv6Address {
    const previous = this.#previous;
    const isSame = previous?.server === learnt.server && sameEndpoint(previous.mapped, learnt.mapped);
    return isSame ? previous.address : this.#makeAddress(learnt);
  }

  #makeAddress(learnt: ServerAnswer): Ipv6Address {
    const random = this.#random(2);
    return emitTeredoAddress({
      prefix: this.#configuration.prefix,
      server: learnt.server,
      flags: randomFlags(((random[0] ?? 0) << 8) | (random[1] ?? 0)),
      mappedAddress: learnt.mapped.address,
      mappedPort: learnt.mapped.port,
    });
  }

  /** Asked each time it begins anew: the scope may have changed since, the servers have not. */
  #begin(now: Instant): void {
    const servers = [this.#servers.primary, this.#servers.secondary];
    if (servers.every((address) => isPermittedDestination(address, this.#scope))) this.#enter(now, 'primary');
    else this.#fail(now, 'server-not-global');
  }

  #enter(now: Instant, phase: 'primary' | 'secondary' | 'refreshing'): void {
    this.#phase = phase;
    this.#attempts = 0;
    this.#nonces = [];
    this.#solicit(now);
  }

  #solicit(now: Instant): void {
    this.#attempts++;
    const nonce = this.#random(8);
    this.#nonces.push(nonce);
    this.#solicitedAt = now;
    this.#deadline = after(now, SOLICITATION_TIMEOUT);
    const server = this.#phase === 'secondary' ? this.#servers.secondary : this.#servers.primary;
    if (this.#phase !== 'refreshing') {
      this.#output.stateChanged({
        name: 'qualifying',
        attempt: this.#attempts,
        server,
      });
    }
    const { credentials } = this.#configuration;
    this.#output.solicit(signSolicitation(credentials, nonce, this.#solicitation, this.#environment.hmac), server);
  }

  #silence(): ReasonCode {
    if (this.#phase === 'secondary') return 'secondary-silent';
    return this.#phase === 'refreshing' ? 'server-lost' : 'server-silent';
  }

  #fail(now: Instant, code: ReasonCode): void {
    this.#phase = 'backoff';
    this.#nonces = [];
    this.#first = undefined;
    this.current = undefined;
    const retryIn = this.#retryDelay;
    this.#deadline = after(now, retryIn);
    this.#retryDelay = Math.min(2 * retryIn, RETRY_DELAY_LIMIT) as Duration;
    this.#output.stateChanged({
      name: 'failed',
      reason: reasonOf(code),
      retryIn,
    });
  }

  /** Drawn anew each time: 75 to 100 percent of the refresh interval (RFC 4380 §5.2). */
  #refreshInterval(): Duration {
    const random = this.#random(2);
    const share = (((random[0] ?? 0) << 8) | (random[1] ?? 0)) / 0xffff;
    const floor = REFRESH_RANDOMIZATION_FLOOR;
    return (this.#configuration.refreshInterval * (floor + (1 - floor) * share)) as Duration;
  }

  #random(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#environment.entropy.fill(bytes);
    return bytes;
  }
}
