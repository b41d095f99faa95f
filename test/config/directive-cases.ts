/** For each directive: texts that are taken, with what they mean, and texts that are refused, with the sentence. */
import type { MIREDO_DIRECTIVES, SERVER_DIRECTIVES } from '../../daemon/config/directives.js';
import { parseIpv4 } from '../../daemon/wire/ipv4.js';
import { parseIpv6 } from '../../daemon/wire/ipv6.js';

export interface DirectiveCases {
  /** Text of the value, and what the reader makes of it. */
  readonly accepted: readonly (readonly [text: string, value: unknown])[];
  /** Text of the value, and the sentence behind the directive's name. */
  readonly refused: readonly (readonly [text: string, problem: string])[];
  /** Text of the value, what the reader makes of it, and the warning behind the directive's name. */
  readonly odd?: readonly (readonly [text: string, value: unknown, warning: string])[];
}

const NOT_IPV4 = 'is not an IPv4 address such as 198.51.100.7';
const NOT_PUBLIC = 'is not a public (global unicast) IPv4 address';
const NOT_HOST = 'is neither a host name nor an IPv4 address';
const NOT_OWN = "cannot be the address of a host; give one of this host's own";
const PREFIX = 'an IPv6 prefix of 32 bits such as 2001:0000::';
const NOT_INTERFACE =
  'cannot name an interface: 1 to 15 letters, digits, "_", ".", "@" or "-", and "%d" at the end for a free number';
const FACILITIES =
  'auth, authpriv, cron, daemon, ftp, kern, local0, local1, local2, local3, local4, local5, local6, local7, lpr, mail, news, syslog, user or uucp';
const NOT_PORTS = 'is not a port such as 22/tcp or 5000-5010/udp';
const BITS_BEHIND = 'has bits set behind the first 32; they are ignored';

const number = (text: string): number => parseIpv4(text) ?? Number.NaN;
const host = (text: string) => [text, { text, address: undefined }] as const;
const quad = (text: string) => [text, { text, address: number(text) }] as const;
const itself = (text: string) => [text, text] as const;
const octets = (text: string) => [text, number(text)] as const;
const quoted = (text: string, problem: string) => [text, `${JSON.stringify(text)} ${problem}`] as const;
const plain = (text: string, problem: string) => [text, `${text} ${problem}`] as const;

const LONGEST_LABEL = 'a'.repeat(63);
/** 253 characters: the most that DNS can carry (RFC 1035 §2.3.4). */
const LONGEST_NAME = `${LONGEST_LABEL}.${LONGEST_LABEL}.${LONGEST_LABEL}.${'a'.repeat(61)}`;

const SERVER: DirectiveCases = {
  accepted: [
    host('teredo.example'),
    host('teredo.example.'),
    host('TEREDO.Example'),
    host('teredo'),
    host('3com.example'),
    host('_teredo.example'),
    host('a-b.example'),
    host(LONGEST_LABEL),
    host(LONGEST_NAME),
    quad('203.0.113.10'),
    quad('1.0.0.1'),
    quad('223.255.255.255'),
  ],
  refused: [
    quoted('foo..bar', NOT_HOST),
    quoted('-foo.example', NOT_HOST),
    quoted('foo-.example', NOT_HOST),
    quoted('.example', NOT_HOST),
    quoted('foo/bar', NOT_HOST),
    quoted('2001:db8::1', NOT_HOST),
    quoted('teredo.example:3544', NOT_HOST),
    quoted('teredo.exämple', NOT_HOST),
    quoted(`${LONGEST_LABEL}a`, NOT_HOST),
    quoted(`${LONGEST_NAME}a`, NOT_HOST),
    quoted('203.0.113', NOT_IPV4),
    quoted('203.0.113.256', NOT_IPV4),
    quoted('203.0.113.010', NOT_IPV4),
    quoted('203.0.113.10.', NOT_IPV4),
    quoted('3405803786', NOT_IPV4),
    plain('0.0.0.0', NOT_PUBLIC),
    plain('10.0.0.1', NOT_PUBLIC),
    plain('127.0.0.1', NOT_PUBLIC),
    plain('169.254.1.1', NOT_PUBLIC),
    plain('172.16.0.1', NOT_PUBLIC),
    plain('192.168.1.1', NOT_PUBLIC),
    plain('100.64.0.1', NOT_PUBLIC),
    plain('192.88.99.1', NOT_PUBLIC),
    plain('224.0.0.1', NOT_PUBLIC),
    plain('240.0.0.1', NOT_PUBLIC),
    plain('255.255.255.255', NOT_PUBLIC),
  ],
};

