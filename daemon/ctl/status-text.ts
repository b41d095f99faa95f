/** The state of the tunnel as a table for people. */
import { durationParts, scaledBytes } from '../../dbus/quantities.js';
import { type Firewall, isBusy, type Nat, type Snapshot } from '../../dbus/snapshot.js';
import { aligned, printable, type Style } from './terminal.js';

type Row = readonly [label: string, value: string];

/** `now`: milliseconds since 1970. */
export function statusText(snapshot: Snapshot, now: number, style: Style): string {
  return aligned([...tunnelRows(snapshot, now, style), ...trafficRows(snapshot, now), ...versionRow(snapshot)], style);
}

/** "failed: …sentence", without colours and time: for progress and the monitor. */
export function stateSentence({ state, reason, address, server }: Snapshot): string {
  if (state === 'qualified' && address !== undefined) return `qualified: ${printable(address)}`;
  if (reason !== undefined) return `${printable(state)}: ${printable(reason.sentence)}`;
  if (isBusy(state) && server !== undefined) return `${printable(state)}: server ${printable(server)}`;
  return printable(state);
}

export function colourOf(state: string, style: Style): (text: string) => string {
  if (state === 'qualified') return style.good;
  if (state === 'failed') return style.bad;
  return isBusy(state) ? style.busy : style.faint;
}

/** See miredo-network.conf(5). */
const POLICY_WORDS: Readonly<Record<string, string>> = {
  automatic: 'automatic: up where there is no native IPv6',
  always: 'always',
  never: 'never on this network',
};

function tunnelRows(snapshot: Snapshot, now: number, style: Style): Row[] {
  const { state, reason, since, isEnabled, networkPolicy, address, local, mapped, nat, mtu } = snapshot;
  const word = colourOf(state, style)(printable(state));
  const rows: Row[] = [['State', since === undefined ? word : `${word} for ${duration(now - since)}`]];
  if (reason !== undefined) rows.push(['Reason', printable(reason.sentence)]);
  rows.push(['Enabled', isEnabled ? 'yes' : 'no']);
  if (networkPolicy !== undefined) rows.push(['Policy', POLICY_WORDS[networkPolicy] ?? printable(networkPolicy)]);
  if (address !== undefined) rows.push(['Address', printable(address)]);
  if (state === 'qualified') rows.push(['IPv6 Internet', internetWords(snapshot, style)]);
  if (local !== undefined) rows.push(['Local', endpoint(local)]);
  if (mapped !== undefined) rows.push(['Mapped to', endpoint(mapped)]);
  rows.push(...serverRows(snapshot));
  if (nat !== undefined) rows.push(['NAT', natWords(nat)]);
  if (snapshot.firewall !== undefined) rows.push(['Firewall', firewallWords(snapshot.firewall)]);
  if (snapshot.interface !== undefined) {
    const { name, index } = snapshot.interface;
    rows.push(['Interface', `${printable(name)}, index ${index}${mtu === undefined ? '' : `, MTU ${mtu}`}`]);
  }
  return rows;
}

const endpoint = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  `${printable(address)}, port ${port}`;

/** Apart from being qualified, which takes a server only. */
function internetWords({ isIpv6Reachable }: Snapshot, style: Style): string {
  if (isIpv6Reachable === undefined) return 'not known whether it answers: miredoctl diagnose';
  return isIpv6Reachable ? style.good('answers') : `${style.bad('does not answer')}: miredoctl diagnose`;
}

function serverRows({ server, serverAddress, serverChoice }: Snapshot): Row[] {
  const words = [server, serverAddress === server ? undefined : serverAddress].filter((one) => one !== undefined);
  const rows: Row[] = words.length === 0 ? [] : [['Server', printable(words.join(', '))]];
  if (serverChoice === undefined || serverChoice === server) return rows;
  const choice = serverChoice === 'auto' ? 'the best server that answers (auto)' : printable(serverChoice);
  return [...rows, ['Chosen', choice]];
}

