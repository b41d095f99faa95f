import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Directive, MIREDO_DIRECTIVES } from '../../daemon/config/directives.js';
import { formatFault } from '../../daemon/config/fault.js';
import { type MiredoSettings, type Parsed, parseMiredoConf } from '../../daemon/config/miredo-conf.js';
import { formatIpv4 } from '../../daemon/wire/ipv4.js';

const parse = (text: string, serverName?: string) => parseMiredoConf('miredo.conf', text, serverName);
const messages = (parsed: Parsed<unknown>): string[] => parsed.faults.map(formatFault);

function settings(text: string, serverName?: string): MiredoSettings {
  const parsed = parse(text, serverName);
  assert.ok(parsed.settings !== undefined, messages(parsed).join('\n'));
  return parsed.settings;
}

function client(text: string, serverName?: string) {
  const result = settings(text, serverName);
  assert.ok(result.mode === 'client');
  return result;
}

function relay(text: string) {
  const result = settings(text);
  assert.ok(result.mode === 'relay');
  return result;
}

describe('miredo.conf', () => {
  test('a client needs nothing but a server', () => {
    assert.deepEqual(client('ServerAddress teredo.example\n'), {
      mode: 'client',
      interfaceName: 'teredo',
      bindAddress: 0,
      bindPort: 0,
      syslogFacility: 'daemon',
      server: { text: 'teredo.example', address: undefined },
      secondary: undefined,
    });
  });

  test('settings cannot be changed', () => assert.ok(Object.isFrozen(client('ServerAddress teredo.example'))));

  const SPELLINGS: { readonly [what: string]: string } = {
    CRLF: 'RelayType client\r\nServerAddress 203.0.113.10\r\n',
    'no newline at the end': 'RelayType client\nServerAddress 203.0.113.10',
    'tabs and leading blanks': '\t RelayType\tclient\n   ServerAddress \t 203.0.113.10 \t\n',
    'any case': 'rElAyTyPe CLIENT\nSERVERADDRESS 203.0.113.10\n',
    comments: '# one\n  # two\nRelayType client # three\nServerAddress 203.0.113.10 #four "\n\n',
    quotes: 'RelayType "client"\nServerAddress \'203.0.113.10\'\n',
    'byte order mark': '\ufeffRelayType client\nServerAddress 203.0.113.10\n',
    autoclient: 'RelayType autoclient\nServerAddress 203.0.113.10\n',
  };
  for (const [what, text] of Object.entries(SPELLINGS)) {
    test(`spelling: ${what}`, () => {
      const parsed = parse(text);
      assert.deepEqual(messages(parsed), []);
      assert.equal(client(text).server.address, 0xcb00710a);
    });
  }

  test('every directive of a client arrives', () => {
    const text = [
      'ServerAddress 203.0.113.10',
      'ServerAddress2 second.example',
      'InterfaceName tun-6.x',
      'BindAddress 192.168.1.2',
      'BindPort 65535',
      'SyslogFacility LOCAL7',
      'IgnoreConeBit yes',
    ].join('\n');
    const result = client(text);
    assert.equal(result.secondary?.text, 'second.example');
    assert.equal(result.interfaceName, 'tun-6.x');
    assert.equal(formatIpv4(result.bindAddress), '192.168.1.2');
    assert.equal(result.bindPort, 65535);
    assert.equal(result.syslogFacility, 'local7');
    assert.deepEqual(messages(parse(text)), []);
  });

  test('every directive of a relay arrives', () => {
    const result = relay('RelayType cone\nPrefix 2001:db8::/32\nInterfaceMTU 1400\nBindPort 3545');
    assert.equal(result.prefix, 0x20010db8);
    assert.equal(result.mtu, 1400);
    assert.equal(result.bindPort, 3545);
    assert.equal(result.directBubbles, false);
  });

  test('RelayType restricted is a relay with direct bubbles', () =>
    assert.ok(relay('RelayType restricted').directBubbles));

  test('the command line names the server', () => {
    assert.equal(client('ServerAddress one.example', 'two.example').server.text, 'two.example');
    assert.equal(client('', 'two.example').server.text, 'two.example');
  });

  test("another server's secondary address is not used, and this is said", () => {
    const text = 'ServerAddress one.example\nServerAddress2 203.0.113.77';
    assert.equal(client(text, 'two.example').secondary, undefined);
    assert.match(messages(parse(text, 'two.example')).join(), /^miredo\.conf:2: ServerAddress2 is ignored/);
  });

  test('a relay ignores a server on the command line, and says so', () => {
    const parsed = parse('RelayType relay', 'two.example');
    assert.equal(parsed.settings?.mode, 'relay');
    assert.match(messages(parsed).join(), /two\.example of the command line is ignored/);
  });

  /** What keeps the program from starting: text, and the message, which says where, what, and what is allowed. */
  const ERRORS: readonly (readonly [text: string, message: RegExp])[] = [
    ['', /^miredo\.conf: ServerAddress is missing: a client needs a Teredo server$/],
    ['RelayType bridge', /:1: RelayType: "bridge" is none of client, autoclient, relay, cone or restricted$/],
    ['ServerAddress', /:1: ServerAddress needs a value: HOST$/],
    ['ServerAddress a\nBindPort "a', /:2: a quote is opened and not closed on this line$/],
    ['ServerAddress 192.168.1.1', /:1: ServerAddress: 192\.168\.1\.1 is not a public \(global unicast\) IPv4 address$/],
    ['ServerAddress 224.0.0.1', /:1: ServerAddress: 224\.0\.0\.1 is not a public/],
    ['ServerAddress 127.0.0.1', /:1: ServerAddress: 127\.0\.0\.1 is not a public/],
    ['ServerAddress 203.0.113.300', /:1: ServerAddress: "203\.0\.113\.300" is not an IPv4 address/],
    ['ServerAddress 2001:db8::1', /:1: ServerAddress: "2001:db8::1" is neither a host name nor an IPv4 address$/],
    ['ServerAddress -x.example', /:1: ServerAddress: "-x\.example" is neither/],
    ['ServerAddress A\nServerAddress2 a', /:2: ServerAddress2 must differ from ServerAddress/],
    ['ServerAddress a\nBindPort 65536', /:2: BindPort: "65536" is not a whole number from 0 to 65535$/],
    ['ServerAddress a\nBindPort -1', /:2: BindPort: "-1" is not a whole number from 0 to 65535$/],
    ['RelayType relay\nPrefix fe80::', /:2: Prefix: fe80:: is not global unicast; give an IPv6 prefix of 32 bits/],
    ['RelayType relay\nPrefix 2001::/48', /:2: Prefix: 2001::\/48 is not 32 bits long/],
    ['RelayType relay\nPrefix 2001::1', /:2: Prefix: 2001::1 has bits set behind the first 32/],
    ['RelayType relay\nInterfaceMTU 100', /:2: InterfaceMTU: "100" is not a whole number from 1280 to 65507$/],
    ['RelayType relay\nInterfaceMTU 65508', /:2: InterfaceMTU: "65508" is not/],
    ['RelayType relay\nInterfaceMTU 0x600', /:2: InterfaceMTU: "0x600" is not/],
    ['RelayType relay\nBindAddress 1.2.3', /:2: BindAddress: "1\.2\.3" is not an IPv4 address/],
    ['RelayType relay\nBindAddress 239.0.0.1', /:2: BindAddress: 239\.0\.0\.1 cannot be the address of a host/],
    [
      'RelayType relay\nInterfaceName a-name-too-long1',
      /:2: InterfaceName: "a-name-too-long1" cannot name an interface: 1 to 15/,
    ],
    ['RelayType relay\nInterfaceName a/b', /:2: InterfaceName: "a\/b" cannot name/],
    ['RelayType relay\nInterfaceName "a b"', /:2: InterfaceName: "a b" cannot name/],
    ['RelayType relay\nInterfaceName ..', /:2: InterfaceName: "\.\." cannot name/],
    ['RelayType relay\nInterfaceName -x', /:2: InterfaceName: "-x" cannot name/],
    ['RelayType relay\nInterfaceName ""', /:2: InterfaceName: "" cannot name/],
    ['RelayType relay\nInterfaceName all', /:2: InterfaceName: "all" is taken/],
    ['RelayType relay\nSyslogFacility mail', /:2: SyslogFacility: "mail" is none of daemon, kern/],
    ['RelayType relay\nIgnoreConeBit maybe', /:2: IgnoreConeBit: "maybe" is neither "yes" nor "no"$/],
  ];
  for (const [text, message] of ERRORS) {
    test(`error: ${JSON.stringify(text)}`, () => {
      const parsed = parse(text);
      assert.equal(parsed.settings, undefined);
      assert.equal(parsed.faults.length, 1, messages(parsed).join('\n'));
      assert.match(messages(parsed).join(), message);
      assert.equal(parsed.faults[0]?.severity, 'error');
    });
  }

  /** What the old program runs with: it goes on, with a word about it. */
  const WARNINGS: readonly (readonly [text: string, message: RegExp])[] = [
    [
      'ServerAddress a\nServerAdress2 x',
      /:2: "ServerAdress2" is no directive and is ignored; did you mean ServerAddress2\?$/,
    ],
    ['ServerAddress a\nColour blue', /:2: "Colour" is no directive and is ignored$/],
    ['ServerAddress a b c', /:1: ServerAddress takes one value; "b c" is ignored$/],
    ['ServerAddress a\nServerAddress b', /:2: ServerAddress stands in line 1 already; this one is ignored$/],
    ['ServerAddress a\nPrefix 2001::', /:2: Prefix means nothing in client mode and is ignored$/],
    ['ServerAddress a\nInterfaceMTU 1400', /:2: InterfaceMTU means nothing in client mode/],
    ['RelayType relay\nServerAddress a', /:2: ServerAddress means nothing in relay mode/],
  ];
  for (const [text, message] of WARNINGS) {
    test(`warning: ${JSON.stringify(text)}`, () => {
      const parsed = parse(text);
      assert.ok(parsed.settings !== undefined);
      assert.match(messages(parsed).join(), message);
      assert.equal(parsed.faults[0]?.severity, 'warning');
    });
  }

  test('the first of several counts', () => assert.equal(client('ServerAddress a\nServerAddress b').server.text, 'a'));

  test('a bad server on the command line is an error', () => {
    const parsed = parse('ServerAddress a', '10.0.0.1');
    assert.equal(parsed.settings, undefined);
    assert.match(messages(parsed).join(), /server on the command line: 10\.0\.0\.1 is not a public/);
  });

  test('all faults are reported, in the order of the lines', () => {
    const parsed = parse('BindPort x\nFoo\nInterfaceName a/b\nServerAddress 10.0.0.1\nServerAddress c\nRelayType x');
    assert.deepEqual(
      parsed.faults.map((fault) => [fault.line, fault.code]),
      [
        [1, 'bad-value'],
        [2, 'unknown-directive'],
        [3, 'bad-value'],
        [4, 'bad-value'],
        [5, 'duplicate'],
        [6, 'bad-value'],
      ],
    );
  });
});

test('what the table gives as the standard value is one', () => {
  const table: { readonly [key: string]: Directive<unknown> } = MIREDO_DIRECTIVES;
  for (const { name, read, standard } of Object.values(table)) {
    const [word = ''] = standard.split(/[\s:;]+(?=\s|any|$)/);
    if (/^(none|any|the)\b/.test(standard)) continue;
    assert.ok(read(name === 'BindPort' ? word : standard).ok, name);
  }
});
