/**
 * Looks at the network, and holds the tunnel where the policy wants none: by what the kernel says alone, and by which
 * of NetworkManager's connections is up where that runs.
 *
 * While it does not know yet which network this is, or whether one that has just appeared has native IPv6, no packet is
 * to leave for a server: see {@link NetworkKeeper.isKnown}.
 */
import { formatFault } from '../../config/fault.js';
import { DEFAULT_RULES, type NetworkRules, type Policy, readNetworkConf } from '../../config/network-conf.js';
import { sinceBoot } from '../../io/clock.js';
import { readHostAddresses } from '../../io/interfaces.js';
import { defaultRoute, parseIpv4Routes, readIpv4Routes } from '../../io/ipv4-routes.js';
import { ipv6Outlook } from '../../io/native-ipv6.js';
import { now } from '../environment.js';
import type { Holds } from '../holds.js';
import type { Log } from '../log.js';
import { RetryDelay } from '../retry-delay.js';
import { readConnections } from './connections.js';
import { NativeVerdict } from './native-verdict.js';
import { type Connection, describeRuling, holdsBy, type Ruling, ruleFor } from './network-policy.js';

/** Milliseconds that the machine has been on for its network to be older than the daemon, as far as that matters. */
const BOOTING = 60_000;
/** Milliseconds until NetworkManager is asked again that did not answer; doubles up to the limit. */
const ASK_DELAY = 1_000;
const ASK_DELAY_LIMIT = 10_000;

export interface NetworkScene {
  readonly log: Log;
  readonly holds: Holds;
  /** Name of our own interface. */
  tunnel(): string;
  /** Whether the tunnel works. */
  isUp(): boolean;
  /** The tunnel was kept back, or is on another network now: it is to begin anew. */
  again(): void;
  /** What is shown of the policy is another. */
  changed(): void;
}

