/** Questions to NetworkManager on the message bus. It is never started for one. */
import type { BusConnection, Reply } from '../../../dbus/connection.js';
import type { Variant } from '../../../dbus/org-miredo.js';

export const NAME = 'org.freedesktop.NetworkManager';
export const PATH = '/org/freedesktop/NetworkManager';
/** What its properties have for "none". */
export const NO_PATH = '/';
/** Milliseconds. */
const PATIENCE = 5_000;

/** undefined when the bus does not say. */
export async function isRunning(bus: BusConnection): Promise<boolean | undefined> {
  const owner = await bus.callBus('NameHasOwner', 's', [NAME]);
  return owner.ok ? owner.values[0] === true : undefined;
}

export const ask = (
  bus: BusConnection,
  path: string,
  owner: string,
  member: string,
  signature: string,
  values: readonly unknown[],
  timeout = PATIENCE,
): Promise<Reply> => bus.call({ destination: NAME, path, interface: owner, member, signature, values, timeout });

export async function property(bus: BusConnection, path: string, owner: string, name: string): Promise<unknown> {
  const got = await ask(bus, path, 'org.freedesktop.DBus.Properties', 'Get', 'ss', [owner, name]);
  return got.ok ? (got.values[0] as Variant | undefined)?.value : undefined;
}
