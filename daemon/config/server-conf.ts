/** miredo-server.conf(5): from text to what the server is to be. */

import { formatIpv4, type Ipv4Address, isGlobalUnicast } from '../wire/ipv4.js';
import { DEFAULT_MTU } from '../wire/mtu.js';
import { TEREDO_PREFIX } from '../wire/teredo-address.js';
import { MIREDO_DIRECTIVES, SERVER_DIRECTIVES } from './directives.js';
import { finish, nextAddress, type Parsed } from './miredo-conf.js';
import { FileReader } from './read-directives.js';
import type { EngineCount, SyslogFacility } from './values.js';

export interface ServerSettings {
  readonly primary: Ipv4Address;
  readonly secondary: Ipv4Address;
  readonly prefix: number;
  readonly mtu: number;
  readonly engines: EngineCount;
  readonly syslogFacility: SyslogFacility;
}

export function parseServerConf(file: string, text: string): Parsed<ServerSettings> {
  const reader = new FileReader(file, SERVER_DIRECTIVES, text, { table: MIREDO_DIRECTIVES, file: 'miredo.conf' });
  const values = reader.values('server');
  const primary = values.serverBindAddress;
  if (primary === undefined && reader.lineOf('serverBindAddress') === undefined) {
    const sentence = 'ServerBindAddress is missing: give the first of two public IPv4 addresses of this host';
    reader.add('missing-directive', undefined, 'ServerBindAddress', sentence);
  }
  if (primary === undefined) return finish<ServerSettings>(reader, undefined);
  const secondary = values.serverBindAddress2 ?? nextAddress(primary);
  checkSecondary(reader, primary, secondary);
  return finish(reader, {
    primary,
    secondary,
    prefix: values.prefix ?? TEREDO_PREFIX,
    mtu: values.interfaceMtu ?? DEFAULT_MTU,
    engines: values.engines ?? 'auto',
    syslogFacility: values.syslogFacility ?? 'daemon',
  });
}

function checkSecondary(
  reader: FileReader<typeof SERVER_DIRECTIVES>,
  primary: Ipv4Address,
  secondary: Ipv4Address,
): void {
  const line = reader.lineOf('serverBindAddress2');
  if (secondary === primary) {
    const sentence = 'ServerBindAddress2 must differ from ServerBindAddress: clients compare what the two see';
    reader.add('bad-value', line, 'ServerBindAddress2', sentence);
  } else if (!isGlobalUnicast(secondary)) {
    const sentence = `the secondary address ${formatIpv4(secondary)} is not public; set ServerBindAddress2`;
    reader.add('bad-value', line ?? reader.lineOf('serverBindAddress'), 'ServerBindAddress2', sentence);
  }
}
