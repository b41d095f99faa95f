/**
 * systemd-logind over one connection to the bus: whether it is there, and whether the machine is about to sleep.
 *
 * It is listened to and asked, and never started: a machine without it has none.
 */
import type { BusConnection } from '../../../dbus/connection.js';
import type { Incoming } from '../../../dbus/message.js';
import { LOGIND, readSleepSignal, SLEEP_RULES } from './sleep-signal.js';

export interface LogindEvents {
  /** Also told when it has not changed. */
  asleep(isAsleep: boolean): void;
  /** It has come, or has gone and will tell nothing more. */
  present(isPresent: boolean): void;
  /** It cannot be followed. */
  failed(sentence: string): void;
}

export class Logind {
  readonly #connection: BusConnection;
  readonly #events: LogindEvents;
  /** Unique name on the bus; undefined while there is none. */
  #owner: string | undefined;
  /** Counts what was heard: an answer that was asked for before is older. */
  #heard = 0;

  constructor(connection: BusConnection, events: LogindEvents) {
    this.#connection = connection;
    this.#events = events;
    void this.#begin();
  }

  signalled(message: Incoming): void {
    const signal = readSleepSignal(message, this.#owner);
    if (signal === undefined) return;
    this.#heard += 1;
    if (signal.type === 'owner') this.#ownerIs(signal.owner);
    else this.#events.asleep(signal.isAsleep);
  }

  /** Asks what a signal would tell; nothing comes of it when there is no logind. */
  async ask(): Promise<void> {
    const owner = this.#owner;
    const heard = this.#heard;
    if (owner === undefined) return;
    const answer = await this.#connection.call({
      ...LOGIND,
      destination: owner,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      values: [LOGIND.interface, 'PreparingForSleep'],
    });
    if (heard !== this.#heard) return;
    const variant = answer.ok ? (answer.values[0] as { readonly value?: unknown } | undefined) : undefined;
    this.#events.asleep(variant?.value === true);
  }

  async #begin(): Promise<void> {
    for (const rule of SLEEP_RULES) {
      const added = await this.#connection.callBus('AddMatch', 's', [rule]);
      if (!added.ok) {
        this.#events.failed(added.text);
        return;
      }
    }
    const heard = this.#heard;
    const found = await this.#connection.callBus('GetNameOwner', 's', [LOGIND.destination]);
    const owner = found.ok ? found.values[0] : undefined;
    if (heard === this.#heard && typeof owner === 'string') this.#ownerIs(owner);
  }

  #ownerIs(owner: string | undefined): void {
    this.#owner = owner;
    this.#events.present(owner !== undefined);
    void this.ask();
  }
}
