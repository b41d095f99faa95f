/** What holds for every text, and for every file that is right. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MIREDO_DIRECTIVES, SERVER_DIRECTIVES } from '../../daemon/config/directives.js';
import { formatFault } from '../../daemon/config/fault.js';
import { type Parsed, parseMiredoConf } from '../../daemon/config/miredo-conf.js';
import { parseServerConf } from '../../daemon/config/server-conf.js';
import { MOST_ENGINES } from '../../daemon/config/values.js';
import { formatPorts } from '../../daemon/io/firewall-commands.js';
import { formatIpv4, ipv4, isGlobalUnicast } from '../../daemon/wire/ipv4.js';
import { formatIpv6, type Ipv6Address } from '../../daemon/wire/ipv6.js';

const NAMES: readonly string[] = [...Object.values(MIREDO_DIRECTIVES), ...Object.values(SERVER_DIRECTIVES)].map(
  ({ name }) => name,
);

/** Bytes that matter to the syntax come often, names of directives too. */
const fragment = fc.oneof(
  fc.constantFrom(...NAMES, ...NAMES.map((name) => name.toLowerCase())),
  fc.constantFrom('"', "'", '#', ' ', '\t', '\n', '\r', '\r\n', '\ufeff', '\0', '\u2028', '/', '.', ':'),
  fc.constantFrom('client', 'relay', '203.0.113.10', '10.0.0.1', '2001::', '1280', '65536', 'teredo.example'),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const anyText = fc.oneof(
  fc.array(fragment, { maxLength: 60 }).map((parts) => parts.join('')),
  fc.array(fragment, { maxLength: 60 }).map((parts) => parts.join(' ')),
);

function assertSensible(text: string, { settings, faults }: Parsed<unknown>): void {
  const lines = text.split(/\r\n|\n|\r/).length;
  let last = 0;
  for (const fault of faults) {
    assert.ok(Number.isInteger(fault.line) && fault.line >= 0 && fault.line <= lines, formatFault(fault));
    assert.ok(fault.line >= last, 'in the order of lines');
    last = fault.line;
    assert.ok(fault.sentence.length > 10);
    // One line each, whatever the file holds: the log is read line by line.
    assert.doesNotMatch(formatFault(fault), /[\n\r\0]/);
    assert.ok(fault.code === 'unknown-directive' || fault.code === 'quote' || NAMES.includes(fault.directive));
  }
  const hasError = faults.some((fault) => fault.severity === 'error');
  assert.equal(settings === undefined, hasError);
}

describe('any text', () => {
  test('miredo.conf: no exception, faults with a place, settings exactly when there is no error', () => {
    fc.assert(
      fc.property(anyText, fc.option(fc.string(), { nil: undefined }), (text, server) => {
        assertSensible(text, parseMiredoConf('f', text, { server }));
      }),
      { numRuns: 2000 },
    );
  });

  test('miredo-server.conf likewise', () => {
    fc.assert(
      fc.property(anyText, (text) => assertSensible(text, parseServerConf('f', text))),
      { numRuns: 1000 },
    );
  });
});

/** How one line may be written. */
interface Writing {
  readonly upper: boolean;
  readonly indent: string;
  readonly gap: string;
  readonly quote: string;
  readonly tail: string;
}

const blanks = fc.constantFrom('', ' ', '\t', '  \t ');
const writing: fc.Arbitrary<Writing> = fc.record({
  upper: fc.boolean(),
  indent: blanks,
  gap: fc.constantFrom(' ', '\t', '   ', '\t \t'),
  quote: fc.constantFrom('', '"', "'"),
  tail: fc.constantFrom('', ' ', ' # comment', '\t#', ' # "quoted\''),
});

/** The whole layout of a file: ten lines at the most have a writing each. */
const layout = fc.record({
  writings: fc.array(writing, { minLength: 10, maxLength: 10 }),
  end: fc.constantFrom('\n', '\r\n'),
  last: fc.boolean(),
  mark: fc.constantFrom('', '\ufeff'),
  between: fc.constantFrom([], [''], ['# comment'], ['  ', '\t# x']),
  seed: fc.integer(),
});
type Layout = typeof layout extends fc.Arbitrary<infer Value> ? Value : never;

function write(directives: Readonly<Record<string, string>>, { writings, end, last, mark, between, seed }: Layout) {
  const lines = Object.entries(directives).map(([name, value], i) => {
    const { upper, indent, gap, quote, tail } = writings[i] as Writing;
    return `${indent}${upper ? name.toUpperCase() : name}${gap}${quote}${value}${quote}${tail}`;
  });
  const turn = Math.abs(seed) % lines.length;
  const turned = [...lines.slice(turn), ...lines.slice(0, turn)];
  return mark + turned.flatMap((line) => [...between, line]).join(end) + (last ? end : '');
}

const publicAddress = fc
  .integer({ min: 0, max: 0xffffffff })
  .filter((value) => isGlobalUnicast(value) && isGlobalUnicast(value + 1))
  .map(ipv4);
const ownAddress = fc.integer({ min: 0, max: 0xdfffffff }).map(ipv4);
const portNumber = fc.integer({ min: 0, max: 65535 });
const mtu = fc.integer({ min: 1280, max: 65507 });
const prefix = fc.integer({ min: 0x20000000, max: 0x3fffffff });
const facility = fc.constantFrom('daemon', 'kern', 'user', 'local0', 'local7');
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const hostName = fc
  .array(label, { minLength: 1, maxLength: 4 })
  .map((labels) => [...labels, 'example'].join('.'))
  .map((text) => ({ text, address: undefined }));
const server = fc.oneof(
  hostName,
  publicAddress.map((address) => ({ text: formatIpv4(address), address })),
);
const interfaceName = fc
  .stringMatching(/^[a-z_][A-Za-z0-9_.@-]{0,14}$/)
  .filter((name) => !/^(lo|all|default)$/.test(name));

const groups = (value: number): string => `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}::`;

/** 2000::/3 without Teredo. */
const internetHost = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
  bytes.set([0x20 | ((bytes[0] ?? 0) & 0x1f), (bytes[1] ?? 0) | 0x10]);
  return bytes as Ipv6Address;
});

