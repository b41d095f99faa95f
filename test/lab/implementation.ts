/**
 * The two implementations that can play each part: ours from this tree, and Debian's C miredo.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isSingleUser } from './privilege.js';

export type Implementation = 'ours' | 'c';

/** build/bin, seen from build/test/lab. */
const built = (file: string): string => fileURLToPath(new URL(`../../bin/${file}`, import.meta.url));

const OURS = { tunnel: built('miredo.js'), server: built('miredo-server.js') };
const C = { tunnel: '/usr/sbin/miredo', server: '/usr/sbin/miredo-server' };

/** `tunnel` is client and relay. */
export type ProgramKind = 'tunnel' | 'server';

export function commandLine(who: Implementation, kind: ProgramKind, config: string, pidFile: string): string[] {
  const program = who === 'ours' ? [process.execPath, OURS[kind]] : [C[kind]];
  // Where only root exists nobody else's rights can be taken on. C refuses to stay root.
  const user = who === 'ours' && isSingleUser() ? ['-u', 'root'] : [];
  return [...program, '-f', '-c', config, '-p', pidFile, ...user];
}

/** Why an implementation cannot take part here; undefined when it can. */
export function unavailable(who: Implementation): string | undefined {
  if (who === 'ours') {
    const missing = Object.values(OURS).filter((file) => !existsSync(file));
    return missing.length === 0 ? undefined : `not built: ${missing.join(', ')} (npm run build)`;
  }
  const missing = Object.values(C).filter((file) => !existsSync(file));
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (apt-get install miredo miredo-server)`;
  if (isSingleUser()) return 'C miredo drops to a user of its own, and this user namespace has only one';
  return undefined;
}

/** Text of a configuration file: one `Name value` a line. */
export const configText = (directives: Readonly<Record<string, string>>): string =>
  Object.entries(directives)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
