/** All servers that are known, from whoever told of them, by name. */
import { readEntry, type ServerEntry } from '../../config/server-entry.js';
import { type ServerName, serverName } from '../../config/values.js';

/** Who told of a server. Of entries of one name the first in this order counts. */
export const ORIGINS = ['configuration', 'administrator', 'user'] as const;
export type Origin = (typeof ORIGINS)[number];

export interface ListedServer extends ServerEntry {
  readonly origin: Origin;
}

/** What it takes to use a server. */
export interface ServerTarget {
  /** Of the list; what the user wrote when it is not in there. */
  readonly name: string;
  readonly primary: ServerName;
  /** undefined: the address after the primary one. */
  readonly secondary: ServerName | undefined;
}

export type Named<Value> = { readonly ok: true } & Value;
/** An error of the bus. */
export interface ServerError {
  readonly ok: false;
  readonly name: 'org.miredo.Error.InvalidServer' | 'org.miredo.Error.NoSuchServer' | 'org.miredo.Error.Failed';
  readonly text: string;
}

/** BOUNDED: what users may add, and how many servers one call may ask about. */
const USERS_LIMIT = 64;
const TARGETS_LIMIT = 64;
/** Of a name, also where it is repeated to who wrote it; as long as a host name may be. */
const TEXT_LIMIT = 253;

export class ServerList {
  readonly #origins = new Map<Origin, ReadonlyMap<string, ServerEntry>>();
  #entries: readonly ListedServer[] = [];

  constructor() {
    for (const origin of ORIGINS) this.#origins.set(origin, new Map());
  }

  /** Each name once. */
  get entries(): readonly ListedServer[] {
    return this.#entries;
  }

  /** What users have added, hidden ones included: it is theirs. */
  get users(): readonly ServerEntry[] {
    return [...this.#of('user').values()];
  }

  get targets(): readonly ServerTarget[] {
    return this.#entries.map(targetOf);
  }

  /** Replaces what one of them has told. Returns the names that count for nothing, since another told of them before. */
  replace(origin: Origin, entries: readonly ServerEntry[]): readonly string[] {
    this.#origins.set(origin, new Map(entries.map((entry) => [entry.name, entry])));
    const known = new Map<string, ListedServer>();
    const hidden: string[] = [];
    for (const each of ORIGINS) {
      for (const entry of this.#of(each).values()) {
        if (known.has(entry.name)) hidden.push(entry.name);
        else known.set(entry.name, { ...entry, origin: each });
      }
    }
    this.#entries = [...known.values()];
    return hidden;
  }

  /** An entry by its name, or by the server's name or address. */
  find(text: string): ListedServer | undefined {
    const lower = text.toLowerCase();
    return (
      this.#entries.find(({ name }) => name === text) ??
      this.#entries.find(({ primary }) => primary.text.toLowerCase() === lower)
    );
  }

  /** What the text names: an entry, or else any server there may be. */
  resolve(text: string): Named<{ readonly target: ServerTarget; readonly isListed: boolean }> | ServerError {
    const entry = this.find(text);
    if (entry !== undefined) return { ok: true, target: targetOf(entry), isListed: true };
    if (text.length > TEXT_LIMIT) return invalid(`A name of more than ${TEXT_LIMIT} characters is that of no server.`);
    const read = serverName(text);
    if (!read.ok) return invalid(`${read.problem}.`);
    return { ok: true, target: { name: text, primary: read.value, secondary: undefined }, isListed: false };
  }

  /** The servers of these names; all of the list when there are none. */
  targetsOf(names: readonly string[]): Named<{ readonly targets: readonly ServerTarget[] }> | ServerError {
    if (names.length === 0) return { ok: true, targets: this.targets };
    if (names.length > TARGETS_LIMIT) return invalid(`No more than ${TARGETS_LIMIT} servers at a time.`);
    const targets: ServerTarget[] = [];
    for (const name of names) {
      const found = this.resolve(name);
      if (!found.ok) return found;
      targets.push(found.target);
    }
    return { ok: true, targets };
  }

  /** The entry that {@link add} would make of it, if it may. */
  addition(
    name: string,
    fields: Parameters<typeof readEntry>[1],
  ): Named<{ readonly entry: ServerEntry }> | ServerError {
    const read = readEntry(name, fields);
    if (!read.ok) return invalid(`${read.key === undefined ? '' : `${read.key}: `}${read.problem}.`);
    const there = this.#entries.find((entry) => entry.name === name);
    if (there !== undefined && there.origin !== 'user') return fixed(there);
    const users = this.#of('user');
    if (users.size >= USERS_LIMIT && !users.has(name)) {
      const text = `list-full: ${USERS_LIMIT} servers have been added; remove one first.`;
      return { ok: false, name: 'org.miredo.Error.Failed', text };
    }
    return read;
  }

  add(entry: ServerEntry): void {
    this.replace('user', [...this.users.filter(({ name }) => name !== entry.name), entry]);
  }

  /** Why a server cannot be removed. */
  keeps(name: string): ServerError | undefined {
    if (this.#of('user').has(name)) return undefined;
    const there = this.#entries.find((entry) => entry.name === name);
    if (there !== undefined) return fixed(there);
    const text = `There is no server ${JSON.stringify(name.slice(0, TEXT_LIMIT))} in the list.`;
    return { ok: false, name: 'org.miredo.Error.NoSuchServer', text };
  }

  remove(name: string): void {
    this.replace(
      'user',
      this.users.filter((entry) => entry.name !== name),
    );
  }

  #of(origin: Origin): ReadonlyMap<string, ServerEntry> {
    return this.#origins.get(origin) ?? new Map();
  }
}

export const targetOf = ({ name, primary, secondary }: ServerEntry): ServerTarget => ({ name, primary, secondary });

const invalid = (text: string): ServerError => ({ ok: false, name: 'org.miredo.Error.InvalidServer', text });

const fixed = ({ name, origin }: ListedServer): ServerError =>
  invalid(
    origin === 'administrator'
      ? `${name} is of the administrator's list (/etc/miredo/servers.d), which cannot be changed here.`
      : `${name} is the server of miredo.conf or of the command line, which cannot be changed here.`,
  );