export class NetworkKeeper {
  readonly #file: string;
  readonly #scene: NetworkScene;
  readonly #verdict = new NativeVerdict();
  #rules: NetworkRules = DEFAULT_RULES;
  #ruling: Ruling;
  /** BOUNDED: by {@link readConnections}. */
  #connections: readonly Connection[] = [];
  /** Where the Internet is, when it was last looked at. */
  #place: string;
  /** Which connections are up here. */
  #isTold = false;
  /** Somebody waits to begin, or has to begin anew. */
  #isDue = false;
  readonly #askDelay = new RetryDelay(ASK_DELAY, ASK_DELAY_LIMIT);
  #askTimer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  /** How often a look was asked for: what was asked for during one begins another. */
  #calls = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(file: string, scene: NetworkScene) {
    this.#file = file;
    this.#scene = scene;
    this.#readRules('start');
    this.#ruling = ruleFor(this.#rules, []);
    this.#place = placeOf(scene.tunnel());
    if (sinceBoot() < BOOTING) this.#verdict.appeared(now());
    this.#judge();
    void this.look();
  }

  /** The policy for the network as it is. */
  get policy(): Policy {
    return this.#ruling.policy;
  }

  /** Whether it knows which network this is. Who asks while it does not is called {@link NetworkScene.again}. */
  get isKnown(): boolean {
    const isElsewhere = placeOf(this.#scene.tunnel()) !== this.#place;
    // The kernel's word of it is still on its way. What comes of it is not for now: somebody is asking.
    if (isElsewhere) queueMicrotask(() => this.networkChanged());
    const isKnown = this.#isReady && !isElsewhere;
    if (!isKnown) this.#isDue = true;
    return isKnown;
  }

  /** The file was changed: with errors in it, it is not taken over. And so may be what NetworkManager says. */
  reload(): void {
    this.#readRules('reload');
    this.#judge();
    void this.look();
  }

  /** The kernel has told of a change. */
  networkChanged(): void {
    if (this.#isClosed) return;
    const place = placeOf(this.#scene.tunnel());
    if (place !== this.#place) {
      this.#place = place;
      this.#isTold = false;
      this.#verdict.appeared(now());
      this.#askDelay.reset();
      void this.look();
    }
    this.#judge();
  }

  /** Resolves when NetworkManager has been asked, and what it said is in force. */
  look(): Promise<void> {
    clearTimeout(this.#askTimer);
    this.#calls += 1;
    this.#looking ??= this.#lookUntilSteady();
    return this.#looking;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#askTimer);
  }

  /** Native IPv6 holds no tunnel that is wanted all the same: that one does not wait for it to show itself. */
  get #isReady(): boolean {
    return this.#isTold && (this.policy !== 'automatic' || this.#verdict.isSettled);
  }

  async #lookUntilSteady(): Promise<void> {
    let connections: readonly Connection[] | undefined;
    let calls: number;
    do {
      calls = this.#calls;
      const way = defaultRoute(parseIpv4Routes(readIpv4Routes()));
      connections = await readConnections(way?.interfaceName, this.#scene.log);
    } while (calls !== this.#calls && !this.#isClosed);
    // Who asks from here on asks for another: what was found may be old by then.
    this.#looking = undefined;
    if (this.#isClosed) return;
    if (connections === undefined) this.#askLater();
    else this.#learn(connections);
  }

  /** Who is slow may still say "never": what it has said of this place stays in force, and of a new one nothing is known. */
  #askLater(): void {
    const delay = this.#askDelay.take();
    if (delay === ASK_DELAY) {
      const meanwhile = this.#isTold
        ? 'what it has said before stays in force'
        : 'nothing is sent to a server until it has said which connection this is';
      this.#scene.log('warning', `NetworkManager runs and does not answer; ${meanwhile}`, { EVENT: 'network-silent' });
    }
    this.#askTimer = setTimeout(() => void this.look(), delay);
  }

  #learn(connections: readonly Connection[]): void {
    if (hasMoved(this.#connections, connections)) this.#isDue = true;
    this.#connections = connections;
    this.#isTold = true;
    this.#askDelay.reset();
    this.#judge();
  }

  #judge(): void {
    if (this.#isClosed) return;
    const { holds, log, tunnel, isUp, changed } = this.#scene;
    const wasHeld = holds.reason !== undefined;
    this.#verdict.observe(now(), ipv6Outlook(tunnel()), isUp());
    this.#arm();
    const before = describeRuling(this.#ruling);
    this.#ruling = ruleFor(this.#rules, this.#connections);
    const after = describeRuling(this.#ruling);
    if (after !== before) log('notice', `network policy: ${after}`, { EVENT: 'network-policy', POLICY: this.policy });
    const held = holdsBy(this.#ruling, this.#verdict.isNative);
    for (const code of ['network-policy', 'native-ipv6'] as const) {
      holds.set(code, held[code] !== undefined, held[code]);
    }
    if (after !== before) changed();
    if (this.#isDue && this.#isReady) this.#begin(wasHeld || holds.reason !== undefined);
  }

  /** Where a hold came or went the client has begun anew by itself. */
  #begin(isHeld: boolean): void {
    this.#isDue = false;
    if (!isHeld) this.#scene.again();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const { deadline } = this.#verdict;
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#judge(), Math.max(0, Math.ceil(deadline - now())));
  }

  /** At the start what can be read of it counts; later, a file with errors changes nothing. */
  #readRules(when: 'start' | 'reload'): void {
    const { log } = this.#scene;
    const read = readNetworkConf(this.#file);
    const faults = 'faults' in read ? read.faults : [read];
    for (const fault of faults) log(fault.severity, formatFault(fault), { EVENT: 'network-conf' });
    const hasErrors = faults.some(({ severity }) => severity === 'error');
    if (when === 'reload' && hasErrors)
      log('error', `${this.#file} has errors (above): the rules from before stay in force`);
    else if ('rules' in read) this.#rules = read.rules;
  }
}

/** A VPN that comes or goes is no other network; where it is the way to the server, the client sees that by itself. */
function hasMoved(before: readonly Connection[], after: readonly Connection[]): boolean {
  const [were, are] = [carriers(before), carriers(after)];
  return were !== '' && are !== '' && were !== are;
}

const carriers = (connections: readonly Connection[]): string => {
  const carrying = connections.filter(({ isVpn }) => !isVpn);
  return String(carrying.map(({ uuid }) => uuid).sort());
};

/** Changes with the way to the Internet and with our addresses. */
function placeOf(tunnel: string): string {
  const way = defaultRoute(parseIpv4Routes(readIpv4Routes()));
  const { ipv4 } = readHostAddresses([tunnel]);
  return `${way?.interfaceName} ${way?.gateway} ${ipv4}`;
}
