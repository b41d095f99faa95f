/** What the rules of nftables do with IPv6 packets that come in unasked by an interface; as `nft -j list ruleset` tells. */

/** 'mixed': there are rules, but what they come to together is not for us to say. */
export type Guard = 'refused' | 'open' | 'mixed';

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

const FAMILIES = ['inet', 'ip6'];

/** undefined when the text is not what nft(8) prints. */
export function judgeRuleset(json: string, interfaceName: string): Guard | undefined {
  const items = itemsOf(json);
  if (items === undefined) return undefined;
  const chains = items.flatMap((item) => (isObject(item['chain']) ? [item['chain'] as unknown as Chain] : []));
  const rules = items.flatMap((item) => (isObject(item['rule']) ? [item['rule'] as unknown as Rule] : []));
  const inputs = chains.filter(
    ({ family, hook, type }) => FAMILIES.includes(family) && hook === 'input' && type === 'filter',
  );
  if (inputs.some(({ policy }) => policy === 'drop')) return 'refused';
  const own = inputs.flatMap((chain) =>
    rules.filter((rule) => rule.family === chain.family && rule.table === chain.table && rule.chain === chain.name),
  );
  if (own.some((rule) => refuses(rule, interfaceName))) return 'refused';
  return own.length === 0 ? 'open' : 'mixed';
}

/** A rule that refuses everything, or everything that comes in by this interface. */
function refuses({ expr = [] }: Rule, interfaceName: string): boolean {
  const last = expr.at(-1);
  if (!isObject(last) || !('drop' in last || 'reject' in last)) return false;
  return expr
    .slice(0, -1)
    .every((part) => isObject(part) && ('counter' in part || 'log' in part || isOf(part, interfaceName)));
}

function isOf(part: Record<string, unknown>, interfaceName: string): boolean {
  const match = part['match'];
  if (!isObject(match) || match['op'] !== '==' || match['right'] !== interfaceName) return false;
  const left = match['left'];
  const meta = isObject(left) ? left['meta'] : undefined;
  return isObject(meta) && (meta['key'] === 'iifname' || meta['key'] === 'iif');
}

function itemsOf(json: string): readonly Record<string, unknown>[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const list = isObject(value) ? value['nftables'] : undefined;
    return Array.isArray(list) ? list.filter(isObject) : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
