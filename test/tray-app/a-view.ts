/** Views for tests: of a tunnel that is stopped, with what a case changes. */
import type { Snapshot } from '../../dbus/snapshot.js';
import { DEFAULT_SETTINGS } from '../../tray-app/shared/settings.js';
import type { View } from '../../tray-app/shared/view.js';

export const STOPPED: Snapshot = {
  state: 'stopped',
  reason: undefined,
  since: undefined,
  isEnabled: false,
  networkPolicy: 'automatic',
  address: undefined,
  local: undefined,
  mapped: undefined,
  server: undefined,
  serverAddress: undefined,
  serverChoice: 'auto',
  servers: [],
  nat: undefined,
  isIpv6Reachable: undefined,
  interface: undefined,
  firewall: undefined,
  mtu: undefined,
  roundTrip: undefined,
  lastServerContact: undefined,
  refreshInterval: undefined,
  statistics: {},
  version: '2.0.0',
};

export const aSnapshot = (change: Partial<Snapshot> = {}): Snapshot => ({ ...STOPPED, ...change });

export const aView = (snapshot: Partial<Snapshot> = {}, change: Partial<View> = {}): View => ({
  tunnel: { presence: 'present', snapshot: aSnapshot(snapshot) },
  pending: [],
  refusal: undefined,
  denied: [],
  probes: { isRunning: false, results: {}, waiting: [], time: undefined },
  diagnosis: { isRunning: false, steps: [], time: undefined },
  settings: DEFAULT_SETTINGS,
  environment: { tray: 'present', locale: 'en', theme: 'light', appVersion: '0' },
  ...change,
});
