/**
 * What the rules of nftables do with IPv6 packets that come in unasked by an interface; as `nft -j list ruleset` tells.
 *
 * Theory of operation. A new connection from anywhere to anything is followed through the input chains, and through
 * those before routing, which count when they refuse it (they mostly do something else). A rule takes
 * all such packets, none, or some (a port, a rate, what we do not know). A rule that takes all of them decides; one
 * that takes some is counted, and what it leaves goes on.
 *
 * The same for connections to certain ports. Then only those rules count as exceptions that name the ports, or else what
 * is for answers alone would.
 */
import type { OpenPorts } from '../../io/firewall-commands.js';

/** What becomes of what no rule names, and how many rules make an exception of something. */
export interface Guard {
  /** 'unclear': the rules hold what we do not understand. */
  readonly rest: 'refused' | 'accepted' | 'unclear';
  /** Rules that let something in where the rest is refused, or refuse something where the rest is accepted. */
  readonly exceptions: number;
}

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
  readonly type?: string;
}

interface Rule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly expr?: readonly unknown[];
}

interface Ruleset {
  readonly chains: readonly Chain[];
  readonly rules: readonly Rule[];
  readonly interfaceName: string;
  /** undefined: connections to anything. */
  readonly ports: OpenPorts | undefined;
}

type Part = Record<string, unknown>;
type Taken = 'all' | 'some' | 'none';
type End = 'accept' | 'drop' | 'unclear';

interface Walk {
  /** undefined: goes back to where it came from. */
  end: End | undefined;
  accepting: number;
  dropping: number;
  unclear: number;
}

const FAMILIES = ['inet', 'ip6'];
/** Statements that let a packet go on. */
const HARMLESS = ['counter', 'log', 'mangle', 'notrack'];
/** The kernel's own limit of jumps. */
const DEPTH = 16;
/** BOUNDED: rules that are followed; more are not judged. */
const STEPS = 20_000;

/** undefined when the text is not what nft(8) prints. */
export function judgeRuleset(json: string, interfaceName: string): Guard | undefined {
  const ruleset = rulesetOf(json, interfaceName);
  return ruleset && judge(ruleset);
}

/** Those of `open` that rules in other tables than `table` refuse to everybody, for all that can be told. */
export function refusedBeside(
  json: string,
  interfaceName: string,
  table: string,
  open: readonly OpenPorts[],
): readonly OpenPorts[] {
  const ruleset = rulesetOf(json, interfaceName);
  if (ruleset === undefined) return [];
  const chains = ruleset.chains.filter((chain) => chain.table !== table);
  const guardOfPorts = (ports: OpenPorts): Guard => judge({ ...ruleset, chains, ports });
  return open.filter((ports) => isShut(guardOfPorts(ports)));
}

/** Which program keeps the rules, by the names it gives them. */
export function keeperOf(json: string): 'ufw' | 'firewalld' | undefined {
  const { chains = [] } = rulesetOf(json, '') ?? {};
  if (chains.some(({ name }) => name.startsWith('ufw6-'))) return 'ufw';
  return chains.some(({ table }) => table === 'firewalld') ? 'firewalld' : undefined;
}

export const isShut = ({ rest, exceptions }: Guard): boolean => rest === 'refused' && exceptions === 0;

function rulesetOf(json: string, interfaceName: string): Ruleset | undefined {
  const items = itemsOf(json);
  if (items === undefined) return undefined;
  const chains = items.flatMap((item) => (isObject(item['chain']) ? [item['chain'] as unknown as Chain] : []));
  const rules = items.flatMap((item) => (isObject(item['rule']) ? [item['rule'] as unknown as Rule] : []));
  return { chains, rules, interfaceName, ports: undefined };
}

function judge(ruleset: Ruleset): Guard {
  const budget = { left: STEPS };
  const guardsAt = (hook: string): Guard[] =>
    ruleset.chains
      .filter((chain) => FAMILIES.includes(chain.family) && chain.hook === hook && chain.type === 'filter')
      .map((chain) => guardOf(walkChain(ruleset, chain, 0, budget), chain.policy));
  return together([...guardsAt('input'), ...guardsAt('prerouting').filter(({ rest }) => rest === 'refused')]);
}

