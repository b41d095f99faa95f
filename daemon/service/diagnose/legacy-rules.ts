/** The older rules of ip6tables-legacy(8), which nft(8) does not show; as `ip6tables-legacy-save -t filter` tells. */
import type { Guard } from './firewall-rules.js';

/** undefined when the text is not of that kind. Rules are counted, not followed. */
export function judgeLegacyRules(text: string): Guard | undefined {
  const lines = text.split('\n');
  const policy = lines.map((line) => /^:INPUT (\w+)/.exec(line)?.[1]).find((found) => found !== undefined);
  if (policy === undefined) return undefined;
  const rules = lines.filter((line) => line.startsWith('-A INPUT '));
  if (policy === 'DROP') return { rest: 'refused', exceptions: rules.filter(isExceptional).length };
  return rules.length === 0 ? { rest: 'accepted', exceptions: 0 } : { rest: 'unclear', exceptions: rules.length };
}

/** Answers are no exception, and what comes from this computer is none. */
function isExceptional(rule: string): boolean {
  const isAnswer = /--(?:ct)?state (?!\S*NEW)\S+/.test(rule) || / -i lo /.test(rule);
  return !isAnswer && !/ -j (?:DROP|REJECT|LOG)\b/.test(rule);
}
