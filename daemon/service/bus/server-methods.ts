/**
 * The methods about servers, and the part of Start that is about one.
 *
 * Arguments are checked before polkit is asked, and again after: the list may be another by then.
 */
import type { ErrorReply } from '../../../dbus/connection.js';
import type { Variant } from '../../../dbus/org-miredo.js';
import { AUTO, ENTRY_KEYS, type EntryFields, isEntryKey } from '../../config/server-entry.js';
import type { ServerList, ServerTarget } from '../servers/server-list.js';
import type { TunnelServers } from '../servers/tunnel-servers.js';
import type { Action } from './authority.js';

/** Why the caller may not; undefined when he may. */
export type Allowed = (action: Action) => Promise<ErrorReply | undefined>;
type Done = { readonly ok: true; readonly values: readonly [] };
type Options = { readonly [key: string]: Variant };

const DONE: Done = { ok: true, values: [] };

export async function setServer(servers: TunnelServers, server: string, allowed: Allowed): Promise<Done | ErrorReply> {
  if (server === AUTO) {
    const refused = await allowed('org.miredo.set-server');
    return refused ?? remembered(await servers.choose(AUTO));
  }
  const found = await permitted(servers.list, server, allowed);
  return found.ok ? remembered(await servers.choose(server)) : found;
}

/** For this run; where no other is known for good, or the next run would have none. */
export async function nameServer(servers: TunnelServers, server: string, allowed: Allowed): Promise<Done | ErrorReply> {
  const found = await permitted(servers.list, server, allowed);
  if (!found.ok) return found;
  if (servers.isNoneKnown) return remembered(await servers.choose(server));
  servers.useForRun(found.target);
  return DONE;
}

export async function addServer(
  servers: TunnelServers,
  name: string,
  options: Options,
  allowed: Allowed,
): Promise<Done | ErrorReply> {
  const fields = fieldsOf(options);
  if (!fields.ok) return fields;
  const before = servers.list.addition(name, fields.fields);
  if (!before.ok) return before;
  const refused = await allowed('org.miredo.configure');
  if (refused !== undefined) return refused;
  const addition = servers.list.addition(name, fields.fields);
  return addition.ok ? remembered(await servers.add(addition.entry)) : addition;
}

export async function removeServer(servers: TunnelServers, name: string, allowed: Allowed): Promise<Done | ErrorReply> {
  const before = servers.list.keeps(name);
  if (before !== undefined) return before;
  const refused = await allowed('org.miredo.configure');
  if (refused !== undefined) return refused;
  return servers.list.keeps(name) ?? remembered(await servers.remove(name));
}

/** A server that the caller may have used: one that nobody listed takes more. */
export async function permitted(
  list: ServerList,
  server: string,
  allowed: Allowed,
): Promise<{ readonly ok: true; readonly target: ServerTarget } | ErrorReply> {
  const granted = new Set<Action>();
  for (;;) {
    const found = list.resolve(server);
    if (!found.ok) return found;
    const action = found.isListed ? 'org.miredo.set-server' : 'org.miredo.configure';
    if (granted.has(action)) return found;
    const refused = await allowed(action);
    if (refused !== undefined) return refused;
    granted.add(action);
  }
}

function fieldsOf(options: Options): { readonly ok: true; readonly fields: EntryFields } | ErrorReply {
  const fields: { [key: string]: string } = {};
  for (const [name, { signature, value }] of Object.entries(options)) {
    if (!isEntryKey(name)) return invalid(`There is no such option; there are ${ENTRY_KEYS.join(', ')}.`);
    if (signature !== 's' || typeof value !== 'string') return invalid(`The option "${name}" is a string.`);
    fields[name] = value;
  }
  return { ok: true, fields };
}

/** What could not be remembered is in force all the same. */
function remembered(problem: string | undefined): Done | ErrorReply {
  if (problem === undefined) return DONE;
  return { ok: false, name: 'org.miredo.Error.Failed', text: `not-saved: It is in force, but ${problem}.` };
}

const invalid = (text: string): ErrorReply => ({ ok: false, name: 'org.freedesktop.DBus.Error.InvalidArgs', text });