/** A packet has to pass them all. */
export function together(guards: readonly Guard[]): Guard {
  const refusing = guards.filter(({ rest }) => rest === 'refused').sort((a, b) => a.exceptions - b.exceptions);
  const [strictest] = refusing;
  if (strictest !== undefined) return strictest;
  const exceptions = guards.reduce((sum, guard) => sum + guard.exceptions, 0);
  return { rest: guards.some(({ rest }) => rest === 'unclear') ? 'unclear' : 'accepted', exceptions };
}

function guardOf({ end, accepting, dropping, unclear }: Walk, policy: string | undefined): Guard {
  const last = end ?? (policy === 'drop' ? 'drop' : 'accept');
  if (last === 'unclear' || unclear > 0) return { rest: 'unclear', exceptions: accepting + dropping };
  return last === 'drop' ? { rest: 'refused', exceptions: accepting } : { rest: 'accepted', exceptions: dropping };
}

function walkChain(ruleset: Ruleset, chain: Chain, depth: number, budget: { left: number }): Walk {
  const walk: Walk = { end: undefined, accepting: 0, dropping: 0, unclear: 0 };
  const own = ruleset.rules.filter(
    (rule) => rule.family === chain.family && rule.table === chain.table && rule.chain === chain.name,
  );
  for (const { expr = [] } of own) {
    budget.left -= 1;
    if (budget.left < 0 || depth > DEPTH) return { ...walk, end: 'unclear' };
    const parts = expr.filter(isObject);
    const taken = partsTaken(parts, ruleset);
    if (taken === 'none') continue;
    const verdict = parts.at(-1) ?? {};
    const isAll = taken === 'all';
    if ('return' in verdict && isAll) return walk;
    const target = targetOf(verdict, ruleset, chain);
    if (target !== undefined) {
      const below = walkChain(ruleset, target, depth + 1, budget);
      add(walk, below, isAll || !counts(parts, ruleset));
      // From a `goto` nothing comes back to this chain.
      if (isAll && below.end !== undefined) return { ...walk, end: below.end };
      if (isAll && 'goto' in verdict) return walk;
      continue;
    }
    const end = endOf(verdict, ruleset);
    if (end === undefined) continue;
    if (isAll) return { ...walk, end };
    if (counts(parts, ruleset)) count(walk, end);
  }
  return walk;
}

/** `isEndOwn`: where it ends is not to be counted as well. */
function add(walk: Walk, below: Walk, isEndOwn: boolean): void {
  walk.accepting += below.accepting;
  walk.dropping += below.dropping;
  walk.unclear += below.unclear;
  if (!isEndOwn && below.end !== undefined) count(walk, below.end);
}

/** Whether a rule that takes some packets says anything about ours. */
function counts(parts: readonly Part[], { ports }: Ruleset): boolean {
  if (ports === undefined) return true;
  const lefts = parts.flatMap(({ match }) => (isObject(match) && isObject(match['left']) ? [match['left']] : []));
  // Older versions of iptables(8) hide the port in a match of their own, behind the protocol.
  const isHidden = parts.some((part) => 'xt' in part) && lefts.some(isProtocol);
  return isHidden || lefts.some((left) => isPort(left, ports));
}

function count(walk: Walk, end: End): void {
  if (end === 'accept') walk.accepting += 1;
  else if (end === 'drop') walk.dropping += 1;
  else walk.unclear += 1;
}

function endOf(verdict: Part, { ports }: Ruleset): End | undefined {
  if ('accept' in verdict) return 'accept';
  if ('drop' in verdict || 'reject' in verdict) return 'drop';
  // Mostly an entry in the log, or a refusal: not what lets a port in.
  if ('xt' in verdict && ports !== undefined) return undefined;
  // A map of verdicts, a queue to a program, what iptables brought along.
  return 'vmap' in verdict || 'queue' in verdict || 'xt' in verdict ? 'unclear' : undefined;
}

function targetOf(verdict: Part, { chains }: Ruleset, from: Chain): Chain | undefined {
  const to = verdict['jump'] ?? verdict['goto'];
  const name = isObject(to) ? to['target'] : undefined;
  return chains.find((chain) => chain.name === name && chain.table === from.table && chain.family === from.family);
}

function partsTaken(parts: readonly Part[], ruleset: Ruleset): Taken {
  let taken: Taken = 'all';
  for (const part of parts) {
    const one = partTaken(part, ruleset);
    if (one === 'none') return 'none';
    if (one === 'some') taken = 'some';
  }
  return taken;
}

