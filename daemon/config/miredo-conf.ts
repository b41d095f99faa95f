/** miredo.conf(5): from text to what the program is to be. */

import { type Ipv4Address, ipv4, type Port, UNSPECIFIED_IPV4 } from '../wire/ipv4.js';
import { type Ipv6Address, parseIpv6 } from '../wire/ipv6.js';
import { DEFAULT_MTU } from '../wire/mtu.js';
import { TEREDO_PREFIX } from '../wire/teredo-address.js';
import { MIREDO_DIRECTIVES, type RelayType, SERVER_DIRECTIVES, TEST_ADDRESSES } from './directives.js';
import type { Fault } from './fault.js';
import { FileReader } from './read-directives.js';
import { type EngineCount, type OpenPorts, type ServerName, type SyslogFacility, serverName } from './values.js';

/** What client and relay share. */
interface Common {
  readonly interfaceName: string;
  readonly bindAddress: Ipv4Address;
  /** 0: any. */
  readonly bindPort: Port;
  readonly syslogFacility: SyslogFacility;
}

export interface ClientSettings extends Common {
  readonly mode: 'client';
  /** undefined: only where none is needed. */
  readonly server: ServerName | undefined;
  /** undefined: the address after the server's. */
  readonly secondary: ServerName | undefined;
  /** Asked whether the IPv6 Internet answers. */
  readonly testAddresses: readonly Ipv6Address[];
  /** What is let in unasked; undefined: everything, as there is to be no firewall. */
  readonly firewall: readonly OpenPorts[] | undefined;
}

export interface RelaySettings extends Common {
  readonly mode: 'relay';
  readonly prefix: number;
  readonly mtu: number;
  /** RelayType restricted: bubbles go directly as well. */
  readonly directBubbles: boolean;
  readonly engines: EngineCount;
}

export type MiredoSettings = ClientSettings | RelaySettings;

/** `settings` is undefined when a fault is an error. */
export interface Parsed<Settings> {
  readonly settings: Settings | undefined;
  readonly faults: readonly Fault[];
}

const DEFAULT_INTERFACE = 'teredo';
const DEFAULT_TESTS = TEST_ADDRESSES.split(',').flatMap((text) => parseIpv6(text) ?? []);

export interface Circumstances {
  /** The server named on the command line, which goes before ServerAddress (miredo(8)). */
  readonly server?: string | undefined;
  /** Users start and stop the tunnel and choose the server: it is a client, and needs no server here. */
  readonly isManaged?: boolean;
}

export function parseMiredoConf(file: string, text: string, circumstances: Circumstances = {}): Parsed<MiredoSettings> {
  const { server: serverOverride, isManaged = false } = circumstances;
  const elsewhere = { table: SERVER_DIRECTIVES, file: 'miredo-server.conf' };
  const reader = new FileReader(file, MIREDO_DIRECTIVES, text, elsewhere);
  const type = relayType(reader);
  if (type === undefined) {
    reader.values();
    return finish<MiredoSettings>(reader, undefined);
  }
  const settings =
    type === 'client' || type === 'autoclient' ? client(reader, serverOverride, isManaged) : relay(reader, type);
  if (settings?.mode === 'relay' && isManaged) {
    const sentence = `RelayType is ${type}, but --managed is for a client; leave one of them out (miredo-relay.service is for relays)`;
    reader.add('wrong-mode', reader.lineOf('relayType'), 'RelayType', sentence);
  }
  if (settings?.mode === 'relay' && serverOverride !== undefined) {
    const sentence = `the server ${serverOverride} of the command line is ignored: RelayType is ${type}`;
    reader.add('wrong-mode', reader.lineOf('relayType'), 'RelayType', sentence, 'warning');
  }
  return finish(reader, settings);
}

type Reader = FileReader<typeof MIREDO_DIRECTIVES>;

/** undefined when it cannot be read: then nobody knows which directives should be there. */
function relayType(reader: Reader): RelayType | undefined {
  return reader.lineOf('relayType') === undefined ? 'client' : reader.value('relayType');
}

function client(reader: Reader, serverOverride: string | undefined, isManaged: boolean): ClientSettings | undefined {
  const values = reader.values('client');
  const server = serverOverride === undefined ? values.serverAddress : commandLineServer(reader, serverOverride);
  if (server === undefined && (serverOverride !== undefined || !isManaged)) {
    if (reader.lineOf('serverAddress') === undefined && serverOverride === undefined) {
      reader.add(
        'missing-directive',
        undefined,
        'ServerAddress',
        'ServerAddress is missing: a client needs a Teredo server',
      );
    }
    return undefined;
  }
  return {
    mode: 'client',
    ...common(values),
    server,
    // The secondary address belongs to the server of the file, not to another one.
    secondary: serverOverride === undefined ? values.serverAddress2 : undefined,
    testAddresses: values.ipv6TestAddress ?? DEFAULT_TESTS,
    firewall: firewall(values, isManaged),
  };
}

/** The old program had none, and its files are to do what they did. Who opens ports means a firewall. */
function firewall(values: ReturnType<Reader['values']>, isManaged: boolean): ClientSettings['firewall'] {
  const standard = isManaged || values.firewallOpen !== undefined ? 'yes' : 'no';
  return (values.firewall ?? standard) === 'yes' ? (values.firewallOpen ?? []) : undefined;
}

function commandLineServer(reader: Reader, text: string): ServerName | undefined {
  const read = serverName(text);
  if (read.ok) return read.value;
  reader.add('bad-value', undefined, 'ServerAddress', `server on the command line: ${read.problem}`);
  return undefined;
}

function relay(reader: Reader, type: RelayType): RelaySettings {
  const values = reader.values('relay');
  return {
    mode: 'relay',
    ...common(values),
    prefix: values.prefix ?? TEREDO_PREFIX,
    mtu: values.interfaceMtu ?? DEFAULT_MTU,
    directBubbles: type === 'restricted',
    engines: values.engines ?? 1,
  };
}

function common(values: ReturnType<Reader['values']>): Common {
  return {
    interfaceName: values.interfaceName ?? DEFAULT_INTERFACE,
    bindAddress: values.bindAddress ?? UNSPECIFIED_IPV4,
    bindPort: values.bindPort ?? (0 as Port),
    syslogFacility: values.syslogFacility ?? 'daemon',
  };
}

/** Faults in the order of lines; settings only without errors. */
export function finish<Settings>(
  reader: { readonly faults: Fault[] },
  settings: Settings | undefined,
): Parsed<Settings> {
  const faults = [...reader.faults].sort((a, b) => a.line - b.line);
  const failed = faults.some((fault) => fault.severity === 'error');
  return { settings: failed || settings === undefined ? undefined : Object.freeze(settings), faults };
}

/** The address after `address`: where a server's secondary address is unless told otherwise. */
export const nextAddress = (address: Ipv4Address): Ipv4Address => ipv4(address + 1);
