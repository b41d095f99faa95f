/** miredo.conf as a whole: syntax, modes, what is missing, and what holds when nothing is said. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TEST_ADDRESSES } from '../../daemon/config/directives.js';
import { formatFault } from '../../daemon/config/fault.js';
import { type MiredoSettings, nextAddress, parseMiredoConf } from '../../daemon/config/miredo-conf.js';
import { formatIpv4, ipv4, parseIpv4 } from '../../daemon/wire/ipv4.js';
import { parseIpv6 } from '../../daemon/wire/ipv6.js';

const FILE = '/etc/miredo/miredo.conf';
const parse = (text: string, server?: string) => parseMiredoConf(FILE, text, { server });

/** Every fault as "error 3: sentence". */
const faultsOf = (text: string, server?: string): string[] =>
  parse(text, server).faults.map((fault) => `${fault.severity} ${fault.line}: ${fault.sentence}`);

/** Settings of a text in which nothing is wrong. */
function settingsOf(text: string, server?: string): MiredoSettings {
  const { settings, faults } = parse(text, server);
  assert.deepEqual(faults, []);
  assert.ok(settings);
  return settings;
}

const EXAMPLE = { text: 'teredo.example', address: undefined };
const QUAD = { text: '203.0.113.10', address: parseIpv4('203.0.113.10') };

const CLIENT = {
  mode: 'client',
  interfaceName: 'teredo',
  bindAddress: 0,
  bindPort: 0,
  syslogFacility: 'daemon',
  server: EXAMPLE,
  secondary: undefined,
  testAddresses: TEST_ADDRESSES.split(',').map((text) => parseIpv6(text)),
  firewall: undefined,
};

const RELAY = {
  mode: 'relay',
  interfaceName: 'teredo',
  bindAddress: 0,
  bindPort: 0,
  syslogFacility: 'daemon',
  prefix: 0x20010000,
  mtu: 1280,
  directBubbles: false,
  engines: 1,
};

describe('what a file says', () => {
  test('a client with nothing but a server', () => {
    assert.deepEqual(settingsOf('ServerAddress teredo.example\n'), CLIENT);
    assert.deepEqual(settingsOf('RelayType client\nServerAddress teredo.example\n'), CLIENT);
    assert.deepEqual(settingsOf('RelayType autoclient\nServerAddress teredo.example\n'), CLIENT);
  });

  test('a client with everything', () => {
    const text = [
      'RelayType client',
      'ServerAddress 203.0.113.10',
      'ServerAddress2 teredo.example',
      'InterfaceName tun0',
      'BindAddress 192.168.1.2',
      'BindPort 3545',
      'SyslogFacility local3',
      'Ipv6TestAddress 2001:db8::7,2600::1',
      'Firewall yes',
      'FirewallOpen 5000-5010/udp',
    ];
    assert.deepEqual(settingsOf(text.join('\n')), {
      mode: 'client',
      interfaceName: 'tun0',
      bindAddress: parseIpv4('192.168.1.2'),
      bindPort: 3545,
      syslogFacility: 'local3',
      server: QUAD,
      secondary: EXAMPLE,
      testAddresses: [parseIpv6('2001:db8::7'), parseIpv6('2600::1')],
      firewall: [{ protocol: 'udp', first: 5000, last: 5010 }],
    });
  });

  test('a relay needs nothing but its type; restricted sends bubbles directly', () => {
    assert.deepEqual(settingsOf('RelayType relay\n'), RELAY);
    assert.deepEqual(settingsOf('RelayType cone\n'), RELAY);
    assert.deepEqual(settingsOf('RelayType restricted\n'), { ...RELAY, directBubbles: true });
  });

  test('a relay with everything', () => {
    const text = 'RelayType relay\nPrefix 3ffe:831f::\nInterfaceMTU 1400\nInterfaceName r\nBindPort 3545\n';
    const own = { prefix: 0x3ffe831f, mtu: 1400, interfaceName: 'r', bindPort: 3545 };
    assert.deepEqual(settingsOf(text), { ...RELAY, ...own });
  });

  test('settings cannot be changed', () => {
    assert.ok(Object.isFrozen(settingsOf('RelayType relay')));
  });

  test('the secondary address of a server is the next one', () => {
    const next = (text: string): string => formatIpv4(nextAddress(parseIpv4(text) ?? ipv4(0)));
    assert.equal(next('203.0.113.10'), '203.0.113.11');
    assert.equal(next('203.0.113.255'), '203.0.114.0');
    assert.equal(next('255.255.255.255'), '0.0.0.0');
  });
});

