/** Properties as the bus brings them. */
import type { Properties } from '../../dbus/org-miredo.js';
import { PROPERTIES } from '../../dbus/org-miredo.js';
import type { RawProperties } from '../../dbus/snapshot.js';

/** What the daemon has for a stopped tunnel. */
const STOPPED: Properties = {
  State: 'stopped',
  StateReason: ['user', 'The tunnel was stopped on request.'],
  StateSince: 1_795_000_000_000_000n,
  Enabled: false,
  NetworkPolicy: 'automatic',
  Address: '',
  Local: ['', 0],
  Mapped: ['', 0],
  Server: 'teredo.example.net',
  ServerAddress: '',
  ServerChoice: 'teredo.example.net',
  Servers: [],
  Ipv6Reachable: 'unknown',
  RefreshInterval: 0n,
  Nat: {},
  Firewall: {},
  Interface: '',
  InterfaceIndex: 0,
  Mtu: 0,
  Version: '2.0.0',
  RoundTrip: 0n,
  LastServerContact: 0n,
  Statistics: {},
};

export const QUALIFIED: Partial<Properties> = {
  State: 'qualified',
  StateReason: ['', ''],
  Address: '2001:0:cb00:7101:0:fd5e:34ff:8ef8',
  Enabled: true,
  Local: ['192.0.2.5', 40000],
  Mapped: ['203.0.113.7', 673],
  ServerAddress: '203.0.113.1',
  Nat: {
    mapping: { signature: 's', value: 'endpoint-independent' },
    filtering: { signature: 's', value: 'dependent' },
    'port-preserving': { signature: 'b', value: false },
    public: { signature: 'b', value: false },
    'learnt-by': { signature: 's', value: 'qualification' },
  },
  Ipv6Reachable: 'yes',
  RefreshInterval: 30_000_000n,
  Firewall: {
    wanted: { signature: 'b', value: true },
    active: { signature: 'b', value: true },
    open: { signature: 'as', value: ['22/tcp', '5000-5010/udp'] },
  },
  Interface: 'teredo',
  InterfaceIndex: 5,
  Mtu: 1280,
  RoundTrip: 12_345n,
  LastServerContact: 1_795_000_006_000_000n,
  Statistics: {
    'datagrams-in': 1n,
    'bytes-in': 1500n,
    'packets-out': 2n,
    'bytes-out': 999n,
    'bubbles-sent': 3n,
    'bubbles-received': 4n,
    peers: 5n,
    'dropped-not-for-us': 1n,
    'dropped-malformed': 7n,
    'dropped-never': 0n,
  },
};

/** Of a stopped tunnel, but for `changes`. */
export function rawProperties(changes: Partial<Properties> = {}): RawProperties {
  const names = Object.keys(PROPERTIES) as (keyof Properties)[];
  const all = { ...STOPPED, ...changes };
  return Object.fromEntries(names.map((name) => [name, { signature: PROPERTIES[name].signature, value: all[name] }]));
}
