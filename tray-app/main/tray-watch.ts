/**
 * Whether somebody on the session bus shows tray icons: a StatusNotifierWatcher with a host. Plain GNOME has none. The
 * panel may come later than we, at login, and may be started anew.
 */
import { type BusConnection, openBus } from '../../dbus/connection.js';
import type { Incoming } from '../../dbus/message.js';

const WATCHER = 'org.kde.StatusNotifierWatcher';
const PATH = '/StatusNotifierWatcher';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const BUS = 'org.freedesktop.DBus';

const RULES = [
  `type='signal',sender='${BUS}',interface='${BUS}',member='NameOwnerChanged',arg0='${WATCHER}'`,
  `type='signal',sender='${WATCHER}',path='${PATH}',interface='${WATCHER}',member='StatusNotifierHostRegistered'`,
  `type='signal',sender='${WATCHER}',path='${PATH}',interface='${WATCHER}',member='StatusNotifierHostUnregistered'`,
];

export class TrayWatch {
  readonly #tell: (isPresent: boolean) => void;
  #connection: BusConnection | undefined;
  #isEnded = false;

  /** `tell`: at the beginning, and with each change; also when a host comes in another's place. */
  constructor(tell: (isPresent: boolean) => void) {
    this.#tell = tell;
  }

  async begin(address = sessionBusAddress()): Promise<void> {
    const opened = await openBus({ signalled: (message) => void this.#take(message) }, address);
    if (!opened.ok) return this.#tell(false);
    this.#connection = opened.connection;
    if (this.#isEnded) return opened.connection.close();
    for (const rule of RULES) await opened.connection.callBus('AddMatch', 's', [rule]);
    await this.#look();
  }

  end(): void {
    this.#isEnded = true;
    this.#connection?.close();
  }

  async #take({ interface: owner, member = '' }: Incoming): Promise<void> {
    if (member === 'NameOwnerChanged' || (owner === WATCHER && member.startsWith('StatusNotifierHost'))) {
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    const has = await connection.callBus('NameHasOwner', 's', [WATCHER]);
    if (!has.ok || has.values[0] !== true) {
      if (!this.#isEnded) this.#tell(false);
      return;
    }
    const answer = await connection.call({
      destination: WATCHER,
      path: PATH,
      interface: PROPERTIES,
      member: 'Get',
      signature: 'ss',
      values: [WATCHER, 'IsStatusNotifierHostRegistered'],
    });
    const value = answer.ok ? (answer.values[0] as { readonly value: unknown }).value : undefined;
    if (!this.#isEnded) this.#tell(value === true);
  }
}

function sessionBusAddress(): string {
  const { DBUS_SESSION_BUS_ADDRESS: given, XDG_RUNTIME_DIR: runtime = '/nonexistent' } = process.env;
  return given || `unix:path=${encodeURIComponent(`${runtime}/bus`).replaceAll('%2F', '/')}`;
}
