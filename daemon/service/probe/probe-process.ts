/**
 * One probe as a process: starts an engine in the role of a probe with sockets of its own, listens to what it says, and
 * ends it. It is distrusted as an engine is (engine-process.ts), and what it can claim is little: that a server of the
 * list answered, how fast, and what mapping was seen.
 */
import { closeDescriptor, openUdp, type UdpSocket } from '../../io/descriptors.js';
import type { ConeAnswer, Heard } from '../../protocol/server-probe.js';
import { MessageLines } from '../../tunnel/message-lines.js';
import type { Confinement, ProbeRole } from '../../tunnel/messages.js';
import { type FromProbe, readFromProbe } from '../../tunnel/probe-messages.js';
import { type Endpoint, type Ipv4Address, type Port, UNSPECIFIED_IPV4 } from '../../wire/ipv4.js';
import { logComplaints } from '../engine-complaints.js';
import { configurationOf, type EngineLaunch, spawnEngine } from '../engine-spawn.js';
import type { Log } from '../log.js';

/** Milliseconds for a process to start and for every question to be answered or given up. */
const TIMEOUT = 15_000;

export interface ProbeLaunch {
  readonly role: ProbeRole;
  readonly confinement: Confinement;
  readonly directedBroadcasts: readonly Ipv4Address[];
  readonly bindAddress?: Ipv4Address | undefined;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Script and arguments to run instead, to test how it would fare with another. */
  readonly program?: readonly string[] | undefined;
  /** Milliseconds, instead of TIMEOUT. */
  readonly timeout?: number | undefined;
  /** As soon as both addresses of a target have answered or are silent. */
  heard(target: number, primary: Heard | undefined, secondary: Heard | undefined): void;
}

export interface Probed {
  readonly ok: true;
  /** Ports that the questions left by. */
  readonly localPort: Port;
  /** By target. */
  readonly cone: ReadonlyMap<number, ConeAnswer>;
}

export interface ProbeFailure {
  readonly ok: false;
  readonly code: 'aborted' | 'internal';
  readonly sentence: string;
  /** It broke the rules: what it has said before is not to be believed either. */
  readonly isDistrusted: boolean;
}

const failure = (sentence: string, code: ProbeFailure['code'] = 'internal', isDistrusted = false): ProbeFailure => ({
  ok: false,
  code,
  sentence,
  isDistrusted,
});

export async function runProbe(launch: ProbeLaunch): Promise<Probed | ProbeFailure> {
  const opened = openSockets(launch.bindAddress ?? UNSPECIFIED_IPV4);
  if (!opened.ok) return failure(opened.sentence);
  const { sockets } = opened;
  try {
    const [direct] = sockets;
    const local: Endpoint | undefined = direct?.local;
    return await new ProbeProcess(launch, sockets, local?.port ?? (0 as Port)).result;
  } finally {
    for (const { fd } of sockets) closeDescriptor(fd);
  }
}

/** For the direct questions, and for those with the cone flag. */
function openSockets(address: Ipv4Address): { ok: true; sockets: UdpSocket[] } | { ok: false; sentence: string } {
  const sockets: UdpSocket[] = [];
  for (let count = 0; count < 2; count++) {
    const socket = openUdp({ address, port: 0 as Port });
    if (!socket.ok) {
      for (const { fd } of sockets) closeDescriptor(fd);
      return socket;
    }
    sockets.push(socket);
  }
  return { ok: true, sockets };
}

class ProbeProcess {
  readonly result: Promise<Probed | ProbeFailure>;
  readonly #launch: ProbeLaunch;
  readonly #localPort: Port;
  /** Targets that were told of. BOUNDED: by the list of targets. */
  readonly #told = new Set<number>();
  readonly #cone = new Map<number, ConeAnswer>();
  #isReady = false;
  #finish: (result: Probed | ProbeFailure) => void = () => {};

