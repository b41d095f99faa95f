/**
 * Asks servers whether they serve, beside any tunnel and without its state (RFC 4380 §5.2.1).
 *
 * Theory of operation. Each target is asked up to three questions at the same time, each a router solicitation that is
 * sent again, with a nonce of its own, until it is answered or counts as silent:
 *
 *   primary    socket 0 → primary address     answered from there
 *   secondary  socket 0 → secondary address   answered from there
 *   cone       socket 1 → primary address     with the cone flag, so the server answers from its secondary (§5.3.1)
 *
 * Socket 1 has never written to any secondary address: when the answer to `cone` arrives, the NAT lets in whoever
 * knows the mapping. A client may not claim the cone flag any more (RFC 5991 §3.2); no address is made of this. Two
 * answers to socket 0 that saw different mappings tell of a symmetric NAT. What it all means is the reader's to say.
 */
import { parseDatagram } from '../wire/encapsulation.js';
import { type Endpoint, type Ipv4Address, type Ipv4Scope, isPermittedDestination } from '../wire/ipv4.js';
import type { Ipv6Address } from '../wire/ipv6.js';
import { emitRouterSolicitation } from '../wire/router-discovery.js';
import { emitLinkLocal, FLAG_CONE, TEREDO_PORT } from '../wire/teredo-address.js';
import { PROBE_ATTEMPTS, PROBE_TIMEOUT } from './constants.js';
import type { Environment, PacketMemory } from './environment.js';
import type { Servers } from './qualification.js';
import { sameBytes, signSolicitation } from './secure-qualification.js';
import { judgeAnswer } from './server-answer.js';
import { after, type Duration, earlier, type Instant, NEVER } from './time.js';

/** The sockets that the two kinds of questions leave by. */
export const DIRECT_SOCKET = 0;
export const CONE_SOCKET = 1;

export interface ProbeConfiguration {
  readonly prefix: number;
  readonly scope: Ipv4Scope;
  /** BOUNDED: by the caller. */
  readonly targets: readonly Servers[];
  /** Whether to ask what the NAT lets in. */
  readonly cone: boolean;
}

/** One address has answered. */
export interface Heard {
  readonly mapped: Endpoint;
  readonly roundTrip: Duration;
}

/** Who answered a solicitation with the cone flag: a server that does not heed the flag answers from its primary. */
export type ConeAnswer = 'secondary' | 'primary' | 'none';

export interface ProbeOutput {
  sendDatagram(socket: number, bytes: Uint8Array, address: Ipv4Address): void;
  /** Once for each target; undefined for an address that is silent. */
  probed(target: number, primary: Heard | undefined, secondary: Heard | undefined): void;
  /** Once for each target that could be asked. */
  coneProbed(target: number, answer: ConeAnswer): void;
  /** Every question is settled. */
  done(): void;
}

type Kind = 'primary' | 'secondary' | 'cone';

interface Solicitation {
  readonly nonce: Uint8Array;
  readonly sentAt: Instant;
}

interface Question {
  readonly target: number;
  readonly kind: Kind;
  readonly to: Ipv4Address;
  /** BOUNDED: PROBE_ATTEMPTS. */
  readonly sent: Solicitation[];
  deadline: Instant;
  isOpen: boolean;
  heard: Heard | undefined;
  heardFrom: Ipv4Address | undefined;
}

const sourceWith = (flags: number): Ipv6Address => emitLinkLocal(flags, 0 as Ipv4Address, 0 as Endpoint['port']);
const PLAIN_SOURCE = sourceWith(0);
const CONE_SOURCE = sourceWith(FLAG_CONE);

export class ServerProbe {
  readonly #configuration: ProbeConfiguration;
  readonly #environment: Environment;
  readonly #output: ProbeOutput;
  readonly #plain = emitRouterSolicitation(PLAIN_SOURCE);
  readonly #cone = emitRouterSolicitation(CONE_SOURCE);
  /** BOUNDED: three for each target. */
  readonly #questions: readonly Question[];
  #deadline: Instant = NEVER;

  constructor(configuration: ProbeConfiguration, environment: Environment, output: ProbeOutput) {
    this.#configuration = configuration;
    this.#environment = environment;
    this.#output = output;
    this.#questions = configuration.targets.flatMap((servers, target) => questionsOf(configuration, servers, target));
  }

