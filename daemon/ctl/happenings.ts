/** What happens to the tunnel, of signals and of changed properties; as a line for people and as JSON. */
import type { DaemonSignal } from '../../dbus/client.js';
import { type Reason, readReason, type ServerEntry, type Snapshot } from '../../dbus/snapshot.js';
import { SCHEMA_VERSION } from './status-json.js';
import { colourOf } from './status-text.js';
import { printable, type Style } from './terminal.js';

export type Happening =
  | { readonly event: 'bus'; readonly present: false; readonly sentence: string }
  | { readonly event: 'daemon'; readonly present: boolean; readonly state: string | null }
  | { readonly event: 'state'; readonly state: string; readonly previous: string; readonly reason: Reason | null }
  | { readonly event: 'address'; readonly address: string | null; readonly previous: string | null }
  | {
      readonly event: 'server';
      readonly server: string | null;
      readonly previous: string | null;
      readonly reason: Reason | null;
    }
  | { readonly event: 'qualification'; readonly qualified: boolean }
  | { readonly event: 'ipv6'; readonly reachable: boolean | null }
  | { readonly event: 'choice'; readonly choice: string | null; readonly previous: string | null }
  | { readonly event: 'servers'; readonly added: readonly string[]; readonly removed: readonly string[] };

/** What happens to the tunnel; undefined for what only the caller of a method is told. */
export function happeningOf(signal: DaemonSignal): Happening | undefined {
  switch (signal.name) {
    case 'StateChanged': {
      const [state, previous, reason] = signal.body;
      return { event: 'state', state, previous, reason: readReason(reason) ?? null };
    }
    case 'AddressChanged': {
      const [address, previous] = signal.body;
      return { event: 'address', address: address || null, previous: previous || null };
    }
    case 'QualificationChanged':
      return { event: 'qualification', qualified: signal.body[0] };
    case 'ServerChanged': {
      const [server, previous, reason] = signal.body;
      return {
        event: 'server',
        server: server || null,
        previous: previous || null,
        reason: readReason(reason) ?? null,
      };
    }
    case 'ProbeProgress':
    case 'DiagnoseProgress':
      return undefined;
  }
}

/** What no signal tells but that of the properties. */
export function changesBetween(before: Snapshot, after: Snapshot): Happening[] {
  const changes: Happening[] = [];
  if (before.isIpv6Reachable !== after.isIpv6Reachable) {
    changes.push({ event: 'ipv6', reachable: after.isIpv6Reachable ?? null });
  }
  if (before.serverChoice !== after.serverChoice) {
    changes.push({ event: 'choice', choice: after.serverChoice ?? null, previous: before.serverChoice ?? null });
  }
  const added = namesWithout(after.servers, before.servers);
  const removed = namesWithout(before.servers, after.servers);
  if (added.length + removed.length > 0) changes.push({ event: 'servers', added, removed });
  return changes;
}

/** Entries that have changed are in both directions. */
function namesWithout(servers: readonly ServerEntry[], others: readonly ServerEntry[]): string[] {
  const known = new Set(others.map((entry) => JSON.stringify(entry)));
  return servers.filter((entry) => !known.has(JSON.stringify(entry))).map(({ name }) => name);
}

export const happeningJson = (happening: Happening, time: Date): string =>
  JSON.stringify({ schemaVersion: SCHEMA_VERSION, time: time.toISOString(), ...happening });

export function happeningText(happening: Happening, time: Date, style: Style): string {
  return `${style.faint(time.toTimeString().slice(0, 8))}  ${sentenceOf(happening, style)}`;
}

function sentenceOf(happening: Happening, style: Style): string {
  switch (happening.event) {
    case 'bus':
      return style.bad(printable(happening.sentence));
    case 'daemon':
      return happening.present
        ? `the daemon is there, the tunnel is ${printable(happening.state ?? '')}`
        : style.bad('there is no daemon');
    case 'state': {
      const { state, previous, reason } = happening;
      return `${printable(previous)} → ${colourOf(state, style)(printable(state))}${because(reason)}`;
    }
    case 'address':
      return happening.address === null ? 'no address any more' : `address ${printable(happening.address)}`;
    case 'server': {
      const { server, reason } = happening;
      return `${server === null ? 'no server any more' : `server ${printable(server)}`}${because(reason)}`;
    }
    case 'qualification':
      return happening.qualified ? style.good('qualified: the tunnel can be used') : 'the tunnel cannot be used';
    case 'ipv6':
      if (happening.reachable === null) return 'whether the IPv6 Internet answers is not known';
      return happening.reachable ? style.good('the IPv6 Internet answers') : 'the IPv6 Internet does not answer';
    case 'choice':
      return happening.choice === null ? 'no server is chosen' : `chosen: ${printable(happening.choice)}`;
    case 'servers':
      return listSentence(happening.added, happening.removed);
  }
}

const because = (reason: Reason | null): string => (reason === null ? '' : `: ${printable(reason.sentence)}`);

function listSentence(added: readonly string[], removed: readonly string[]): string {
  const changed = added.filter((name) => removed.includes(name));
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['added', added.filter((name) => !changed.includes(name))],
    ['changed', changed],
    ['removed', removed.filter((name) => !changed.includes(name))],
  ];
  const told = parts.filter(([, names]) => names.length > 0);
  return `list of servers: ${told.map(([word, names]) => `${word} ${printable(names.join(', '))}`).join('; ')}`;
}