const OWN_PUBLIC: DirectiveCases = {
  accepted: [octets('203.0.113.10'), octets('198.51.100.7')],
  refused: [
    quoted('server.example', NOT_IPV4),
    quoted('203.0.113.10/24', NOT_IPV4),
    quoted('2001:db8::1', NOT_IPV4),
    plain('0.0.0.0', NOT_PUBLIC),
    plain('192.168.1.1', NOT_PUBLIC),
    plain('233.252.0.1', NOT_PUBLIC),
  ],
};

const TEREDO: DirectiveCases = {
  accepted: [
    ['2001:0000::', 0x20010000],
    ['2001::', 0x20010000],
    ['2001::/32', 0x20010000],
    ['3ffe:831f::', 0x3ffe831f],
    ['2001:DB8::/32', 0x20010db8],
  ],
  refused: [
    quoted('2001', `is not ${PREFIX}`),
    quoted('teredo', `is not ${PREFIX}`),
    quoted('203.0.113.10', `is not ${PREFIX}`),
    quoted('2001::/32/32', `is not ${PREFIX}`),
    plain('2001::/16', `is not 32 bits long; give ${PREFIX}`),
    plain('2001::/032', `is not 32 bits long; give ${PREFIX}`),
    plain('2001::/', `is not 32 bits long; give ${PREFIX}`),
    plain('fe80::', `is not global unicast; give ${PREFIX}`),
    plain('ff02::', `is not global unicast; give ${PREFIX}`),
    plain('fd00::', `is not global unicast; give ${PREFIX}`),
    plain('::', `is not global unicast; give ${PREFIX}`),
    plain('4000::', `is not global unicast; give ${PREFIX}`),
  ],
  odd: [
    ['2001:0:1::', 0x20010000, `2001:0:1:: ${BITS_BEHIND}`],
    ['2001::1', 0x20010000, `2001::1 ${BITS_BEHIND}`],
  ],
};

const MTU: DirectiveCases = {
  accepted: [
    ['1280', 1280],
    ['1400', 1400],
    ['+1280', 1280],
    ['0x500', 1280],
    ['65507', 65507],
  ],
  refused: ['1279', '100', '0', '65508', '99999999999', '-1280', '01400', '1280.0', '0x', '1e4', 'big', ''].map(
    (text) => quoted(text, 'is not a whole number from 1280 to 65507'),
  ),
  odd: [['02400', 1280, '02400 is octal, which is 1280; leave the first 0 out']],
};

const FACILITY: DirectiveCases = {
  accepted: [itself('daemon'), itself('kern'), itself('user'), itself('mail'), itself('local0'), ['LOCAL7', 'local7']],
  refused: [],
  odd: ['LOG_DAEMON', 'local8', ''].map((text) => [
    text,
    'daemon',
    `${JSON.stringify(text)} is none of ${FACILITIES}; daemon is used`,
  ]),
};

/** Those that do nothing any more: completeness.test.ts. */
type Obsolete = 'ignoreConeBit' | 'defaultRoute';

const ENGINES: DirectiveCases = {
  accepted: [
    ['1', 1],
    ['64', 64],
    ['auto', 'auto'],
    ['Auto', 'auto'],
  ],
  refused: ['0', '65', '-1', '1.5', 'all', ''].map((text) =>
    quoted(text, 'is not a whole number from 1 to 64, nor auto'),
  ),
};

