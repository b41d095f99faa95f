/**
 * The Teredo internet: who is where, and the commands that build it.
 *
 *                           core 203.0.113.1  2001:db8::1
 *        ┌──────────────┬──────────────┼──────────────┬──────────────────┐
 *     server          relay          host           nat0              nat1 …
 *   203.0.113.10    203.0.113.20   203.0.113.30   198.51.100.10      198.51.100.11
 *   203.0.113.11         │         203.0.113.31       │ lan             │ lan
 *   2001:db8:0:1::2  2001:db8:0:2::2  2001:db8:0:3::2  │ 192.168.1.1    │ 10.0.2.1
 *                        │                            │                 │
 *               2001::/32 goes here                 client0           client1 …
 *                                                  192.168.1.2        10.0.2.2
 *
 * Every box is a network namespace, every line a veth pair whose end in a box is called eth0 (`wan` and `lan` in a
 * NAT, the neighbour's name in core). Lines from core are routed, not bridged: no box shares a subnet with another,
 * as on the internet. Core is the IPv6 internet too, and sends 2001::/32 to the relay.
 *
 * Addresses come from documentation ranges, which Teredo implementations take for global (RFC 4380 §5.2.4 refuses
 * private ones). 192.0.2.0/24 is left alone because test machines like to use it. A client has no IPv6 but what its
 * Teredo interface brings. The host's two IPv4 addresses are there to probe NATs from.
 */
import { type MappingTimeouts, type NatType, natSettings } from './nat.js';

export interface Place {
  /** As drawn above: core, server, relay, host, nat0, client0, … */
  readonly name: string;
  /** The network namespace's name. */
  readonly namespace: string;
  readonly ipv4: readonly string[];
  /** Native addresses; never Teredo. */
  readonly ipv6: readonly string[];
}

export interface NatPlace extends Place {
  readonly type: NatType;
}

export interface Topology {
  readonly core: Place;
  readonly server: Place;
  readonly relay: Place;
  readonly host: Place;
  readonly nats: readonly NatPlace[];
  readonly clients: readonly Place[];
}

const CORE_IPV4 = '203.0.113.1';
const MAX_CLIENTS = 60; // the last octets of 198.51.100.10 … and of the private networks

/** Private network of client `i`: both common kinds occur. */
const lanOf = (i: number): string => (i % 2 === 0 ? `192.168.${i + 1}` : `10.0.${i + 1}`);

export function planTopology(labName: string, nats: readonly NatType[]): Topology {
  if (nats.length > MAX_CLIENTS) throw new RangeError(`a lab has at most ${MAX_CLIENTS} clients`);
  const place = (name: string, ipv4: readonly string[], ipv6: readonly string[] = []): Place => ({
    name,
    namespace: `${labName}-${name}`,
    ipv4,
    ipv6,
  });
  return {
    core: place('core', [CORE_IPV4], ['2001:db8::1']),
    server: place('server', ['203.0.113.10', '203.0.113.11'], ['2001:db8:0:1::2']),
    relay: place('relay', ['203.0.113.20'], ['2001:db8:0:2::2']),
    host: place('host', ['203.0.113.30', '203.0.113.31'], ['2001:db8:0:3::2']),
    nats: nats.map((type, i) => ({ ...place(`nat${i}`, [`198.51.100.${10 + i}`, `${lanOf(i)}.1`]), type })),
    clients: nats.map((_, i) => place(`client${i}`, [`${lanOf(i)}.2`])),
  };
}

/** Every namespace, in no order that matters. */
export const namespacesOf = (topology: Topology): string[] => placesOf(topology).map((place) => place.namespace);

function placesOf(topology: Topology): Place[] {
  const { core, server, relay, host, nats, clients } = topology;
  return [core, server, relay, host, ...nats, ...clients];
}

/** What one namespace needs: kernel settings first, then lines for `ip -batch`. */
export interface Setup {
  readonly place: Place;
  readonly settings: readonly string[];
  readonly ip: readonly string[];
}

