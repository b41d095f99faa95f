/**
 * The connections of NetworkManager's that count: that of the interface which leads to the Internet, and every VPN.
 *
 * NetworkManager is asked each time. What its dispatcher tells is only the word to look again: so a daemon that starts
 * later knows as much, and nothing can get out of step.
 */
import { type BusConnection, openBus } from '../../../dbus/connection.js';
import type { Variant } from '../../../dbus/org-miredo.js';
import { isPolicy, type Policy } from '../../config/network-conf.js';
import type { Log } from '../log.js';
import { ask, isRunning, NAME, NO_PATH, PATH, property } from './ask-network-manager.js';
import type { Connection } from './network-policy.js';

const ACTIVE = `${NAME}.Connection.Active`;
const SETTINGS = `${NAME}.Settings.Connection`;
/** NM_ACTIVE_CONNECTION_STATE_ACTIVATED; one that is being activated (1) has addresses before it is. */
const ACTIVATED = 2;
/** BOUNDED: connections that are looked at. */
const CONNECTION_LIMIT = 64;
/** Milliseconds for an answer; the tunnel may be waiting for it. */
const PATIENCE = 1_000;
/** In a connection's user data: what its owner wishes. */
export const USER_DATA_KEY = 'org.miredo';

type Properties = { readonly [name: string]: Variant };

/** Empty when there is no NetworkManager, or when it does not answer. */
export async function readConnections(interfaceName: string | undefined, log: Log): Promise<readonly Connection[]> {
  const opened = await openBus({});
  if (!opened.ok) return [];
  const bus = opened.connection;
  try {
    return (await isRunning(bus)) ? await connectionsOn(bus, interfaceName, log) : [];
  } finally {
    bus.close();
  }
}

async function connectionsOn(
  bus: BusConnection,
  interfaceName: string | undefined,
  log: Log,
): Promise<readonly Connection[]> {
  const device = interfaceName === undefined ? NO_PATH : await deviceOf(bus, interfaceName);
  const paths = await property(bus, PATH, NAME, 'ActiveConnections');
  if (!Array.isArray(paths)) return [];
  const found = await Promise.all(
    paths.slice(0, CONNECTION_LIMIT).map((path) => connectionAt(bus, String(path), device, log)),
  );
  return found.filter((one) => one !== undefined);
}

async function deviceOf(bus: BusConnection, interfaceName: string): Promise<string> {
  const found = await ask(bus, PATH, NAME, 'GetDeviceByIpIface', 's', [interfaceName], PATIENCE);
  return found.ok ? String(found.values[0]) : NO_PATH;
}

/** undefined when it does not count, or has just gone. */
async function connectionAt(
  bus: BusConnection,
  path: string,
  device: string,
  log: Log,
): Promise<Connection | undefined> {
  const got = await ask(bus, path, 'org.freedesktop.DBus.Properties', 'GetAll', 's', [ACTIVE], PATIENCE);
  if (!got.ok) return undefined;
  const all = got.values[0] as Properties;
  const value = (name: string): unknown => all[name]?.value;
  if (Number(value('State')) > ACTIVATED) return undefined;
  const isVpn = value('Vpn') === true || value('Type') === 'wireguard';
  const devices = value('Devices');
  if (!isVpn && !(Array.isArray(devices) && devices.includes(device))) return undefined;
  const id = String(value('Id'));
  return { id, uuid: String(value('Uuid')), isVpn, wish: await wishOf(bus, id, value('Connection'), log) };
}

/** A connection that belongs to one user alone does not show its settings to others. */
async function wishOf(bus: BusConnection, id: string, path: unknown, log: Log): Promise<Policy | undefined> {
  const got = await ask(bus, String(path), SETTINGS, 'GetSettings', '', [], PATIENCE);
  if (!got.ok) return undefined;
  const settings = got.values[0] as { readonly [section: string]: Properties | undefined };
  const data = settings['user']?.['data']?.value as { readonly [key: string]: string } | undefined;
  const word = data?.[USER_DATA_KEY];
  if (word === undefined || isPolicy(word)) return word;
  const allowed = 'automatic, always, never';
  log('warning', `the user data of the connection ${id} have ${USER_DATA_KEY}=${word}, which is none of ${allowed}`);
  return undefined;
}
