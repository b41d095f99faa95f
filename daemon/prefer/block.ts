/**
 * Our lines in /etc/gai.conf, as a block at its beginning: put there, found, and taken away again without a trace.
 *
 * Everything else in the file is somebody's and stays as it is, byte for byte. Text is Latin-1 here: a character a byte,
 * whatever the bytes mean.
 */
import { LABELS_WITHOUT_TEREDO, readGaiConf } from './gai-conf.js';
import { isTunnelFirst } from './order.js';

export const GAI_CONF = '/etc/gai.conf';

const BEGIN = '# BEGIN miredo prefer\n';
const END = '# END miredo prefer\n';
const TEXT = [
  '# Written by "miredoctl prefer on"; "miredoctl prefer off" takes it away. Do not edit it.\n',
  '# The built-in labels but that of 2001::/32: names that have IPv6 use the Teredo tunnel before IPv4.\n',
  ...LABELS_WITHOUT_TEREDO.map(([prefix, label]) => `label ${prefix} ${label}\n`),
].join('');
const CREATED = '# There was no such file before.\n';
/** Blocks that were ever written; a text that was released stays among them. */
const BLOCK = `${BEGIN}${TEXT}${END}`;
const CREATED_BLOCK = `${BEGIN}${CREATED}${TEXT}${END}`;

/** `edited`: there is something of a block that we have not written so, or more than one. */
type Found = 'none' | 'ours' | 'ours-alone' | 'edited';

interface Search {
  readonly found: Found;
  /** The file without it. */
  readonly rest: string;
}

function search(content: string): Search {
  for (const [block, found] of [
    [BLOCK, 'ours'],
    [CREATED_BLOCK, 'ours-alone'],
  ] as const) {
    const at = content.indexOf(block);
    if (at < 0 || (at > 0 && content[at - 1] !== '\n')) continue;
    const rest = content.slice(0, at) + content.slice(at + block.length);
    return isMarked(rest) ? { found: 'edited', rest: content } : { found, rest };
  }
  return { found: isMarked(content) ? 'edited' : 'none', rest: content };
}

const isMarked = (content: string): boolean => content.includes(BEGIN.trim()) || content.includes(END.trim());

export interface Preference {
  /** Our block is there. */
  readonly isSet: boolean;
  /** By the file as it is, whoever wrote it. */
  readonly isPreferred: boolean;
  /** Numbers of the lines, from 1, with labels and precedences that are not ours. */
  readonly ownLines: readonly number[];
}

/** `content` is undefined when there is no file. */
export function preferenceIn(content = ''): Preference {
  const { found } = search(content);
  return {
    isSet: found === 'ours' || found === 'ours-alone',
    isPreferred: isTunnelFirst(readGaiConf(content)),
    ownLines: ownLines(content, found),
  };
}

function ownLines(content: string, found: Found): readonly number[] {
  const block = found === 'none' ? -1 : content.indexOf(BEGIN);
  const end = block < 0 ? -1 : content.indexOf(END, block);
  let at = 0;
  return content.split('\n').flatMap((line, index) => {
    const isOurs = at >= block && at < end;
    at += line.length + 1;
    return !isOurs && /^\s*(label|precedence)\b/.test(line) ? [index + 1] : [];
  });
}

export type Plan =
  | { readonly ok: true; readonly change: 'none' | 'remove' }
  | { readonly ok: true; readonly change: 'write'; readonly content: string }
  | PlanRefusal;

export interface PlanRefusal {
  readonly ok: false;
  /** `own-lines`: somebody's own lines are in the way; `edited-block`: so is what was made of ours. */
  readonly code: 'own-lines' | 'edited-block';
  readonly sentence: string;
}

/** What has to become of the file for the tunnel to be preferred, or to be as if it had never been. */
export function plan(content: string | undefined, isWanted: boolean): Plan {
  const { found, rest } = search(content ?? '');
  if (found === 'edited') {
    const sentence = `The lines between "${BEGIN.trim()}" and "${END.trim()}" in ${GAI_CONF} have been edited; delete them by hand.`;
    return { ok: false, code: 'edited-block', sentence };
  }
  if (isWanted) return planOn(content, found);
  if (found === 'none') return { ok: true, change: 'none' };
  return found === 'ours-alone' && rest === ''
    ? { ok: true, change: 'remove' }
    : { ok: true, change: 'write', content: rest };
}

function planOn(content: string | undefined, found: Found): Plan {
  const before = readGaiConf(content ?? '');
  if (isTunnelFirst(before)) return { ok: true, change: 'none' };
  const after = `${content === undefined ? CREATED_BLOCK : BLOCK}${content ?? ''}`;
  const canAdd = found === 'none' && !before.hasLabels && isTunnelFirst(readGaiConf(after));
  return canAdd ? { ok: true, change: 'write', content: after } : ownLinesRefusal(content ?? '', found);
}

function ownLinesRefusal(content: string, found: Found): PlanRefusal {
  const numbers = ownLines(content, found).join(', ');
  const sentence =
    `${GAI_CONF} has labels or precedences of its own (line ${numbers}) by which IPv4 goes first, and they are left alone. ` +
    'Edit them: 2001::/32 needs the same label as ::/0, and ::/0 a higher precedence than ::ffff:0:0/96.';
  return { ok: false, code: 'own-lines', sentence };
}
