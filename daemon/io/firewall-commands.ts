/**
 * The rules of the tunnel's firewall as commands of nft(8), each one line, which the kernel takes whole or not at all.
 *
 * One chain at the hook "prerouting", behind connection tracking: what comes in by the tunnel's interface is judged
 * there once, be it for this computer or to be passed on, and with the port that the sender wrote, before anything
 * translates it. What comes in by other interfaces is let go on at the first rule; no other table is touched.
 */

/** What the rules are for. The index stays while a descriptor holds the interface; its name is root's to change. */
export interface GuardedInterface {
  readonly name: string;
  readonly index: number;
}

/** Ports of this computer that anybody may connect to. */
export interface OpenPorts {
  readonly protocol: 'tcp' | 'udp';
  readonly first: number;
  /** The same as the first when it is one port. */
  readonly last: number;
}

export const FAMILY = 'ip6';
export const COUNTER = 'refused';
/** A chain of nothing, by which a table is known for ours where the kernel knows no owners. */
export const MARK = 'made-by-miredo';
const CHAIN = 'incoming';

/** BOUNDED: names that are tried while tables of others have them. */
const NAMES = 4;

/** A table's name takes what an interface's name is made of, but for the one sign. */
export function tableNames(interfaceName: string): string[] {
  const name = `miredo-${interfaceName.replaceAll('@', '/')}`;
  return Array.from({ length: NAMES }, (_, index) => (index === 0 ? name : `${name}.${index + 1}`));
}

/** As the configuration writes it. */
export const formatPorts = ({ protocol, first, last }: OpenPorts): string => `${rangeOf(first, last)}/${protocol}`;

const rangeOf = (first: number, last: number): string => (first === last ? String(first) : `${first}-${last}`);

/**
 * Fails when there is such a table. `isOwned`: it is the process's that makes it, goes with it, and nobody else can
 * change it, `flush ruleset` included (Linux 5.12).
 */
export function creation(
  table: string,
  tunnel: GuardedInterface,
  open: readonly OpenPorts[],
  isOwned: boolean,
): string {
  const begin = isOwned
    ? [`create table ${FAMILY} ${table} { flags owner; }`]
    : [`create table ${FAMILY} ${table}`, `add chain ${FAMILY} ${table} ${MARK}`];
  return line([
    ...begin,
    `add counter ${FAMILY} ${table} ${COUNTER}`,
    // By its number, which every version of nft knows: "mangle".
    `add chain ${FAMILY} ${table} ${CHAIN} { type filter hook prerouting priority -150; policy accept; }`,
    ...rules(table, tunnel, open),
  ]);
}

/** Other ports; connections and the counter stay. */
export const replacement = (table: string, tunnel: GuardedInterface, open: readonly OpenPorts[]): string =>
  line([`flush chain ${FAMILY} ${table} ${CHAIN}`, ...rules(table, tunnel, open)]);

export const removal = (table: string): string => `delete table ${FAMILY} ${table}`;

const line = (commands: readonly string[]): string => commands.join('; ');

function rules(table: string, { name, index }: GuardedInterface, open: readonly OpenPorts[]): string[] {
  return [
    // By its index, under whatever name; and by its name, lest nft take the number for the name of another interface.
    `iif != ${index} iifname != "${name}" accept`,
    'ct state established,related accept',
    // RFC 4890 §4.3.1 and §4.4.1: errors, too big among them, which connection tracking may not know what to do with.
    'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept',
    // The same: Teredo's test of connectivity needs them. No more than a tunnel has a use for.
    'icmpv6 type echo-request limit rate 100/second burst 200 packets accept',
    // Neighbours and routers (RFC 4861) there are none: a tunnel has no link.
    ...open.map(({ protocol, first, last }) => `${protocol} dport ${rangeOf(first, last)} accept`),
    `counter name ${COUNTER} drop`,
  ].map((rule) => `add rule ${FAMILY} ${table} ${CHAIN} ${rule}`);
}

/** Tables of ours that nobody owns any more, from `nft -j list chains`. */
export function leftovers(json: string, interfaceName: string): string[] {
  const names = tableNames(interfaceName);
  return itemsOf(json, 'chain')
    .filter(({ family, name, table }) => family === FAMILY && name === MARK && names.includes(String(table)))
    .map(({ table }) => String(table));
}

/** Packets that were refused, from `nft -j list counter`; undefined when it says nothing of the kind. */
export function refusedIn(json: string): number | undefined {
  const packets = itemsOf(json, 'counter').find(({ name }) => name === COUNTER)?.['packets'];
  return typeof packets === 'number' ? packets : undefined;
}

interface Item {
  readonly family?: unknown;
  readonly table?: unknown;
  readonly name?: unknown;
  readonly [key: string]: unknown;
}

/** What is no JSON holds nothing. */
function itemsOf(json: string, kind: string): Item[] {
  try {
    const { nftables = [] } = JSON.parse(json) as { readonly nftables?: readonly Readonly<Record<string, Item>>[] };
    return nftables.flatMap(({ [kind]: item }) => (item === undefined ? [] : [item]));
  } catch {
    return [];
  }
}