  start(now: Instant): void {
    for (const question of this.#questions) {
      if (isPermittedDestination(question.to, this.#configuration.scope)) this.#ask(now, question);
      else this.#close(question);
    }
    for (let target = 0; target < this.#configuration.targets.length; target++) this.#tell(target);
    this.#next();
  }

  nextTimeout(): Instant {
    return this.#deadline;
  }

  handleTimeout(now: Instant): void {
    for (const question of this.#questions) {
      if (!question.isOpen || now < question.deadline) continue;
      if (question.sent.length < PROBE_ATTEMPTS) this.#ask(now, question);
      else this.#settle(question);
    }
    this.#next();
  }

  /** A datagram has come in at `socket`. */
  handleDatagram(
    now: Instant,
    memory: PacketMemory,
    offset: number,
    length: number,
    socket: number,
    address: number,
    port: number,
  ): void {
    if (port !== TEREDO_PORT) return;
    const datagram = parseDatagram(memory.bytes, offset, length);
    if (typeof datagram === 'string' || datagram.authentication === undefined) return;
    const { nonce } = datagram.authentication;
    const question = this.#questions.find(
      (candidate) => candidate.isOpen && candidate.sent.some((sent) => sameBytes(sent.nonce, nonce)),
    );
    if (question === undefined || socketOf(question) !== socket) return;
    const from = (address >>> 0) as Ipv4Address;
    if (!this.#mayAnswer(question, from)) return;
    const { prefix, scope } = this.#configuration;
    const source = question.kind === 'cone' ? CONE_SOURCE : PLAIN_SOURCE;
    const server = this.#serversOf(question).primary;
    const answer = judgeAnswer(memory.bytes, datagram, { source, prefix, server, scope });
    if (answer === undefined) return;
    // That of the very solicitation that was answered: a late answer is not taken for a fast one.
    const sentAt = question.sent.find((sent) => sameBytes(sent.nonce, nonce))?.sentAt ?? now;
    question.heard = { mapped: answer.mapped, roundTrip: (now - sentAt) as Duration };
    question.heardFrom = from;
    this.#settle(question);
    this.#next();
  }

  /** From the very address that was asked; a question about the cone flag may be answered from either. */
  #mayAnswer(question: Question, from: Ipv4Address): boolean {
    if (from === question.to) return true;
    return question.kind === 'cone' && from === this.#serversOf(question).secondary;
  }

  #serversOf({ target }: Question): Servers {
    const servers = this.#configuration.targets[target];
    if (servers === undefined) throw new RangeError(`no target ${target}`);
    return servers;
  }

  #ask(now: Instant, question: Question): void {
    const nonce = new Uint8Array(8);
    this.#environment.entropy.fill(nonce);
    question.sent.push({ nonce, sentAt: now });
    question.deadline = after(now, PROBE_TIMEOUT);
    const packet = question.kind === 'cone' ? this.#cone : this.#plain;
    const datagram = signSolicitation(undefined, nonce, packet, this.#environment.hmac);
    this.#output.sendDatagram(socketOf(question), datagram, question.to);
  }

  #settle(question: Question): void {
    this.#close(question);
    if (question.kind === 'cone') this.#output.coneProbed(question.target, this.#coneAnswer(question));
    else this.#tell(question.target);
  }

  #close(question: Question): void {
    question.isOpen = false;
    question.deadline = NEVER;
  }

  /** Tells of a target when both of its addresses have answered or are silent. */
  #tell(target: number): void {
    const both = this.#questions.filter((question) => question.target === target && question.kind !== 'cone');
    if (both.some(({ isOpen }) => isOpen)) return;
    const heard = (kind: Kind): Heard | undefined => both.find((question) => question.kind === kind)?.heard;
    this.#output.probed(target, heard('primary'), heard('secondary'));
  }

  #coneAnswer(question: Question): ConeAnswer {
    if (question.heardFrom === undefined) return 'none';
    return question.heardFrom === this.#serversOf(question).secondary ? 'secondary' : 'primary';
  }

  #next(): void {
    this.#deadline = this.#questions.reduce((first, { deadline }) => earlier(first, deadline), NEVER);
    if (this.#deadline === NEVER) this.#output.done();
  }
}

const socketOf = ({ kind }: Question): number => (kind === 'cone' ? CONE_SOCKET : DIRECT_SOCKET);

function questionsOf({ targets, cone }: ProbeConfiguration, servers: Servers, target: number): Question[] {
  const { primary, secondary } = servers;
  const question = (kind: Kind, to: Ipv4Address): Question => ({
    target,
    kind,
    to,
    sent: [],
    deadline: NEVER,
    isOpen: true,
    heard: undefined,
    heardFrom: undefined,
  });
  // An address that is written to from the same socket for another target tells nothing about strangers.
  const isStranger = targets.every((other) => other.primary !== secondary);
  return [
    question('primary', primary),
    question('secondary', secondary),
    ...(cone && isStranger ? [question('cone', primary)] : []),
  ];
}
