/** What every simulated node with a core does: calls it, keeps its one timer, and holds it to the cores' contract. */
import { createHmac } from 'node:crypto';
import type { Environment, Forward, Hmac } from '../../daemon/protocol/environment.js';
import { type Instant, NEVER } from '../../daemon/protocol/time.js';
import { isGlobalUnicast } from '../../daemon/wire/ipv4.js';
import { IPV6_HEADER_LENGTH, ipv6PacketLength } from '../../daemon/wire/ipv6.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { VirtualClock } from '../support/virtual-clock.js';
import type { CallMemory } from './call-memory.js';
import type { Violations } from './violations.js';

/** What all nodes of a simulation share. */
export interface World {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly violations: Violations;
  readonly callMemory: CallMemory;
}

/** The part of a core that has a timer. */
interface Timed {
  handleTimeout(now: Instant): void;
  nextTimeout(): Instant;
}

/** A real timer fires late, by up to this (milliseconds). */
const TIMER_SLACK = 1;
/** How often a timer may be due again at once before it counts as a livelock. */
const PATIENCE = 100;

export const realHmac: Hmac = (algorithm, secret, parts) => {
  const hmac = createHmac(algorithm, secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};

export abstract class CoreNode {
  readonly name: string;
  readonly world: World;
  readonly environment: Environment;
  /** Switched off, a node hears nothing and its timers stand still. */
  isOn = true;
  readonly #random: SeededRandom;
  /** When the armed timer fires; NEVER when none is armed. */
  #wakeAt: number = NEVER;
  /** Timers of an earlier one are void. */
  #epoch = 0;

  constructor(name: string, world: World) {
    this.name = name;
    this.world = world;
    this.#random = world.random.fork();
    this.environment = { entropy: world.random.fork(), hmac: realHmac };
  }

  get now(): Instant {
    return this.world.clock.now;
  }

  report(fault: string): void {
    this.world.violations.report(this.name, fault);
  }

  demand(condition: boolean, fault: string): void {
    if (!condition) this.report(fault);
  }

  /** Runs a call of the core, which must not throw. */
  protected guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.report(`a call threw: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  /** Lends `packet` to the core; the bytes it forwarded when it said true, as a copy. */
  protected lend(packet: Uint8Array, forward: Forward, call: (offset: number) => boolean): Uint8Array | undefined {
    let forwarded: Uint8Array | undefined;
    const { callMemory } = this.world;
    this.guard(() => {
      const fault = callMemory.lend(packet, (offset) => {
        if (!call(offset)) return;
        const end = forward.offset + forward.length;
        this.demand(forward.offset >= offset && end <= offset + packet.length, 'forwarded bytes it was not lent');
        forwarded = callMemory.memory.bytes.slice(forward.offset, end);
      });
      if (fault !== undefined) this.report(fault);
    });
    return forwarded;
  }

  /** Arms the one timer by what the core says; call it after every call of the core. */
  protected arm(core: Timed): void {
    const deadline = core.nextTimeout();
    this.demand(!Number.isNaN(deadline), 'nextTimeout is not a number');
    if (deadline === NEVER || deadline >= this.#wakeAt) return;
    this.#wakeAt = deadline;
    const epoch = this.#epoch;
    const slack = this.#random.fraction() * TIMER_SLACK;
    this.world.clock.at(Math.max(deadline, this.now) + slack, () => {
      if (this.#epoch === epoch && this.#wakeAt === deadline) this.#wake(core);
    });
  }

  /** Called after each timeout that the core has handled. */
  protected timeoutHandled(): void {
    // Nothing to close: this node keeps no account of a call.
  }

  /** Forgets the timer: the core is another one now. */
  protected disarm(): void {
    this.#wakeAt = NEVER;
    this.#epoch++;
  }

  #wake(core: Timed): void {
    this.#wakeAt = NEVER;
    if (!this.isOn) return;
    let turns = 0;
    while (core.nextTimeout() <= this.now) {
      this.guard(() => core.handleTimeout(this.now));
      this.timeoutHandled();
      if (++turns > PATIENCE) {
        this.report(`nextTimeout stays in the past: ${core.nextTimeout()}`);
        return;
      }
    }
    this.arm(core);
  }

  /** Rules for every datagram of every node (RFC 4380 §5.2.4, §5.3.2, §5.4.1). */
  protected checkSent(bytes: Uint8Array, address: number, port: number): void {
    this.demand(isGlobalUnicast(address), `sent to ${address >>> 0}, which is not global unicast`);
    this.demand(port > 0 && port < 65536, `sent to port ${port}`);
    this.demand(bytes.length >= IPV6_HEADER_LENGTH, `sent a datagram of ${bytes.length} bytes`);
  }

  /** Rules for every packet handed to IPv6: exactly one well-formed packet, without trailers (RFC 6081 §4). */
  protected checkDelivered(packet: Uint8Array): DataView {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    this.demand(ipv6PacketLength(view, 0, packet.length) === packet.length, 'handed up what is not one IPv6 packet');
    return view;
  }
}