/** With the words that Windows has for it: none, cone, restricted, symmetric. */
export function natWords({ mapping, filtering, portPreserving, isPublic, learntBy }: Nat): string {
  if (isPublic) return 'none, the address is public';
  const kinds: Readonly<Record<string, string>> = { 'endpoint-independent': 'cone', dependent: 'restricted' };
  const kind = mapping === 'symmetric' ? 'symmetric' : kinds[filtering];
  const how = learntBy === '' || filtering === 'unknown' ? '' : ` (known by ${printable(learntBy)})`;
  return [
    ...(kind === undefined ? [] : [kind]),
    `${printable(mapping)} mapping`,
    `${printable(filtering)} filtering${how}`,
    `port ${portPreserving ? 'preserved' : 'changed'}`,
  ].join(', ');
}

/** What of the IPv6 Internet reaches this computer through the tunnel. */
export function firewallWords({ isWanted, isActive, open }: Firewall): string {
  if (!isWanted) return 'off: "Firewall yes" in miredo.conf(5) sets one up';
  const exceptions = ['ping', ...open.map(printable)].join(', ');
  if (isActive) return `lets in answers, and of what is unasked ${exceptions}`;
  return `not set up now; will let in ${exceptions}`;
}

/** The same by itself, with what opens ports. */
export function firewallSentence(firewall: Firewall): string {
  const how = firewall.isWanted ? '; FirewallOpen in miredo.conf(5) opens ports' : '';
  return `firewall: ${firewallWords(firewall)}${how}`;
}

function trafficRows(snapshot: Snapshot, now: number): Row[] {
  const { roundTrip, lastServerContact, refreshInterval, statistics } = snapshot;
  const rows: Row[] = [];
  if (roundTrip !== undefined) rows.push(['Round trip', `${(roundTrip / 1000).toFixed(1)} ms to the server`]);
  if (lastServerContact !== undefined) rows.push(['Last contact', `${duration(now - lastServerContact)} ago`]);
  if (refreshInterval !== undefined) rows.push(['Refresh', `every ${duration(refreshInterval / 1000)} at the latest`]);
  const count = (name: string): number => statistics[name] ?? 0;
  if (Object.keys(statistics).length === 0) return rows;
  rows.push(['Received', `${plural(count('datagrams-in'), 'datagram')}, ${bytes(count('bytes-in'))}`]);
  rows.push(['Sent', `${plural(count('packets-out'), 'packet')}, ${bytes(count('bytes-out'))}`]);
  rows.push(['Bubbles', `${count('bubbles-received')} received, ${count('bubbles-sent')} sent`]);
  rows.push(['Peers', String(count('peers'))]);
  const drops = dropsOf(statistics);
  if (drops.length > 0) rows.push(['Dropped', drops.map(([reason, n]) => `${n} ${printable(reason)}`).join(', ')]);
  return rows;
}

const versionRow = ({ version }: Snapshot): Row[] => (version === undefined ? [] : [['Daemon', printable(version)]]);

/** The reasons for which packets were dropped, most frequent first. */
function dropsOf(statistics: Snapshot['statistics']): (readonly [reason: string, count: number])[] {
  const prefix = 'dropped-';
  return Object.entries(statistics)
    .filter(([name, count]) => name.startsWith(prefix) && count > 0)
    .map(([name, count]) => [name.slice(prefix.length), count] as const)
    .sort(([, a], [, b]) => b - a);
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** In powers of 1000: "1.5 kB". */
export function bytes(count: number): string {
  const [value, unit] = scaledBytes(count);
  return unit === 'B' ? plural(count, 'byte') : `${value.toFixed(1)} ${unit}`;
}

/** Of milliseconds, in the two largest units: "3 h 5 min". */
export const duration = (milliseconds: number): string =>
  durationParts(milliseconds)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