describe('how a file says it', () => {
  /** Each means the same as "ServerAddress teredo.example". */
  const spellings: readonly (readonly [what: string, text: string])[] = [
    ['lower case', 'serveraddress teredo.example\n'],
    ['upper case', 'SERVERADDRESS teredo.example\n'],
    ['leading blanks', '  \t ServerAddress teredo.example\n'],
    ['trailing blanks', 'ServerAddress teredo.example \t \n'],
    ['tabs between', 'ServerAddress\t\tteredo.example\n'],
    ['CRLF', '# a comment\r\n\r\nServerAddress teredo.example\r\n'],
    ['lone carriage returns', '# a comment\rServerAddress teredo.example\r'],
    ['no final newline', 'ServerAddress teredo.example'],
    ['no final newline, CRLF before', '# a comment\r\nServerAddress teredo.example'],
    ['a byte order mark', '\ufeffServerAddress teredo.example\n'],
    ['double quotes', 'ServerAddress "teredo.example"\n'],
    ['single quotes', "ServerAddress 'teredo.example'\n"],
    ['a quoted directive', '"ServerAddress" teredo.example\n'],
    ['comment lines', '# ServerAddress other.example\n   # more\nServerAddress teredo.example\n#\n'],
    ['a comment behind', 'ServerAddress teredo.example # the best\n'],
    ['a comment behind quotes', 'ServerAddress "teredo.example"# the best\n'],
    ['a comment with quotes', 'ServerAddress teredo.example # isn\'t it "fine\n'],
    ['blank lines', '\n\n  \n\t\nServerAddress teredo.example\n\n'],
  ];
  for (const [what, text] of spellings) test(what, () => assert.deepEqual(settingsOf(text), CLIENT));

  test('"#" inside of quotes or of a word begins no comment', () => {
    assert.deepEqual(faultsOf('ServerAddress "a#b"\n'), [
      'error 1: ServerAddress: "a#b" is neither a host name nor an IPv4 address',
    ]);
    assert.deepEqual(faultsOf('ServerAddress a#b\n'), [
      'error 1: ServerAddress: "a#b" is neither a host name nor an IPv4 address',
    ]);
  });

  test('lines are counted as an editor counts them, whatever ends them', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = ['ServerAddress teredo.example', '', '# a comment', 'Nonsense 1', 'BindPort x'].join(end);
      assert.deepEqual(
        parse(text).faults.map((fault) => fault.line),
        [4, 5],
      );
    }
  });
});

describe('faults', () => {
  const SERVER = 'ServerAddress teredo.example\n';

  /** What is wrong, the text, all that is said about it. */
  const cases: readonly (readonly [what: string, text: string, faults: readonly string[]])[] = [
    [
      'an unknown directive, with the one that was meant',
      `${SERVER}BindProt 3545\n`,
      ['warning 2: "BindProt" is no directive and is ignored; did you mean BindPort?'],
    ],
    [
      'an unknown directive that is near to none',
      `${SERVER}Frobnicate yes\n`,
      ['warning 2: "Frobnicate" is no directive and is ignored'],
    ],
    [
      'a directive of the other program',
      `${SERVER}ServerBindAddress 203.0.113.10\n`,
      ['warning 2: ServerBindAddress belongs in miredo-server.conf and is ignored here'],
    ],
    [
      'a directive twice: the first counts',
      `${SERVER}BindPort 1\n\nbindport 2\nBindPort x\n`,
      [
        'warning 4: BindPort stands in line 2 already; this one is ignored',
        'warning 5: BindPort stands in line 2 already; this one is ignored',
      ],
    ],
    [
      'extra words',
      'ServerAddress teredo.example and more\n',
      ['warning 1: ServerAddress takes one value; "and more" is ignored'],
    ],
    [
      "a relay's directives in a client",
      `${SERVER}Prefix 2001::\nInterfaceMTU 1400\n`,
      [
        'warning 2: Prefix means nothing in client mode and is ignored',
        'warning 3: InterfaceMTU means nothing in client mode and is ignored',
      ],
    ],
    [
      "a client's directives in a relay, whatever their values",
      'RelayType relay\nServerAddress 10.0.0.1\nServerAddress2 teredo.example\n',
      [
        'warning 2: ServerAddress means nothing in relay mode and is ignored',
        'warning 3: ServerAddress2 means nothing in relay mode and is ignored',
      ],
    ],
    ['no server', '', ['error 0: ServerAddress is missing: a client needs a Teredo server']],
    [
      'no server, said to be a client',
      'RelayType client',
      ['error 0: ServerAddress is missing: a client needs a Teredo server'],
    ],
    [
      'a server that cannot be: it is not missing',
      'ServerAddress 10.0.0.1\n',
      ['error 1: ServerAddress: 10.0.0.1 is not a public (global unicast) IPv4 address'],
    ],
    [
      'a type that cannot be: nobody knows what is missing',
      'RelayType nonsense\nInterfaceMTU 1400\n',
      ['error 1: RelayType: "nonsense" is none of client, autoclient, relay, cone or restricted'],
    ],
    [
      'a type that cannot be: the other values are looked at all the same',
      'BindPort x\nRelayType server\n',
      [
        'error 1: BindPort: "x" is not a whole number from 0 to 65535',
        'error 2: RelayType: "server" is none of client, autoclient, relay, cone or restricted',
      ],
    ],
    [
      'a quote that is not closed: the directive is not missing',
      'ServerAddress "teredo.example\n',
      ['error 1: a quote is opened and not closed on this line'],
    ],
    ['a quote alone', `${SERVER}'\n`, ['error 2: a quote is opened and not closed on this line']],
    ['a quote in the type', `RelayType 'relay\n`, ['error 1: a quote is opened and not closed on this line']],
    [
      'all of them at once, in the order of lines',
      'RelayType client\nBindPort 65536\nMtu 1\nBindAddress 224.0.0.1\nInterfaceName lo\nBindPort 1\n',
      [
        'error 0: ServerAddress is missing: a client needs a Teredo server',
        'error 2: BindPort: "65536" is not a whole number from 0 to 65535',
        'warning 3: "Mtu" is no directive and is ignored',
        "error 4: BindAddress: 224.0.0.1 cannot be the address of a host; give one of this host's own",
        'error 5: InterfaceName: "lo" is taken by the system',
        'warning 6: BindPort stands in line 2 already; this one is ignored',
      ],
    ],
  ];
  for (const [what, text, expected] of cases) {
    test(what, () => {
      assert.deepEqual(faultsOf(text), expected);
      const failed = expected.some((fault) => fault.startsWith('error'));
      assert.equal(parse(text).settings === undefined, failed, 'an error, and only an error, leaves no settings');
    });
  }

  test('the first of two counts', () => {
    const { settings } = parse('ServerAddress teredo.example\nBindPort 1\nBindPort 2\n');
    assert.equal(settings?.bindPort, 1);
  });

  test('the place is printed as editors find it', () => {
    const text = 'ServerAddress teredo.example\nBindPort x';
    assert.deepEqual(parse(text).faults.map(formatFault), [
      `${FILE}:2: BindPort: "x" is not a whole number from 0 to 65535`,
    ]);
    assert.deepEqual(parse('').faults.map(formatFault), [
      `${FILE}: ServerAddress is missing: a client needs a Teredo server`,
    ]);
  });
});

