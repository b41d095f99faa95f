/**
 * Follows the machine's sleep: before it the tunnel falls silent, after it qualifies at once.
 *
 * While it is held the address is away too: the NAT forgets its mapping within minutes, and what wakes up would send
 * into nothing until the tunnel has noticed. Where the mapping has outlasted the sleep, the same address comes back, and
 * with it the connections that were open (RFC 5991 §3.1; Qualification keeps it).
 */
import type { BusConnection } from '../../../dbus/connection.js';
import type { Incoming } from '../../../dbus/message.js';
import { sleptSoFar } from '../../io/clock.js';
import type { BusGuest } from '../bus/bus-presence.js';
import type { TunnelControl } from '../bus/tunnel-control.js';
import type { Follower } from '../client-desk.js';
import { Inhibitor } from './inhibitor.js';
import { Logind } from './logind.js';
import { SleepClock } from './sleep-clock.js';

/** Milliseconds between looks at the clocks. */
const LOOK_INTERVAL = 5000;

export class SleepWatch implements Follower, BusGuest {
  readonly #control: TunnelControl;
  readonly #clock = new SleepClock(sleptSoFar);
  readonly #inhibitor: Inhibitor;
  readonly #timer: NodeJS.Timeout;
  #logind: Logind | undefined;
  #isLogindThere = false;
  #isAsleep = false;

  constructor(control: TunnelControl) {
    this.#control = control;
    this.#inhibitor = new Inhibitor(control.log);
    this.#timer = setInterval(() => this.#lookAtClock(), LOOK_INTERVAL);
  }

  connected(connection: BusConnection): void {
    this.#logind = new Logind(connection, {
      asleep: (isAsleep) => this.#asleep(isAsleep),
      present: (isPresent) => this.#present(isPresent),
      failed: (sentence) =>
        this.#control.log('warning', `the machine's sleep cannot be followed: ${sentence}`, { EVENT: 'sleep-missed' }),
    });
  }

  signalled(message: Incoming): void {
    this.#logind?.signalled(message);
  }

  disconnected(): void {
    this.#logind = undefined;
    this.#present(false);
  }

  /** It may be wanted, or not any more. */
  stateChanged(): void {
    this.#hold();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#present(false);
  }

  /** Who has gone cannot tell that the sleep is over. */
  #present(isPresent: boolean): void {
    this.#isLogindThere = isPresent;
    this.#inhibitor.forget();
    if (!isPresent) this.#asleep(false);
    this.#hold();
  }

  #asleep(isAsleep: boolean): void {
    if (isAsleep === this.#isAsleep) return;
    this.#clock.forget();
    this.#isAsleep = isAsleep;
    this.#control.log('info', isAsleep ? 'the machine is about to sleep' : 'the machine is awake', {
      EVENT: isAsleep ? 'asleep' : 'awake',
    });
    this.#control.holds.set('asleep', isAsleep);
    this.#hold();
  }

  /** Only a tunnel that is wanted, and held by nothing, has anything to do before a sleep; and only until that is done. */
  #hold(): void {
    const { servers, holds } = this.#control;
    if (this.#isAsleep) void this.#letSleep();
    else if (this.#isLogindThere && servers.isEnabled && holds.reason === undefined) this.#inhibitor.take();
    else this.#inhibitor.release();
  }

  async #letSleep(): Promise<void> {
    await this.#control.linkSettled();
    if (this.#isAsleep) this.#inhibitor.release();
  }

  #lookAtClock(): void {
    if (!this.#clock.hasSlept()) return;
    if (this.#isAsleep) {
      // The sleep is over, and logind may still be about to say so.
      void this.#logind?.ask();
      return;
    }
    const sentence = 'the machine has slept, and nobody has said so: the tunnel begins anew';
    this.#control.log('notice', sentence, { EVENT: 'awake' });
    this.#control.restart();
  }
}
