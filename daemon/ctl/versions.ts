/** `miredoctl version`. */
import { version } from '../service/command-line.js';
import { readOnce } from './calling.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Screen } from './screen.js';
import { printable } from './terminal.js';

/** Our own is always told, so that the lack of a daemon is no failure. */
export async function versions(screen: Screen): Promise<ExitCode> {
  const outcome = await readOnce();
  const ofDaemon = outcome.ok ? (outcome.value.version ?? 'unknown') : 'not running';
  screen.out(`miredoctl ${version()}\nmiredo ${printable(ofDaemon)}\n`);
  return EXIT.ok;
}
