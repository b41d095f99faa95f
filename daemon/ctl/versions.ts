/** `miredoctl version`. */
import { Client } from '../../dbus/client.js';
import { version } from '../service/command-line.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Screen } from './screen.js';
import { printable } from './terminal.js';

/** Our own is always told, so that the lack of a daemon is no failure. */
export async function versions(screen: Screen): Promise<ExitCode> {
  const client = await Client.open();
  const outcome = client.ok ? await client.value.read() : client;
  if (client.ok) client.value.close();
  const ofDaemon = outcome.ok ? (outcome.value.version ?? 'unknown') : 'not running';
  screen.out(`miredoctl ${version()}\nmiredo ${printable(ofDaemon)}\n`);
  return EXIT.ok;
}
