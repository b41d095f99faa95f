/** Servers that live and die, a network, and a client, in virtual time: what the choice of a server has to cope with. */
import { SENTENCES } from '../../../daemon/protocol/reasons.js';
import type { Instant } from '../../../daemon/protocol/time.js';
import type { ReasonCode, TunnelState } from '../../../daemon/protocol/tunnel-state.js';
import { type Decision, type Measured, ServerChoice } from '../../../daemon/service/servers/server-choice.js';
import type { ServerTarget } from '../../../daemon/service/servers/server-list.js';

/** Milliseconds: of a probe without an answer, of a qualification without one, and until a lost server is noticed. */
const PROBE_TIMEOUT = 3_000;
const SILENCE = 12_000;
const LOSS = 40_000;
const RETRY = 5_000;
const RETRY_LIMIT = 300_000;

export interface Health {
  /** Milliseconds of a round trip; undefined when it is dead. */
  roundTrip: number | undefined;
  secondary: boolean;
  /** It answers probes, and nobody qualifies with it. */
  fails: ReasonCode | undefined;
}

interface Event {
  readonly at: number;
  readonly run: () => void;
}

export const targetNamed = (name: string): ServerTarget => ({
  name,
  primary: { text: `${name}.example`, address: undefined },
  secondary: undefined,
});

const QUALIFIED = { name: 'qualified' } as TunnelState;
const reasoned = (name: 'failed' | 'waiting', code: ReasonCode): TunnelState =>
  ({ name, reason: { code, sentence: SENTENCES[code] }, retryIn: 0 }) as TunnelState;

export class World {
  now = 0;
  readonly choice = new ServerChoice();
  readonly servers = new Map<string, Health>();
  /** Packets get out, and answers in. */
  isConnected = true;
  /** What the tunnel says, and the server it uses: "qualified a". */
  readonly story: string[] = [];
  /** When each round of probes began. */
  readonly rounds: number[] = [];
  readonly because: (ReasonCode | undefined)[] = [];
  used: string | undefined;
  state = 'stopped';
  #events: Event[] = [];
  /** Of the client and of the round: what was begun before is void. */
  #attempt = 0;
  #round = 0;
  #retry = RETRY;

  constructor(servers: { readonly [name: string]: number | undefined }) {
    for (const [name, roundTrip] of Object.entries(servers)) {
      this.servers.set(name, { roundTrip, secondary: true, fails: undefined });
    }
    this.choice.replaceTargets(Object.keys(servers).map(targetNamed));
  }

  health(name: string): Health {
    const found = this.servers.get(name);
    if (found === undefined) throw new Error(name);
    return found;
  }

  start(): void {
    this.#enter({ name: 'resolving', server: '' });
    this.act(this.choice.begin(this.#instant));
  }

  stop(): void {
    this.#attempt += 1;
    this.#enter(reasoned('waiting', 'user'));
  }

  /** The client says so, whatever it does. */
  say(name: 'failed' | 'waiting', code: ReasonCode): void {
    this.#enter(reasoned(name, code));
  }

  /** Lets time pass. */
  run(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const [next] = this.#events.sort((a, b) => a.at - b.at);
      const at = Math.min(next?.at ?? Number.POSITIVE_INFINITY, Math.max(this.choice.deadline, this.now));
      if (at > end) break;
      this.now = at;
      if (next !== undefined && next.at <= at) {
        this.#events.shift();
        next.run();
      } else {
        this.act(this.choice.wake(this.#instant));
      }
    }
    this.now = end;
  }

  act(decision: Decision | undefined): void {
    if (decision?.type === 'use') {
      if (this.used !== decision.target.name) this.because.push(decision.because);
      this.used = decision.target.name;
      this.#retry = RETRY;
      this.#round += 1;
      this.#qualify();
    } else if (decision?.type === 'probe') this.#probe(decision.targets);
    else if (decision?.type === 'forget') this.#round += 1;
  }

  get #instant(): Instant {
    return this.now as Instant;
  }

  #later(wait: number, run: () => void): void {
    this.#events.push({ at: this.now + wait, run });
  }

  #enter(state: TunnelState): void {
    this.state = state.name;
    this.story.push(`${state.name} ${this.used ?? '-'}`);
    this.act(this.choice.stateChanged(this.#instant, state));
  }

  #qualify(): void {
    this.#attempt += 1;
    const attempt = this.#attempt;
    const during = (wait: number, run: () => void): void =>
      this.#later(wait, () => {
        if (attempt === this.#attempt) run();
      });
    const health = this.health(this.used ?? '');
    const fail = (code: ReasonCode): void => {
      during(this.#retry, () => this.#qualify());
      this.#retry = Math.min(2 * this.#retry, RETRY_LIMIT);
      this.#enter(reasoned('failed', code));
    };
    const answers = this.#answers(health);
    if (!answers) during(SILENCE, () => fail('server-silent'));
    else if (health.fails !== undefined) during(2 * (health.roundTrip ?? 0), () => fail(health.fails ?? 'internal'));
    else {
      const watch = (): void => {
        if (this.#answers(health)) during(LOSS, watch);
        else fail('server-lost');
      };
      during(2 * (health.roundTrip ?? 0), () => {
        this.#retry = RETRY;
        during(LOSS, watch);
        this.#enter(QUALIFIED);
      });
    }
  }

  #answers(health: Health): boolean {
    return this.isConnected && health.roundTrip !== undefined;
  }

  #probe(targets: readonly ServerTarget[]): void {
    this.rounds.push(this.now);
    this.#round += 1;
    const round = this.#round;
    const during = (wait: number, run: () => void): void =>
      this.#later(wait, () => {
        if (round === this.#round) run();
      });
    for (const { name } of targets) {
      const health = this.health(name);
      const reachable = this.#answers(health);
      const result: Measured = {
        name,
        reachable,
        roundTrip: reachable ? 1000 * (health.roundTrip ?? 0) : undefined,
        secondary: reachable && health.secondary,
      };
      const wait = result.secondary ? 2 * (health.roundTrip ?? 0) : PROBE_TIMEOUT;
      during(wait, () => this.act(this.choice.heard(this.#instant, result)));
    }
    during(PROBE_TIMEOUT + 1, () => this.act(this.choice.probed(this.#instant)));
  }
}