describe('the server of the command line', () => {
  test('goes before that of the file, and takes no secondary address from it', () => {
    const text = 'ServerAddress other.example\nServerAddress2 second.example\n';
    assert.deepEqual(settingsOf(text, 'teredo.example'), CLIENT);
    assert.deepEqual(settingsOf('', '203.0.113.10'), { ...CLIENT, server: QUAD });
  });

  test('that cannot be is an error of no line', () => {
    assert.deepEqual(faultsOf('ServerAddress other.example', '10.0.0.1'), [
      'error 0: server on the command line: 10.0.0.1 is not a public (global unicast) IPv4 address',
    ]);
    assert.deepEqual(faultsOf('', 'a b'), [
      'error 0: server on the command line: "a b" is neither a host name nor an IPv4 address',
    ]);
  });

  test('is ignored by a relay, with a warning', () => {
    const { settings, faults } = parse('# ours\nRelayType cone\n', 'teredo.example');
    assert.deepEqual(settings, RELAY);
    assert.deepEqual(faults.map(formatFault), [
      `${FILE}:2: the server teredo.example of the command line is ignored: RelayType is cone`,
    ]);
    assert.equal(faults[0]?.severity, 'warning');
  });
});

describe('managed', () => {
  const managed = (text: string) => parseMiredoConf(FILE, text, { isManaged: true });

  test('no server is needed; one that is there counts, and a bad one is a fault', () => {
    const { settings, faults } = managed('');
    assert.deepEqual(faults, []);
    assert.equal(settings?.mode, 'client');
    const named = managed('ServerAddress teredo.example\n').settings;
    assert.equal(named?.mode === 'client' && named.server?.text, 'teredo.example');
    assert.equal(managed('ServerAddress 10.0.0.1\n').settings, undefined);
  });

  test('there is a firewall unless the file says no; unmanaged, when it says so or opens ports', () => {
    const firewallOf = (text: string, isManaged: boolean) => {
      const { settings, faults } = parseMiredoConf(FILE, `ServerAddress teredo.example\n${text}`, { isManaged });
      assert.deepEqual(faults, []);
      assert.ok(settings?.mode === 'client');
      return settings.firewall;
    };
    const ssh = [{ protocol: 'tcp', first: 22, last: 22 }];
    assert.deepEqual(firewallOf('', true), []);
    assert.deepEqual(firewallOf('FirewallOpen 22/tcp', true), ssh);
    assert.equal(firewallOf('Firewall no\nFirewallOpen 22/tcp', true), undefined);
    assert.equal(firewallOf('', false), undefined);
    assert.deepEqual(firewallOf('Firewall yes', false), []);
    assert.deepEqual(firewallOf('FirewallOpen 22/tcp', false), ssh);
    assert.equal(firewallOf('Firewall no\nFirewallOpen 22/tcp', false), undefined);
  });

  test('a relay is not for users to manage', () => {
    const { settings, faults } = managed('RelayType relay\n');
    assert.equal(settings, undefined);
    assert.match(
      faults.map(formatFault).join('\n'),
      /miredo\.conf:1: RelayType is relay, but --managed is for a client/,
    );
  });
});
