/** `miredoctl server list`, and the commands that change the list or the choice. */
import type { Client } from '../../dbus/client.js';
import type { Fault } from '../../dbus/fault.js';
import type { ServerEntry, Snapshot } from '../../dbus/snapshot.js';
import { readOnce, type Setting, withSession } from './calling.js';
import { EXIT, type ExitCode, exitCodeOfFault } from './exit-codes.js';
import { errorJson } from './json.js';
import { complaint } from './remedies.js';
import type { Screen } from './screen.js';
import type { ServerRequest } from './server-command-line.js';
import { SCHEMA_VERSION } from './status-json.js';
import { printable, type Style, table } from './terminal.js';

type ListRequest = Extract<ServerRequest, { command: 'server list' }>;

export async function listServers({ json, names }: ListRequest, screen: Screen): Promise<ExitCode> {
  const outcome = await readOnce();
  if (json) screen.out(`${JSON.stringify(serverListJson(outcome.ok ? outcome.value : outcome.fault), undefined, 2)}\n`);
  else if (outcome.ok && names) screen.out(namesText(outcome.value));
  else if (outcome.ok) screen.out(serverListText(outcome.value, screen.columns, screen.style));
  else screen.err(`miredoctl: ${complaint(outcome.fault)}\n`);
  return outcome.ok ? EXIT.ok : exitCodeOfFault(outcome.fault);
}

type ChangeRequest = Extract<ServerRequest, { command: 'server set' | 'server add' | 'server remove' }>;

export async function changeServers(request: ChangeRequest, setting: Setting): Promise<ExitCode> {
  return withSession(setting, async ({ client, ask, refuse, screen }) => {
    const changed = await ask(change(client, request));
    if (!changed.ok) return refuse(changed.fault);
    screen.out(`${doneSentence(request)}\n`);
    return EXIT.ok;
  });
}

function change(client: Client, request: ChangeRequest): ReturnType<Client['setServer']> {
  switch (request.command) {
    case 'server set':
      return client.setServer(request.server);
    case 'server add':
      return client.addServer(request.name, request.details);
    case 'server remove':
      return client.removeServer(request.name);
  }
}

export function doneSentence(request: ChangeRequest): string {
  switch (request.command) {
    case 'server set':
      return request.server === 'auto'
        ? 'chosen: the best server that answers'
        : `chosen: ${printable(request.server)}`;
    case 'server add':
      return `added: ${printable(request.name)}`;
    case 'server remove':
      return `removed: ${printable(request.name)}`;
  }
}

const isChosen = ({ name }: ServerEntry, { serverChoice }: Snapshot): boolean => name === serverChoice;

/** The server in use is told as it was configured: by a name of the list, or by its host name or address. */
export const isInUse = ({ name, primary }: ServerEntry, { server, state }: Snapshot): boolean =>
  state !== 'stopped' && server !== undefined && [name, primary].includes(server);

export function serverListText(snapshot: Snapshot, columns: number | undefined, style: Style): string {
  const { servers, serverChoice, server, state } = snapshot;
  const words = (entry: ServerEntry): string =>
    [isChosen(entry, snapshot) ? 'chosen' : '', isInUse(entry, snapshot) ? 'in use' : ''].filter(Boolean).join(', ');
  const column = (title: string, cell: (entry: ServerEntry) => string | undefined) => ({
    title,
    cells: servers.map((entry) => printable(cell(entry) ?? '')),
  });
  const rows = table(
    [
      column('NAME', ({ name }) => name),
      column('ADDRESS', ({ primary }) => primary),
      column('SECOND', ({ secondary }) => secondary),
      column('', words),
      column('FROM', ({ origin }) => origin),
      column('COMMENT', ({ comment }) => comment),
    ],
    columns,
    style,
  );
  const lines = servers.length === 0 ? ['There are no servers in the list.'] : rows;
  const choice =
    serverChoice === undefined
      ? 'none'
      : serverChoice === 'auto'
        ? 'the best that answers (auto)'
        : printable(serverChoice);
  const used = server === undefined || state === 'stopped' ? '' : `; in use: ${printable(server)}`;
  return `${[...lines, '', `Chosen: ${choice}${used}`].join('\n')}\n`;
}

/** For the shells' completion, and for loops. */
const namesText = ({ servers }: Snapshot): string => servers.map(({ name }) => `${printable(name)}\n`).join('');

/** Every member is always there. */
export function serverListJson(from: Snapshot | Fault): Readonly<Record<string, unknown>> {
  if ('sentence' in from) {
    return { schemaVersion: SCHEMA_VERSION, choice: null, inUse: null, servers: [], error: errorJson(from) };
  }
  const servers = from.servers.map((entry) => ({
    name: entry.name,
    primary: entry.primary,
    secondary: entry.secondary ?? null,
    comment: entry.comment ?? null,
    origin: entry.origin,
    chosen: isChosen(entry, from),
    inUse: isInUse(entry, from),
  }));
  const inUse = from.state === 'stopped' ? null : (from.server ?? null);
  return { schemaVersion: SCHEMA_VERSION, choice: from.serverChoice ?? null, inUse, servers, error: null };
}
