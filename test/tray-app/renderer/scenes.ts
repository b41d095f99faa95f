/** What the window is shown in, for the accessibility check and the screenshots: every view and every state. */
import type { View } from '../../../tray-app/shared/view.js';
import { Double } from './double.js';
import { LOG, pendingOf, probe, SERVERS, SNAPSHOTS, STATES, STEPS, samplesOf, step, viewOf } from './views.js';
import type { Opened } from './window.js';

export interface Scene {
  readonly name: string;
  readonly view: View;
  readonly tab: string;
  /** What is done before it is looked at. */
  readonly act?: (opened: Opened) => Promise<void>;
}

const qualified = (change: Partial<View> = {}): View => viewOf({ snapshot: SNAPSHOTS.qualified, ...change });

const probing = {
  isRunning: true,
  results: { 'teredo.example.org': probe('teredo.example.org', 23_400), office: probe('office', undefined) },
  waiting: ['relay.example.net'],
  time: undefined,
};
export const probed = {
  isRunning: false,
  results: { ...probing.results, 'relay.example.net': probe('relay.example.net', 61_800, false) },
  waiting: [],
  time: 1,
};

const REPORT = `Miredo problem report, 2026-11-24 14:03 UTC
daemon 2.0.0-alpha.1, window 2.0.0-alpha.1

state       qualified since 12:50
address     [Teredo 1]
mapped      [IPv4 1]:41230
server      [server 1]`;

/** A main process for scenes: with a log, samples and a report. */
export function sceneDouble(): Double {
  const double = new Double({ composeReport: () => REPORT });
  double.log = LOG;
  double.samples = samplesOf();
  return double;
}

const states: readonly Scene[] = Object.entries(STATES).map(([name, view]) => ({
  name: `overview-${name}`,
  view,
  tab: 'Overview',
}));

export const SCENES: readonly Scene[] = [
  ...states,
  { name: 'overview-starting', view: viewOf({ pending: [pendingOf('start')] }), tab: 'Overview' },
  {
    name: 'overview-refused',
    view: viewOf({
      denied: ['start'],
      refusal: {
        task: 'start',
        subject: undefined,
        fault: { code: 'not-authorised', name: 'org.freedesktop.DBus.Error.AccessDenied', sentence: 'No.' },
        time: 1,
      },
    }),
    tab: 'Overview',
  },
  { name: 'traffic', view: qualified(), tab: 'Traffic' },
  { name: 'traffic-stopped', view: viewOf(), tab: 'Traffic' },
  { name: 'servers', view: qualified(), tab: 'Servers' },
  { name: 'servers-probing', view: qualified({ probes: probing, pending: [pendingOf('probe')] }), tab: 'Servers' },
  {
    name: 'servers-probed',
    view: qualified({ probes: probed, pending: [pendingOf('set-server', 'office')] }),
    tab: 'Servers',
  },
  { name: 'servers-none', view: viewOf({ snapshot: { ...SNAPSHOTS.stopped, servers: [] } }), tab: 'Servers' },
  {
    name: 'servers-add',
    view: qualified(),
    tab: 'Servers',
    act: async ({ page }) => {
      await page.getByRole('button', { name: 'Add server…' }).click();
      await page.getByLabel('Host name or IPv4 address').fill('192.168.1.1');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
    },
  },
  {
    name: 'servers-remove',
    view: qualified(),
    tab: 'Servers',
    act: ({ page }) => page.getByRole('button', { name: `Remove ${SERVERS[2]?.name}` }).click(),
  },
  { name: 'diagnosis', view: qualified(), tab: 'Diagnosis' },
  {
    name: 'diagnosis-running',
    view: qualified({
      diagnosis: {
        isRunning: true,
        steps: [...STEPS.slice(0, 3), step('server', 'running', 'Asking the server for an address…')],
        time: undefined,
      },
      pending: [pendingOf('diagnose')],
    }),
    tab: 'Diagnosis',
  },
  {
    name: 'diagnosis-done',
    view: qualified({ diagnosis: { isRunning: false, steps: STEPS, time: 1 } }),
    tab: 'Diagnosis',
  },
  { name: 'log', view: qualified(), tab: 'Log' },
  {
    name: 'log-report',
    view: qualified(),
    tab: 'Log',
    act: async ({ page }) => {
      await page.getByRole('button', { name: 'Problem report…' }).click();
      await page.getByText('[Teredo 1]').waitFor();
    },
  },
  { name: 'settings', view: qualified(), tab: 'Settings' },
];
