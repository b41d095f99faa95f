/** Objects on the session bus: properties that can be read, and methods; what a panel asks of a tray icon. */
import { type BusConnection, openBus } from '../../../../dbus/connection.js';
import type { Incoming } from '../../../../dbus/message.js';
import type { Variant } from '../../../../dbus/org-miredo.js';

const PROPERTIES = 'org.freedesktop.DBus.Properties';

export interface ExportedObject {
  readonly path: string;
  readonly interface: string;
  readonly properties: () => Readonly<Record<string, Variant>>;
  /** By name: the answer's signature and values. */
  readonly methods: Readonly<Record<string, (values: readonly unknown[]) => readonly [string, readonly unknown[]]>>;
}

export const variant = (signature: string, value: unknown): Variant => ({ signature, value }) as Variant;

export async function exportObjects(objects: readonly ExportedObject[], address: string): Promise<BusConnection> {
  const held: { connection?: BusConnection } = {};
  const opened = await openBus({ called: (message) => answer(message, objects, held.connection) }, address);
  if (!opened.ok) throw new Error(opened.sentence);
  held.connection = opened.connection;
  return opened.connection;
}

function answer(message: Incoming, objects: readonly ExportedObject[], connection: BusConnection | undefined): void {
  const { path, interface: name, member = '' } = message;
  const values = message.values() ?? [];
  const own = objects.filter((object) => object.path === path);
  if (name === PROPERTIES) {
    answerProperty(message, own, values, connection);
    return;
  }
  const method = own.find((object) => name === undefined || object.interface === name)?.methods[member];
  if (method === undefined) {
    const text = `no ${member} of ${name} at ${path}`;
    connection?.replyError(message, { name: 'org.freedesktop.DBus.Error.UnknownMethod', text });
    return;
  }
  connection?.reply(message, ...method(values));
}

function answerProperty(
  message: Incoming,
  own: readonly ExportedObject[],
  [name, key]: readonly unknown[],
  connection: BusConnection | undefined,
): void {
  const properties = own.find((object) => object.interface === name)?.properties() ?? {};
  const value = properties[String(key)];
  if (message.member === 'GetAll') connection?.reply(message, 'a{sv}', [properties]);
  else if (message.member === 'Get' && value !== undefined) connection?.reply(message, 'v', [value]);
  else connection?.replyError(message, { name: 'org.freedesktop.DBus.Error.UnknownProperty', text: String(key) });
}
