/**
 * Every directive of miredo.conf(5) and miredo-server.conf(5): one table, from which parser and manual are made.
 */
import { DEFAULT_MTU, MAXIMUM_MTU } from '../wire/mtu.js';
import {
  AUTO_ENGINES,
  anything,
  choice,
  engineCount,
  FACILITIES,
  facility,
  globalIpv4,
  integer,
  interfaceName,
  ipv6Hosts,
  listOf,
  localIpv4,
  MOST_ENGINES,
  openPorts,
  type Reader,
  serverName,
  teredoPrefix,
  udpPort,
} from './values.js';

/** Where a directive belongs. */
export type Mode = 'client' | 'relay' | 'server';

export interface Directive<Value> {
  /** As the manual writes it; files may use any case. */
  readonly name: string;
  readonly modes: readonly Mode[];
  readonly read: Reader<Value>;
  /** What follows the name in the manual's list. */
  readonly operand: string;
  /** What holds when the directive is absent, in words. */
  readonly standard: string;
  readonly summary: string;
  /** For a directive that older files hold and that does nothing now: what holds instead. */
  readonly obsolete?: string;
}

/** Resolvers that are served from many places, so one is near most relays. */
export const TEST_ADDRESSES = '2606:4700:4700::1111,2001:4860:4860::8888,2620:fe::fe';

const BOTH: readonly Mode[] = ['client', 'relay'];

export const RELAY_TYPES = ['client', 'autoclient', 'relay', 'cone', 'restricted'] as const;
export type RelayType = (typeof RELAY_TYPES)[number];

/** miredo.conf(5). */
export const MIREDO_DIRECTIVES = {
  relayType: {
    name: 'RelayType',
    modes: BOTH,
    read: choice(RELAY_TYPES),
    operand: '(client | autoclient | relay | cone | restricted)',
    standard: 'client',
    summary:
      'What to be: a Teredo client (autoclient is another word for it), or a relay (cone is another word for it); restricted is a relay that also sends bubbles directly, for use behind a NAT.',
  },
  serverAddress: {
    name: 'ServerAddress',
    modes: ['client'],
    read: serverName,
    operand: 'HOST',
    standard: 'none; a client needs one, here or on the command line',
    summary: 'Name or IPv4 address of the Teredo server.',
  },
  serverAddress2: {
    name: 'ServerAddress2',
    modes: ['client'],
    read: serverName,
    operand: 'HOST',
    standard: 'the address after that of ServerAddress',
    summary: "Name or IPv4 address of the same server's secondary address.",
  },
  prefix: {
    name: 'Prefix',
    modes: ['relay'],
    read: teredoPrefix,
    operand: 'PREFIX',
    standard: '2001:0000::',
    summary: 'The Teredo prefix, 32 bits long. Leave it alone outside of experiments.',
  },
  interfaceMtu: {
    name: 'InterfaceMTU',
    modes: ['relay'],
    read: integer(DEFAULT_MTU, MAXIMUM_MTU),
    operand: 'BYTES',
    standard: String(DEFAULT_MTU),
    summary: 'MTU of the tunnel interface. Only with a prefix of your own.',
  },
  interfaceName: {
    name: 'InterfaceName',
    modes: BOTH,
    read: interfaceName,
    operand: 'NAME',
    standard: 'teredo',
    summary: 'Name of the tunnel interface.',
  },
  bindAddress: {
    name: 'BindAddress',
    modes: BOTH,
    read: localIpv4,
    operand: 'ADDRESS',
    standard: 'any address of the host',
    summary: 'IPv4 address to send from and receive on.',
  },
  bindPort: {
    name: 'BindPort',
    modes: BOTH,
    read: udpPort,
    operand: 'PORT',
    standard: '0, which is any free port',
    summary: 'UDP port to send from and receive on.',
  },
  ignoreConeBit: {
    name: 'IgnoreConeBit',
    modes: BOTH,
    read: anything,
    operand: '(yes | no)',
    standard: 'yes',
    summary: "Once said whether the cone bit in peers' addresses counts for nothing.",
    obsolete: 'the cone bit is always ignored (RFC 5991 section 3.2)',
  },
  defaultRoute: {
    name: 'DefaultRoute',
    modes: BOTH,
    read: anything,
    operand: '(yes | no)',
    standard: 'yes',
    summary: 'Once said whether a client adds a default route through its tunnel.',
    obsolete: 'a client always adds a default route, which any other IPv6 default route goes before',
  },
  engines: {
    name: 'Engines',
    modes: ['relay'],
    read: engineCount,
    operand: '(NUMBER | auto)',
    standard: '1',
    summary: `Number of processes that share the work, 1 to ${MOST_ENGINES}, each on a processor of its own if there are as many; auto: one for each processor, up to ${AUTO_ENGINES}.`,
  },
  ipv6TestAddress: {
    name: 'Ipv6TestAddress',
    modes: ['client'],
    read: ipv6Hosts,
    operand: '(ADDRESS[,ADDRESS...] | none)',
    standard: TEST_ADDRESSES,
    summary:
      'Hosts of the IPv6 Internet that are sent an echo request through the tunnel now and then, to see whether the IPv6 Internet answers. One answer is enough; none asks nobody.',
  },
  firewall: {
    name: 'Firewall',
    modes: ['client'],
    read: choice(['yes', 'no']),
    operand: '(yes | no)',
    standard: 'yes with --managed or FirewallOpen, otherwise no',
    summary:
      'Whether to refuse what comes in by the tunnel and nobody here has asked for. It takes nft(8); without it, or where the kernel refuses the rules, the tunnel stays down.',
  },
  firewallOpen: {
    name: 'FirewallOpen',
    modes: ['client'],
    read: openPorts,
    operand: '(PORT[-PORT]/(tcp | udp)[,...] | none)',
    standard: 'none',
    summary: 'Ports of this computer that everybody may reach through the tunnel all the same: 22/tcp,5000-5010/udp.',
  },
  syslogFacility: {
    name: 'SyslogFacility',
    modes: BOTH,
    read: facility,
    operand: 'FACILITY',
    standard: 'daemon',
    summary: `Facility of messages to the system log: ${listOf(FACILITIES)}.`,
  },
} as const satisfies Record<string, Directive<unknown>>;

const SERVER_ONLY: readonly Mode[] = ['server'];

/** miredo-server.conf(5). */
export const SERVER_DIRECTIVES = {
  serverBindAddress: {
    name: 'ServerBindAddress',
    modes: SERVER_ONLY,
    read: globalIpv4,
    operand: 'ADDRESS',
    standard: 'none; a server needs one',
    summary: 'Primary IPv4 address of the server, the one that clients are given.',
  },
  serverBindAddress2: {
    name: 'ServerBindAddress2',
    modes: SERVER_ONLY,
    read: globalIpv4,
    operand: 'ADDRESS',
    standard: 'the address after ServerBindAddress',
    summary: 'Secondary IPv4 address of the server. Clients must be told when it is not the next one.',
  },
  prefix: { ...MIREDO_DIRECTIVES.prefix, modes: SERVER_ONLY, summary: 'The Teredo prefix to advertise, 32 bits long.' },
  interfaceMtu: {
    ...MIREDO_DIRECTIVES.interfaceMtu,
    modes: SERVER_ONLY,
    summary: 'MTU to advertise to clients. Only with a prefix of your own.',
  },
  engines: { ...MIREDO_DIRECTIVES.engines, modes: SERVER_ONLY, standard: 'auto' },
  syslogFacility: { ...MIREDO_DIRECTIVES.syslogFacility, modes: SERVER_ONLY },
} as const satisfies Record<string, Directive<unknown>>;
