/**
 * What the rules of nftables do with IPv6 packets that come in unasked by an interface; as `nft -j list ruleset` tells.
 *
 * Theory of operation. A new connection from anywhere to anything is followed through the input chains, and through
 * those before routing, which count when they refuse it (they mostly do something else). A rule takes
 * all such packets, none, or some (a port, a rate, what we do not know). A rule that takes all of them decides; one
 * that takes some is counted, and what it leaves goes on.
 */

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
  const items = itemsOf(json);
  if (items === undefined) return undefined;
  const chains = items.flatMap((item) => (isObject(item['chain']) ? [item['chain'] as unknown as Chain] : []));
  const rules = items.flatMap((item) => (isObject(item['rule']) ? [item['rule'] as unknown as Rule] : []));
  const ruleset: Ruleset = { chains, rules, interfaceName };
  const budget = { left: STEPS };
  const guardsAt = (hook: string): Guard[] =>
    chains
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
    const taken = partsTaken(parts, ruleset.interfaceName);
    if (taken === 'none') continue;
    const verdict = parts.at(-1) ?? {};
    const isAll = taken === 'all';
    if ('return' in verdict && isAll) return walk;
    const target = targetOf(verdict, ruleset, chain);
    if (target !== undefined) {
      const below = walkChain(ruleset, target, depth + 1, budget);
      add(walk, below, isAll);
      // From a `goto` nothing comes back to this chain.
      if (isAll && below.end !== undefined) return { ...walk, end: below.end };
      if (isAll && 'goto' in verdict) return walk;
      continue;
    }
    const end = endOf(verdict);
    if (end === undefined) continue;
    if (isAll) return { ...walk, end };
    count(walk, end);
  }
  return walk;
}

function add(walk: Walk, below: Walk, isAll: boolean): void {
  walk.accepting += below.accepting;
  walk.dropping += below.dropping;
  walk.unclear += below.unclear;
  if (!isAll && below.end !== undefined) count(walk, below.end);
}

function count(walk: Walk, end: End): void {
  if (end === 'accept') walk.accepting += 1;
  else if (end === 'drop') walk.dropping += 1;
  else walk.unclear += 1;
}

function endOf(verdict: Part): End | undefined {
  if ('accept' in verdict) return 'accept';
  if ('drop' in verdict || 'reject' in verdict) return 'drop';
  // A map of verdicts, a queue to a program, what iptables brought along.
  return 'vmap' in verdict || 'queue' in verdict || 'xt' in verdict ? 'unclear' : undefined;
}

function targetOf(verdict: Part, { chains }: Ruleset, from: Chain): Chain | undefined {
  const to = verdict['jump'] ?? verdict['goto'];
  const name = isObject(to) ? to['target'] : undefined;
  return chains.find((chain) => chain.name === name && chain.table === from.table && chain.family === from.family);
}

function partsTaken(parts: readonly Part[], interfaceName: string): Taken {
  let taken: Taken = 'all';
  for (const part of parts) {
    const one = partTaken(part, interfaceName);
    if (one === 'none') return 'none';
    if (one === 'some') taken = 'some';
  }
  return taken;
}

const VERDICTS = ['accept', 'drop', 'reject', 'jump', 'goto', 'return', 'continue', 'vmap', 'queue'];

function partTaken(part: Part, interfaceName: string): Taken {
  const match = part['match'];
  if (!isObject(match)) return [...HARMLESS, ...VERDICTS].some((name) => name in part) ? 'all' : 'some';
  const { op, left, right } = match;
  if (!isObject(left)) return 'some';
  const is = wanted(left, interfaceName);
  if (is === undefined) return isOfIpv4(left) ? 'none' : 'some';
  const values = valuesOf(right);
  if (values === undefined) return 'some';
  const isIn = values.some((value) => is(value));
  return isIn === (op !== '!=') ? 'all' : 'none';
}

/** How to tell whether a value is that of our packets. */
function wanted(left: Part, interfaceName: string): ((value: string) => boolean) | undefined {
  const { meta, ct } = left;
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
