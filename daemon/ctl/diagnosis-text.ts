/** Steps of the diagnosis for people. */
import type { Step, Verdict } from '../../dbus/reports.js';
import type { Conclusion } from './conclusion.js';
import { printable, type Style, wrapped } from './terminal.js';

const TITLES: Readonly<Record<string, string>> = {
  network: 'Network',
  dns: 'DNS',
  udp: 'UDP 3544 out',
  server: 'Server',
  nat: 'NAT',
  qualified: 'Qualified',
  relay: 'IPv6 Internet',
  preference: 'Preference',
  'network-manager': 'NetworkManager',
  mtu: 'MTU',
  firewall: 'Firewall',
};

const MARKS: Readonly<Record<Verdict, string>> = { running: '…', ok: '✓', warning: '!', failed: '✗', skipped: '–' };

const WIDTH = Math.max(...Object.values(TITLES).map((title) => title.length));
/** Where the sentences stand. */
const INDENT = WIDTH + 4;

/** A daemon of another version may have other steps. */
const titleOf = (id: string): string => TITLES[id] ?? printable(id);

export function stepText(
  { id, verdict, sentence, remedy, command }: Step,
  columns: number | undefined,
  style: Style,
): string {
  const lines = [
    `${colour(verdict, style)(MARKS[verdict])} ${titleOf(id).padEnd(WIDTH)}  ${inRoom(printable(sentence), columns, INDENT)}`,
  ];
  // What to do is for what is not in order.
  if (verdict !== 'ok') lines.push(...advice(remedy, command, columns, INDENT));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

export const runningText = ({ id, sentence }: Step): string => (sentence === '' ? titleOf(id) : printable(sentence));

export function conclusionText(conclusion: Conclusion, columns: number | undefined, style: Style): string {
  const { isQualified, isIpv6Reachable, sentences, remedy, command } = conclusion;
  const internet = isIpv6Reachable === undefined ? 'not known' : isIpv6Reachable ? style.good('yes') : style.bad('no');
  const lines = [
    `Qualified:                  ${isQualified ? style.good('yes') : style.bad('no')}`,
    `The IPv6 Internet answers:  ${internet}`,
    '',
    ...sentences.map((sentence) => inRoom(printable(sentence), columns, 0)),
    ...advice(remedy, command, columns, 0),
  ];
  return `${lines.join('\n')}\n`;
}

function advice(
  remedy: string | undefined,
  command: string | undefined,
  columns: number | undefined,
  indent: number,
): string[] {
  const space = ' '.repeat(indent);
  const lines: string[] = [];
  if (remedy !== undefined) lines.push(`${space}→ ${inRoom(printable(remedy), columns, indent + 2)}`);
  // Not wrapped, to be copied.
  if (command !== undefined) lines.push(`${space}  ${printable(command)}`);
  return lines;
}

const inRoom = (text: string, columns: number | undefined, indent: number): string =>
  columns === undefined ? text : wrapped(text, columns, indent);

function colour(verdict: Verdict, style: Style): (text: string) => string {
  if (verdict === 'ok') return style.good;
  if (verdict === 'failed') return style.bad;
  return verdict === 'skipped' ? style.faint : style.busy;
}