/** Lines for `ip -batch` that make the namespaces and connect them. */
export function wiring(topology: Topology): string[] {
  const core = topology.core.namespace;
  const connect = (a: string, nameA: string, b: string, nameB: string): string =>
    `link add name ${nameA} netns ${a} type veth peer name ${nameB} netns ${b}`;
  const lines = namespacesOf(topology).map((name) => `netns add ${name}`);
  for (const place of [topology.server, topology.relay, topology.host]) {
    lines.push(connect(core, place.name, place.namespace, 'eth0'));
  }
  topology.nats.forEach((nat, i) => {
    lines.push(connect(core, nat.name, nat.namespace, 'wan'));
    lines.push(connect(nat.namespace, 'lan', `${topology.clients[i]?.namespace}`, 'eth0'));
  });
  return lines;
}

/**
 * Brings up an interface with a link-local address of ours: the kernel's own would be tentative for a second (RFC 4862
 * duplicate address detection), and neighbours could not be resolved until then.
 */
const upWithIpv6 = (device: string, linkLocal: string): string[] => [
  `link set ${device} addrgenmode none up`,
  `address add ${linkLocal}/64 dev ${device} nodad`,
];

/** The /64 between core and a native place: core has ::1 where the place has ::2. */
const coreEnd = (address: string): string => address.replace(/::2$/, '::1');

function coreSetup(topology: Topology): Setup {
  const { core, server, relay, host, nats } = topology;
  const ip = ['link set lo up', `address add ${CORE_IPV4}/32 dev lo`];
  for (const place of [server, relay, host]) {
    ip.push(...upWithIpv6(place.name, 'fe80::1'));
    for (const address of place.ipv4) ip.push(`route add ${address} dev ${place.name}`);
    for (const address of place.ipv6) ip.push(`address add ${coreEnd(address)}/64 dev ${place.name} nodad`);
  }
  for (const nat of nats) ip.push(`link set ${nat.name} up`, `route add ${nat.ipv4[0]} dev ${nat.name}`);
  ip.push(`route add 2001::/32 via ${relay.ipv6[0]} dev ${relay.name}`);
  return { place: core, settings: ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'], ip };
}

function nativeSetup(place: Place, settings: readonly string[] = []): Setup {
  const ip = ['link set lo up', ...upWithIpv6('eth0', 'fe80::2')];
  for (const address of place.ipv4) ip.push(`address add ${address}/32 dev eth0`);
  ip.push(`route add default via ${CORE_IPV4} dev eth0 onlink`);
  for (const address of place.ipv6) ip.push(`address add ${address}/64 dev eth0 nodad`);
  ip.push(`route add default via ${coreEnd(place.ipv6[0] ?? '')} dev eth0`);
  return { place, settings, ip };
}

function natSetup(nat: NatPlace, timeouts: MappingTimeouts | undefined): Setup {
  const [outside, inside] = nat.ipv4;
  const ip = [
    'link set lo up',
    'link set wan up',
    `address add ${outside}/32 dev wan`,
    `route add default via ${CORE_IPV4} dev wan onlink`,
    'link set lan up',
    `address add ${inside}/24 dev lan`,
  ];
  return { place: nat, settings: natSettings(timeouts), ip };
}

function clientSetup(client: Place, gateway: string): Setup {
  const [address] = client.ipv4;
  const ip = [
    'link set lo up',
    'link set eth0 up',
    `address add ${address}/24 dev eth0`,
    `route add default via ${gateway}`,
  ];
  return { place: client, settings: ['net.ipv6.conf.eth0.disable_ipv6=1'], ip };
}

/** What each namespace needs once the wires are there. */
export function setups(topology: Topology, timeouts: MappingTimeouts | undefined): Setup[] {
  return [
    coreSetup(topology),
    nativeSetup(topology.server),
    nativeSetup(topology.relay, ['net.ipv6.conf.all.forwarding=1']),
    nativeSetup(topology.host),
    ...topology.nats.map((nat) => natSetup(nat, timeouts)),
    ...topology.clients.map((client, i) => clientSetup(client, `${lanOf(i)}.1`)),
  ];
}
