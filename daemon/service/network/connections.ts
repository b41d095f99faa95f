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
import { ask, isRunning, NAME, NO_PATH, PATH } from './ask-network-manager.js';
import type { Connection } from './network-policy.js';

const PROPERTIES = 'org.freedesktop.DBus.Properties';
const ACTIVE = `${NAME}.Connection.Active`;
const SETTINGS = `${NAME}.Settings.Connection`;
/** NM_ACTIVE_CONNECTION_STATE_ACTIVATED; one that is being activated (1) has addresses before it is. */
const ACTIVATED = 2;
/** BOUNDED: connections that are looked at. */
const CONNECTION_LIMIT = 64;
/** Milliseconds for an answer; the tunnel may be waiting for it. */
const PATIENCE = 3_000;
/** What the bus says when no answer comes; all others are answers: there is no such device, or no such connection any more. */
const SILENCE =
  /^org\.freedesktop\.DBus\.Error\.(NoReply|Timeout|TimedOut|Disconnected|ServiceUnknown|NameHasNoOwner)$/;
/** In a connection's user data: what its owner wishes. */
export const USER_DATA_KEY = 'org.miredo';

type Properties = { readonly [name: string]: Variant };

/** Empty when there is no NetworkManager; undefined when there is one, and it does not answer. */
export async function readConnections(
  interfaceName: string | undefined,
  log: Log,
): Promise<readonly Connection[] | undefined> {
  const opened = await openBus({});
  if (!opened.ok) return [];
  const bus = opened.connection;
  try {
    const isThere = await isRunning(bus);
    if (isThere === undefined) return undefined;
    const questions = new Questions(bus);
    const found = isThere ? await connectionsOn(questions, interfaceName, log) : [];
    return questions.isSilent ? undefined : found;
  } finally {
    bus.close();
  }
}

/** Notes when an answer does not come, and asks no more then: what the others say would be half of it. */
class Questions {
  readonly #bus: BusConnection;
  isSilent = false;

  constructor(bus: BusConnection) {
    this.#bus = bus;
  }

  /** undefined when there is no such thing, or no answer. */
  async ask(
    path: string,
    owner: string,
    member: string,
    signature = '',
    values: readonly unknown[] = [],
  ): Promise<readonly unknown[] | undefined> {
    if (this.isSilent) return undefined;
    const got = await ask(this.#bus, path, owner, member, signature, values, PATIENCE);
    if (got.ok) return got.values;
    if (SILENCE.test(got.name)) this.isSilent = true;
    return undefined;
  }

  async property(path: string, owner: string, name: string): Promise<unknown> {
    const got = await this.ask(path, PROPERTIES, 'Get', 'ss', [owner, name]);
    return (got?.[0] as Variant | undefined)?.value;
  }
}

async function connectionsOn(
  questions: Questions,
  interfaceName: string | undefined,
  log: Log,
): Promise<readonly Connection[]> {
  const device = interfaceName === undefined ? NO_PATH : await deviceOf(questions, interfaceName);
  const paths = await questions.property(PATH, NAME, 'ActiveConnections');
  if (!Array.isArray(paths)) return [];
  const found = await Promise.all(
    paths.slice(0, CONNECTION_LIMIT).map((path) => connectionAt(questions, String(path), device, log)),
  );
  return found.filter((one) => one !== undefined);
}

async function deviceOf(questions: Questions, interfaceName: string): Promise<string> {
  const found = await questions.ask(PATH, NAME, 'GetDeviceByIpIface', 's', [interfaceName]);
  return found === undefined ? NO_PATH : String(found[0]);
}

/** undefined when it does not count, or has just gone. */
async function connectionAt(
  questions: Questions,
  path: string,
  device: string,
  log: Log,
): Promise<Connection | undefined> {
  const got = await questions.ask(path, PROPERTIES, 'GetAll', 's', [ACTIVE]);
  if (got === undefined) return undefined;
  const all = got[0] as Properties;
  const value = (name: string): unknown => all[name]?.value;
  if (Number(value('State')) > ACTIVATED) return undefined;
  const isVpn = value('Vpn') === true || value('Type') === 'wireguard';
  const devices = value('Devices');
  if (!isVpn && !(Array.isArray(devices) && devices.includes(device))) return undefined;
  const id = String(value('Id'));
  return { id, uuid: String(value('Uuid')), isVpn, wish: await wishOf(questions, id, value('Connection'), log) };
}

/** A connection that belongs to one user alone does not show its settings to others. */
async function wishOf(questions: Questions, id: string, path: unknown, log: Log): Promise<Policy | undefined> {
  const got = await questions.ask(String(path), SETTINGS, 'GetSettings');
  const settings = got?.[0] as { readonly [section: string]: Properties | undefined } | undefined;
  const data = settings?.['user']?.['data']?.value as { readonly [key: string]: string } | undefined;
  const word = data?.[USER_DATA_KEY];
  if (word === undefined || isPolicy(word)) return word;
  const allowed = 'automatic, always, never';
  log('warning', `the user data of the connection ${id} have ${USER_DATA_KEY}=${word}, which is none of ${allowed}`);
  return undefined;
}