const VERDICTS = ['accept', 'drop', 'reject', 'jump', 'goto', 'return', 'continue', 'vmap', 'queue'];

function partTaken(part: Part, ruleset: Ruleset): Taken {
  const match = part['match'];
  if (!isObject(match)) return [...HARMLESS, ...VERDICTS].some((name) => name in part) ? 'all' : 'some';
  const { op, left, right } = match;
  if (!isObject(left)) return 'some';
  if (ruleset.ports !== undefined && isPort(left, ruleset.ports)) return portsTaken(op, right, ruleset.ports);
  const is = wanted(left, ruleset);
  if (is === undefined) return isOfIpv4(left) || isOfOthers(left, ruleset) ? 'none' : 'some';
  const values = valuesOf(right);
  if (values === undefined) return 'some';
  const isIn = values.some((value) => is(value));
  return isIn === (op !== '!=') ? 'all' : 'none';
}

/** How to tell whether a value is that of our packets. */
function wanted(left: Part, { interfaceName, ports }: Ruleset): ((value: string) => boolean) | undefined {
  const { meta, ct } = left;
  if (ports !== undefined && isProtocol(left)) return (value) => value === ports.protocol;
  if (isObject(ct) && ct['key'] === 'state') return (value) => value === 'new';
  const key = isObject(meta) ? meta['key'] : undefined;
  if (key === 'iifname' || key === 'iif') {
    return (value) => (value.endsWith('*') ? interfaceName.startsWith(value.slice(0, -1)) : value === interfaceName);
  }
  if (key === 'nfproto') return (value) => value === 'ipv6';
  return key === 'protocol' ? (value) => value === 'ip6' : undefined;
}

function isOfIpv4({ payload }: Part): boolean {
  return isObject(payload) && (payload['protocol'] === 'ip' || payload['protocol'] === 'icmp');
}

/** nft(8) leaves the protocol out where a port of it is asked for. */
function isOfOthers({ payload }: Part, { ports }: Ruleset): boolean {
  const protocol = isObject(payload) ? payload['protocol'] : undefined;
  return ports !== undefined && protocol !== ports.protocol && TRANSPORTS.some((one) => one === protocol);
}

const TRANSPORTS = ['tcp', 'udp', 'icmpv6', 'sctp', 'dccp', 'udplite'];

function isProtocol({ meta, payload }: Part): boolean {
  if (isObject(payload)) return payload['protocol'] === 'ip6' && payload['field'] === 'nexthdr';
  return isObject(meta) && meta['key'] === 'l4proto';
}

function isPort({ payload }: Part, { protocol }: OpenPorts): boolean {
  return (
    isObject(payload) && payload['field'] === 'dport' && ['th', protocol].some((one) => one === payload['protocol'])
  );
}

function portsTaken(op: unknown, right: unknown, { first, last }: OpenPorts): Taken {
  const ranges = rangesOf(right);
  if (ranges === undefined || !['==', '!=', 'in'].some((known) => known === op)) return 'some';
  const isIn = ranges.some(([from, to]) => from <= first && last <= to);
  const isOut = ranges.every(([from, to]) => last < from || to < first);
  if (!isIn && !isOut) return 'some';
  return isIn === (op !== '!=') ? 'all' : 'none';
}

/** undefined when they are named elsewhere. */
function rangesOf(right: unknown): readonly (readonly [from: number, to: number])[] | undefined {
  const value = isObject(right) && 'set' in right ? right['set'] : right;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const ranges = list.flatMap((item) => {
    const [from, to] = isObject(item) && Array.isArray(item['range']) ? item['range'] : [item, item];
    return typeof from === 'number' && typeof to === 'number' ? [[from, to] as const] : [];
  });
  return ranges.length === list.length ? ranges : undefined;
}

/** undefined when they are named elsewhere. */
function valuesOf(right: unknown): readonly string[] | undefined {
  const list = isObject(right) ? right['set'] : right;
  if (typeof list === 'string') return list.startsWith('@') ? undefined : [list];
  if (!Array.isArray(list)) return undefined;
  const values = list.filter((value) => typeof value === 'string');
  return values.length === list.length ? values : undefined;
}

function itemsOf(json: string): readonly Part[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const list = isObject(value) ? value['nftables'] : undefined;
    return Array.isArray(list) ? list.filter(isObject) : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Part =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
