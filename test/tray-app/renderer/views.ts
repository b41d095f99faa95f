/** Views and snapshots for tests: what the main process would send in each state. */
import type { Probe, Step, Verdict } from '../../../dbus/reports.js';
import type { ServerEntry, Snapshot } from '../../../dbus/snapshot.js';
import type { LogEntry } from '../../../tray-app/shared/log-entry.js';
import type { Sample } from '../../../tray-app/shared/sample.js';
import type { PendingTask, Task, View } from '../../../tray-app/shared/view.js';
import { aSnapshot, aView } from '../a-view.js';

/** When all of it happens: 24 November 2026, 14:03:20 UTC. */
export const NOW = Date.UTC(2026, 10, 24, 14, 3, 20);
const MINUTE = 60_000;

export const SERVERS: readonly ServerEntry[] = [
  {
    name: 'teredo.example.org',
    primary: 'teredo.example.org',
    secondary: undefined,
    comment: 'Our own, in Frankfurt',
    origin: 'administrator',
  },
  {
    name: 'office',
    primary: '203.0.113.10',
    secondary: '203.0.113.20',
    comment: undefined,
    origin: 'configuration',
  },
  { name: 'relay.example.net', primary: 'relay.example.net', secondary: undefined, comment: undefined, origin: 'user' },
];

const VERSION = '2.0.0-alpha.1';

const STOPPED = aSnapshot({
  reason: { code: 'user', sentence: 'The tunnel was stopped on request.' },
  since: NOW - 12 * MINUTE,
  servers: SERVERS,
  version: VERSION,
});

const STARTED: Snapshot = {
  ...STOPPED,
  reason: undefined,
  since: NOW - 4000,
  isEnabled: true,
  server: 'teredo.example.org',
};

const QUALIFIED: Snapshot = {
  ...STARTED,
  state: 'qualified',
  since: NOW - 73 * MINUTE,
  address: '2001:0:5ef5:79fb:3c4b:f5ff:3fff:fdd3',
  local: { address: '192.168.178.44', port: 41_230 },
  mapped: { address: '198.51.100.7', port: 41_230 },
  serverAddress: '94.245.121.251',
  nat: {
    mapping: 'endpoint-independent',
    filtering: 'dependent',
    portPreserving: true,
    isPublic: false,
    learntBy: 'qualification',
  },
  isIpv6Reachable: true,
  interface: { name: 'teredo', index: 7 },
  mtu: 1280,
  roundTrip: 23_400,
  lastServerContact: NOW - 11_000,
  refreshInterval: 30_000_000,
  statistics: {
    'datagrams-in': 48_211,
    'bytes-in': 51_733_204,
    'packets-out': 30_914,
    'bytes-out': 7_204_118,
    'bubbles-sent': 214,
    'bubbles-received': 187,
    peers: 12,
    'dropped-bubble': 187,
    'dropped-control': 96,
    'dropped-untrusted': 14,
    'dropped-spoofed': 3,
    'dropped-queue-full': 2,
  },
};

/** One for each word, and one that is not known. */
export const SNAPSHOTS = {
  stopped: STOPPED,
  waiting: {
    ...STARTED,
    state: 'waiting',
    reason: { code: 'no-network', sentence: 'There is no IPv4 network yet; the tunnel starts when there is one.' },
    server: undefined,
  },
  resolving: { ...STARTED, state: 'resolving' },
  qualifying: { ...STARTED, state: 'qualifying', serverAddress: '94.245.121.251' },
  qualified: QUALIFIED,
  'qualified-without-relay': { ...QUALIFIED, isIpv6Reachable: false },
  failed: {
    ...STARTED,
    state: 'failed',
    reason: { code: 'symmetric-nat', sentence: 'The NAT gives each destination another mapping (symmetric NAT).' },
  },
  unknown: { ...STARTED, state: 'hibernating' },
} as const satisfies Record<string, Snapshot>;

export const PRESENCES = {
  connecting: { presence: 'connecting' },
  'no-bus': { presence: 'no-bus', sentence: 'connect ENOENT /run/dbus/system_bus_socket' },
  'no-daemon': { presence: 'no-daemon', isActivatable: false },
  activatable: { presence: 'no-daemon', isActivatable: true },
} as const satisfies Record<string, View['tunnel']>;

export type ViewChange = Partial<View> & { readonly snapshot?: Snapshot };

/** With a stopped tunnel, unless told otherwise. */
export const viewOf = ({ snapshot = STOPPED, ...change }: ViewChange = {}): View =>
  aView(snapshot, {
    environment: { tray: 'present', locale: 'en', theme: 'light', appVersion: VERSION },
    ...change,
  });

export const pendingOf = (task: Task, subject?: string): PendingTask => ({ task, subject, since: NOW - 500 });

export const german = (view: View): View => ({ ...view, environment: { ...view.environment, locale: 'de' } });