  constructor(launch: ProbeLaunch, sockets: readonly UdpSocket[], localPort: Port) {
    this.#launch = launch;
    this.#localPort = localPort;
    this.result = new Promise((resolve) => this.#run(sockets, resolve));
  }

  #run(sockets: readonly UdpSocket[], resolve: (result: Probed | ProbeFailure) => void): void {
    const { role, confinement, directedBroadcasts, log, signal, program, timeout = TIMEOUT } = this.#launch;
    if (signal?.aborted === true) {
      resolve(failure('The probe was given up.', 'aborted'));
      return;
    }
    const engine: EngineLaunch = {
      role,
      confinement,
      device: undefined,
      sockets: sockets.map(({ fd }) => fd),
      directedBroadcasts,
      ...(program === undefined ? {} : { program }),
    };
    const spawned = spawnEngine(engine);
    if (!spawned.ok) {
      resolve(failure(spawned.sentence));
      return;
    }
    const { child, channel } = spawned;
    let lines: MessageLines | undefined;
    const giveUp = (): void => this.#finish(failure('The probe was given up.', 'aborted'));
    const timer = setTimeout(() => this.#finish(failure('The probe does not come to an end.')), timeout);
    this.#finish = (result) => {
      this.#finish = () => {};
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      lines?.close();
      child.kill('SIGKILL');
      resolve(result);
    };
    signal?.addEventListener('abort', giveUp);
    child.on('error', (error) => this.#finish(failure(`The probe cannot be started: ${error.message}.`)));
    child.on('exit', (code, by) => this.#finish(failure(`The probe ended (${by ?? `exit code ${code}`}).`)));
    if (channel === undefined) return;
    logComplaints(child.stderr, log);
    lines = new MessageLines(channel, {
      message: (value) => this.#heed(readFromProbe(value)),
      violation: (sentence) => this.#distrust(`sends ${sentence}`),
      closed: () => {},
    });
    lines.send(configurationOf(engine));
  }

  #heed(message: FromProbe | undefined): void {
    const fault = message === undefined ? 'sends a message of no known form' : this.#faultOf(message);
    if (fault !== undefined) this.#distrust(fault);
    else if (message !== undefined) this.#take(message);
  }

  /** Each thing is said once and in its place, so there can be no flood. */
  #faultOf(message: FromProbe): string | undefined {
    const { cone, targets } = this.#launch.role;
    if (message.type === 'broken') return undefined;
    if (message.type === 'ready') return this.#isReady ? 'says twice that it is ready' : undefined;
    if (!this.#isReady) return 'speaks before it is ready';
    if (message.type === 'done') return this.#told.size < targets.length ? 'is done before its time' : undefined;
    const isKnown = message.target < targets.length;
    if (message.type === 'probed') {
      return isKnown && !this.#told.has(message.target) ? undefined : 'tells of a server that it was not asked about';
    }
    const isAsked = cone && isKnown && !this.#cone.has(message.target);
    return isAsked ? undefined : 'tells of a NAT that it was not asked about';
  }

  #take(message: FromProbe): void {
    switch (message.type) {
      case 'ready':
        this.#isReady = true;
        for (const lacking of message.lacking) {
          this.#launch.log('warning', `The probe is less shut in than it should be: ${lacking}.`);
        }
        break;
      case 'probed':
        this.#told.add(message.target);
        this.#launch.heard(message.target, message.primary, message.secondary);
        break;
      case 'cone':
        this.#cone.set(message.target, message.answer);
        break;
      case 'done':
        this.#finish({ ok: true, localPort: this.#localPort, cone: this.#cone });
        break;
      case 'broken':
        this.#finish(failure(message.sentence));
        break;
    }
  }

  /** An honest probe does not do this. */
  #distrust(what: string): void {
    this.#launch.log('error', `The probe of servers ${what}; it is ended.`);
    this.#finish(failure(`The probe ${what}.`, 'internal', true));
  }
}
