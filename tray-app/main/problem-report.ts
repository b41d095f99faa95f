/** What somebody needs to know who is asked for help: plain text, in English, with addresses hidden on request. */
import type { Step } from '../../dbus/reports.js';
import type { Snapshot } from '../../dbus/snapshot.js';
import type { LogEntry } from '../shared/log-entry.js';
import { Redactor } from '../shared/redaction.js';
import { statusSentence } from '../shared/status-text.js';
import { snapshotIn, type View } from '../shared/view.js';

export interface ReportSource {
  readonly view: View;
  readonly log: readonly LogEntry[];
  /** Names and versions of what the app runs on. */
  readonly platform: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function problemReport(source: ReportSource, isRedacted: boolean): string {
  const snapshot = snapshotIn(source.view);
  const text = [
    `Miredo problem report, ${timeOf(source.now)}`,
    isRedacted ? 'Addresses and names of servers are replaced.\n' : '',
    section('Versions', { ...source.platform, daemon: snapshot?.version, app: source.view.environment.appVersion }),
    section('State', stateOf(source.view, snapshot)),
    section('Counters', snapshot?.statistics ?? {}),
    list('Servers', (snapshot?.servers ?? []).map(serverLine)),
    list('Diagnosis', source.view.diagnosis.steps.flatMap(stepLines)),
    list('Events', source.log.map(eventLine)),
  ].join('\n');
  return isRedacted ? new Redactor(namesOf(source, snapshot)).redact(text) : text;
}

const timeOf = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? '-' : new Date(milliseconds).toISOString();

function section(title: string, values: Readonly<Record<string, string | number | undefined>>): string {
  const lines = Object.entries(values).map(([name, value]) => `${name}: ${value ?? '-'}`);
  return list(title, lines);
}

const list = (title: string, lines: readonly string[]): string =>
  [`${title}:`, ...(lines.length === 0 ? ['-'] : lines).map((line) => `  ${line}`), ''].join('\n');

function stateOf(view: View, snapshot: Snapshot | undefined): Record<string, string | number | undefined> {
  const status = statusSentence(view.tunnel, 'en');
  if (snapshot === undefined) return { status };
  const endpoint = (end: Snapshot['mapped']): string | undefined => end && `${end.address} port ${end.port}`;
  const { nat } = snapshot;
  return {
    status,
    reason: snapshot.reason?.code,
    since: timeOf(snapshot.since),
    enabled: snapshot.isEnabled ? 'yes' : 'no',
    address: snapshot.address,
    'IPv6 Internet answers': { true: 'yes', false: 'no', undefined: 'unknown' }[`${snapshot.isIpv6Reachable}`],
    server: snapshot.server,
    'server address': snapshot.serverAddress,
    'server choice': snapshot.serverChoice,
    mapped: endpoint(snapshot.mapped),
    local: endpoint(snapshot.local),
    NAT: nat && `mapping ${nat.mapping}, filtering ${nat.filtering}${nat.isPublic ? ', none' : ''}`,
    firewall: firewallOf(snapshot.firewall),
    interface: snapshot.interface?.name,
    MTU: snapshot.mtu,
    'round trip (µs)': snapshot.roundTrip,
    'last server contact': timeOf(snapshot.lastServerContact),
  };
}

const firewallOf = (firewall: Snapshot['firewall']): string | undefined =>
  firewall &&
  `${firewall.isWanted ? 'wanted' : 'off'}, ${firewall.isActive ? 'active' : 'not active'}, open: ${firewall.open.join(', ') || '-'}`;

const serverLine = ({ name, primary, secondary, origin }: Snapshot['servers'][number]): string =>
  [name, primary, secondary ?? '-', origin].join(', ');

const stepLines = ({ id, verdict, sentence, remedy }: Step): readonly string[] => [
  `${id}: ${verdict}: ${sentence}`,
  ...(remedy === undefined ? [] : [`  remedy: ${remedy}`]),
];

function eventLine({ id: _id, time, kind, ...rest }: LogEntry): string {
  const words = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value) ?? '-'}`);
  return [timeOf(time), kind, ...words].join(' ');
}

function namesOf({ view, log }: ReportSource, snapshot: Snapshot | undefined): readonly string[] {
  const listed = (snapshot?.servers ?? []).flatMap(({ name, primary, secondary }) => [name, primary, secondary]);
  const logged = log.flatMap((entry) => {
    if (entry.kind === 'server') return [entry.server, entry.previous];
    return 'subject' in entry ? [entry.subject] : [];
  });
  const probed = Object.keys(view.probes.results);
  const all = [...listed, ...logged, ...probed, snapshot?.server, snapshot?.serverChoice];
  return all.filter((name): name is string => name !== undefined && name !== 'auto');
}