/** Every state with a name, for screenshots and tables. */
export const STATES: Readonly<Record<string, View>> = {
  ...Object.fromEntries(Object.entries(SNAPSHOTS).map(([name, snapshot]) => [name, viewOf({ snapshot })])),
  ...Object.fromEntries(Object.entries(PRESENCES).map(([name, tunnel]) => [name, viewOf({ tunnel })])),
};

/** Of 300 seconds, with the shape of somebody who reads, waits, and fetches a file. */
export function samplesOf(count = 300): readonly Sample[] {
  const samples: Sample[] = [];
  let [received, sent] = [0, 0];
  for (let i = 0; i < count; i++) {
    const wave = Math.max(0, Math.sin(i / 9) + Math.sin(i / 23 + 1) * 0.8);
    received += 20_000 + wave ** 3 * 260_000 + (i % 7) * 3000;
    sent += 6000 + wave ** 2 * 34_000 + (i % 5) * 1500;
    const { statistics } = QUALIFIED;
    samples.push({
      time: NOW - (count - i) * 1000,
      statistics: { ...statistics, 'bytes-in': Math.round(received), 'bytes-out': Math.round(sent) },
      roundTrip: 21_000 + Math.round(Math.sin(i / 11) * 2500 + (i % 13) * 320),
      lastServerContact: NOW - ((count - i) % 30) * 1000,
      refreshInterval: 30_000_000,
    });
  }
  return samples;
}

export const LOG: readonly LogEntry[] = [
  { id: 1, time: NOW - 75 * MINUTE, kind: 'bus', isPresent: true },
  { id: 2, time: NOW - 75 * MINUTE + 20, kind: 'daemon', isPresent: true, version: '2.0.0-alpha.1' },
  { id: 3, time: NOW - 74 * MINUTE, kind: 'request', task: 'start', subject: undefined },
  { id: 4, time: NOW - 74 * MINUTE + 30, kind: 'state', state: 'resolving', previous: 'stopped', reason: undefined },
  {
    id: 5,
    time: NOW - 74 * MINUTE + 800,
    kind: 'server',
    server: 'teredo.example.org',
    previous: 'office',
    reason: { code: 'server-silent', sentence: 'The Teredo server does not answer.' },
  },
  {
    id: 6,
    time: NOW - 74 * MINUTE + 900,
    kind: 'state',
    state: 'qualifying',
    previous: 'resolving',
    reason: undefined,
  },
  {
    id: 7,
    time: NOW - 73 * MINUTE,
    kind: 'address',
    address: '2001:0:5ef5:79fb:3c4b:f5ff:3fff:fdd3',
    previous: undefined,
  },
  { id: 8, time: NOW - 73 * MINUTE, kind: 'state', state: 'qualified', previous: 'qualifying', reason: undefined },
  { id: 9, time: NOW - 73 * MINUTE + 40, kind: 'notice', notice: 'qualified' },
  { id: 10, time: NOW - 20 * MINUTE, kind: 'request', task: 'remove-server', subject: 'relay.example.net' },
  {
    id: 11,
    time: NOW - 20 * MINUTE + 3000,
    kind: 'refusal',
    task: 'remove-server',
    subject: 'relay.example.net',
    reason: { code: 'not-authorised', sentence: 'Not authorised' },
  },
];

export const step = (id: string, verdict: Verdict, sentence: string, remedy?: string, command?: string): Step => ({
  id,
  verdict,
  sentence,
  remedy,
  command,
  details: {},
});

export const STEPS: readonly Step[] = [
  step('network', 'ok', 'The default route goes by 192.168.178.1 on enp3s0.'),
  step('dns', 'ok', 'teredo.example.org is 94.245.121.251.'),
  step('udp', 'ok', 'UDP reaches the outside.'),
  step('server', 'ok', 'The server answers in 23 ms, its second address too.'),
  step('nat', 'ok', 'The NAT keeps one mapping for all destinations.'),
  step('qualified', 'ok', 'The address is 2001:0:5ef5:79fb:3c4b:f5ff:3fff:fdd3.'),
  step(
    'relay',
    'failed',
    'No host of the IPv6 Internet answers: no relay brings our packets there and back.',
    'Have 2001::/32 routed to a relay near the hosts that you want to reach, or run your own.',
    'sudo miredo -f -c relay.conf',
  ),
  step(
    'preference',
    'warning',
    'Programs take IPv4 where a host has both: glibc puts Teredo last.',
    'Where that is not wanted, change the table of preferences.',
    'sudoedit /etc/gai.conf',
  ),
  step('network-manager', 'skipped', 'NetworkManager does not run.'),
  step('mtu', 'ok', 'Packets of 1280 bytes pass.'),
  step('firewall', 'ok', 'Only answers are let in.'),
];

export const probe = (name: string, roundTrip: number | undefined, hasSecondary = true): Probe => ({
  name,
  isReachable: roundTrip !== undefined,
  roundTrip,
  hasSecondary: roundTrip !== undefined && hasSecondary,
  address: undefined,
  error: roundTrip === undefined ? { code: 'server-silent', sentence: 'The server does not answer.' } : undefined,
});
