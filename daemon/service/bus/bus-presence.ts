/**
 * The daemon's place on the system bus: takes the name org.miredo, and again after the bus has gone and come back.
 * The tunnel works without.
 */
import { type BusConnection, openBus } from '../../../dbus/connection.js';
import { BUS_NAME } from '../../../dbus/org-miredo.js';
import type { Reason, TunnelState } from '../../protocol/tunnel-state.js';
import type { LogEntry } from '../log.js';
import { RetryDelay } from '../retry-delay.js';
import { Dispatcher } from './dispatcher.js';
import type { TunnelControl } from './tunnel-control.js';
import { TunnelObject } from './tunnel-object.js';

/** Milliseconds before the next try; doubles up to the limit. */
const RETRY_DELAY = 250;
const RETRY_DELAY_LIMIT = 10_000;

const DO_NOT_QUEUE = 4;
const PRIMARY_OWNER = 1;

export class BusPresence {
  readonly #control: TunnelControl;
  readonly #object: TunnelObject;
  #connection: BusConnection | undefined;
  readonly #retryDelay = new RetryDelay(RETRY_DELAY, RETRY_DELAY_LIMIT);
  #retryTimer: NodeJS.Timeout | undefined;
  /** Whether the log has been told that we are not there. */
  #isMissed = false;
  #isClosed = false;

  constructor(control: TunnelControl) {
    this.#control = control;
    this.#object = new TunnelObject(control);
    void this.#join();
  }

  stateChanged(state: TunnelState): void {
    this.#object.stateChanged(state, this.#connection);
  }

  serverChanged(server: string, previous: string, reason: Reason): void {
    if (this.#connection !== undefined) this.#object.serverChanged(server, previous, reason, this.#connection);
  }

  /** Gives the name up. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    this.#connection?.close();
    this.#connection = undefined;
    this.#object.disconnected();
  }

  async #join(): Promise<void> {
    let dispatcher: Dispatcher | undefined;
    const opened = await openBus({
      called: (message) => void dispatcher?.called(message),
      signalled: (message) => this.#object.signalled(message),
      closed: (sentence) => this.#lost(sentence),
    });
    // Not to have a bus at all is no fault of a machine.
    if (!opened.ok) return this.#retry('notice', opened.sentence);
    const { connection } = opened;
    if (this.#isClosed) return connection.close();
    this.#connection = connection;
    dispatcher = new Dispatcher(this.#object, () => connection, this.#control.log);
    const taken = await connection.callBus('RequestName', 'su', [BUS_NAME, DO_NOT_QUEUE]);
    if (taken.ok && taken.values[0] === PRIMARY_OWNER) return this.#joined();
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    const reason = taken.ok ? 'somebody else has that name' : taken.text;
    connection.close();
    this.#retry('warning', reason);
  }

  #joined(): void {
    this.#retryDelay.reset();
    this.#isMissed = false;
    this.#say(['info', `on the message bus as ${BUS_NAME}`, { EVENT: 'bus-joined' }]);
  }

  /** The connection has ended; not by us, or it is no longer the one. */
  #lost(sentence: string): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    this.#object.disconnected();
    this.#retry('warning', sentence);
  }

  #retry(level: 'notice' | 'warning', sentence: string): void {
    if (this.#isClosed) return;
    const message = `not on the message bus as ${BUS_NAME} (${sentence}); trying again`;
    if (!this.#isMissed) this.#say([level, message, { EVENT: 'bus-missed' }]);
    this.#isMissed = true;
    this.#retryTimer = setTimeout(() => void this.#join(), this.#retryDelay.take());
  }

  #say(entry: LogEntry): void {
    this.#control.log(...entry);
  }
}