/** Objects like those of the parser, for deepEqual. */
const PLAIN = { noNullPrototype: true } as const;

const ports = fc
  .tuple(fc.constantFrom('tcp' as const, 'udp' as const), fc.integer({ min: 1, max: 65535 }), fc.nat(9))
  .map(([protocol, first, more]) => ({ protocol, first, last: Math.min(first + more, 65535) }));

const engines = fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: MOST_ENGINES }));

const client = fc.record(
  {
    mode: fc.constant('client' as const),
    interfaceName,
    bindAddress: ownAddress,
    bindPort: portNumber,
    syslogFacility: facility,
    server,
    secondary: fc.option(server, { nil: undefined }),
    testAddresses: fc.array(internetHost, { maxLength: 8 }),
    firewall: fc.option(fc.array(ports, { maxLength: 64 }), { nil: undefined }),
  },
  PLAIN,
);
const relay = fc.record(
  {
    mode: fc.constant('relay' as const),
    interfaceName,
    bindAddress: ownAddress,
    bindPort: portNumber,
    syslogFacility: facility,
    prefix,
    mtu,
    directBubbles: fc.boolean(),
    engines,
  },
  PLAIN,
);
const serverSettings = fc.record(
  {
    primary: publicAddress,
    secondary: publicAddress,
    prefix,
    mtu,
    engines,
    syslogFacility: facility,
  },
  PLAIN,
);

describe('files that are right are read as what they were written from', () => {
  const common = (value: { interfaceName: string; bindAddress: number; bindPort: number; syslogFacility: string }) => ({
    InterfaceName: value.interfaceName,
    BindAddress: formatIpv4(ipv4(value.bindAddress)),
    BindPort: String(value.bindPort),
    SyslogFacility: value.syslogFacility,
  });

  test('client', () => {
    fc.assert(
      fc.property(client, layout, (settings, how) => {
        const secondary = settings.secondary === undefined ? {} : { ServerAddress2: settings.secondary.text };
        const tests = settings.testAddresses.map(formatIpv6).join(',');
        const open = settings.firewall?.map(formatPorts).join(',');
        const own = {
          ServerAddress: settings.server.text,
          ...secondary,
          Ipv6TestAddress: tests || 'none',
          ...(open === undefined ? {} : { FirewallOpen: open || 'none' }),
        };
        const text = write({ ...own, ...common(settings) }, how);
        assert.deepEqual(parseMiredoConf('f', text), { settings, faults: [] });
      }),
    );
  });

  test('relay', () => {
    fc.assert(
      fc.property(relay, layout, (settings, how) => {
        const own = {
          RelayType: settings.directBubbles ? 'restricted' : 'relay',
          Prefix: groups(settings.prefix),
          InterfaceMTU: String(settings.mtu),
          Engines: String(settings.engines),
        };
        assert.deepEqual(parseMiredoConf('f', write({ ...own, ...common(settings) }, how)), { settings, faults: [] });
      }),
    );
  });

  test('server', () => {
    const differing = serverSettings.filter(({ primary, secondary }) => primary !== secondary);
    fc.assert(
      fc.property(differing, layout, (settings, how) => {
        const directives = {
          ServerBindAddress: formatIpv4(settings.primary),
          ServerBindAddress2: formatIpv4(settings.secondary),
          Prefix: groups(settings.prefix),
          InterfaceMTU: String(settings.mtu),
          Engines: String(settings.engines),
          SyslogFacility: settings.syslogFacility,
        };
        assert.deepEqual(parseServerConf('f', write(directives, how)), { settings, faults: [] });
      }),
    );
  });
});