/** The keys are those of the table: a directive that is added there has to be added here. */
export const MIREDO_CASES: {
  readonly [Key in Exclude<keyof typeof MIREDO_DIRECTIVES, Obsolete>]: DirectiveCases;
} = {
  relayType: {
    accepted: [
      itself('client'),
      itself('autoclient'),
      itself('relay'),
      itself('cone'),
      itself('restricted'),
      ['RELAY', 'relay'],
    ],
    refused: [
      quoted('server', 'is none of client, autoclient, relay, cone or restricted'),
      quoted('clients', 'is none of client, autoclient, relay, cone or restricted'),
      quoted('', 'is none of client, autoclient, relay, cone or restricted'),
    ],
  },
  serverAddress: SERVER,
  serverAddress2: SERVER,
  prefix: TEREDO,
  interfaceMtu: MTU,
  interfaceName: {
    accepted: ['teredo', 't', 'Teredo0', 'tun-1.5', 'a@b', '_x', 'fifteen-letters', 'teredo%d', 'thirteen-letr%d'].map(
      itself,
    ),
    refused: [
      ...['', 'sixteen-letters-', 'a b', 'a/b', 'a:b', '.', '..', '-teredo', 'a"b', 'a+b', 'ä', 'a%', '%d', 'a%db'].map(
        (text) => quoted(text, NOT_INTERFACE),
      ),
      ...['lo', 'all', 'default'].map((text) => quoted(text, 'is taken by the system')),
    ],
  },
  bindAddress: {
    accepted: ['0.0.0.0', '192.168.1.2', '10.0.0.1', '127.0.0.1', '203.0.113.20'].map(octets),
    refused: [
      quoted('localhost', NOT_IPV4),
      quoted('192.168.1', NOT_IPV4),
      quoted('::1', NOT_IPV4),
      plain('224.0.0.1', NOT_OWN),
      plain('255.255.255.255', NOT_OWN),
    ],
  },
  bindPort: {
    accepted: [
      ['0', 0],
      ['3545', 3545],
      ['65535', 65535],
    ],
    refused: ['65536', '-1', '3545/udp', 'any', '4294967296'].map((text) =>
      quoted(text, 'is not a whole number from 0 to 65535'),
    ),
  },
  engines: ENGINES,
  ipv6TestAddress: {
    accepted: [
      ['none', []],
      ['2600::1', [parseIpv6('2600::1')]],
      ['2600::1,2001:db8::7', [parseIpv6('2600::1'), parseIpv6('2001:db8::7')]],
    ],
    refused: [
      quoted('192.0.2.1', 'is not an IPv6 address such as 2001:db8::1'),
      quoted('', 'is not an IPv6 address such as 2001:db8::1'),
      plain('fe80::1', 'is not the address of a host of the IPv6 Internet (2000::/3 without Teredo)'),
      plain('2001::1', 'is not the address of a host of the IPv6 Internet (2000::/3 without Teredo)'),
    ],
  },
  firewall: {
    accepted: [itself('yes'), itself('no'), ['Yes', 'yes']],
    refused: ['', 'on', '1'].map((text) => quoted(text, 'is none of yes or no')),
  },
  firewallOpen: {
    accepted: [
      ['none', []],
      ['22/tcp', [{ protocol: 'tcp', first: 22, last: 22 }]],
      [
        '5000-5010/UDP,1-65535/tcp',
        [
          { protocol: 'udp', first: 5000, last: 5010 },
          { protocol: 'tcp', first: 1, last: 65535 },
        ],
      ],
    ],
    refused: [
      ...['', '22', 'tcp/22', '22/sctp', '0/tcp', '65536/tcp', '5010-5000/udp', '022/tcp', 'ssh/tcp', '22 /tcp'].map(
        (text) => quoted(text, NOT_PORTS),
      ),
      ['22/tcp,', `"" ${NOT_PORTS}`],
      [new Array(65).fill('22/tcp').join(','), '65 entries are more than 64'],
    ],
  },
  syslogFacility: FACILITY,
};

export const SERVER_CASES: { readonly [Key in keyof typeof SERVER_DIRECTIVES]: DirectiveCases } = {
  serverBindAddress: OWN_PUBLIC,
  serverBindAddress2: OWN_PUBLIC,
  prefix: TEREDO,
  interfaceMtu: MTU,
  engines: ENGINES,
  syslogFacility: FACILITY,
};
