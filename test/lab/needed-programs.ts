/**
 * The programs that the lab and its tests run, which of them are missing, and how to get them.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './command.js';

/** What a program is needed for. */
export type Purpose =
  | 'lab'
  | 'c-miredo'
  | 'manual'
  | 'bus'
  | 'shells'
  | 'bench'
  | 'desktop'
  | 'network-manager'
  | 'networks'
  | 'vpn'
  | 'package'
  | 'boot'
  | 'rpm'
  | 'arch';

export interface NeededProgram {
  readonly program: string;
  readonly package: string;
  readonly purpose: string;
}

/** Beside the source, seen from build/test/lab; .ci/run reads the same file. */
const LIST = fileURLToPath(new URL('../../../test/lab/needed-programs.txt', import.meta.url));

function neededPrograms(): NeededProgram[] {
  const lines = readFileSync(LIST, 'utf8').split('\n');
  const entries = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return entries.map((line) => {
    const [program = '', name = '', purpose = ''] = line.split(/\s+/);
    return { program, package: name, purpose };
  });
}

/** PATH holds the system's folders too: command.ts sees to that. */
function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${program}`));
}

export function missingPrograms(purposes: readonly Purpose[]): NeededProgram[] {
  const wanted: readonly string[] = purposes;
  return neededPrograms().filter(({ program, purpose }) => wanted.includes(purpose) && !isInstalled(program));
}

const packagesOf = (programs: readonly NeededProgram[]): string[] => [
  ...new Set(programs.map((program) => program.package)),
];

/** One sentence with the remedy; undefined when nothing is missing. */
export function missingSentence(purposes: readonly Purpose[]): string | undefined {
  const missing = missingPrograms(purposes);
  if (missing.length === 0) return undefined;
  const names = missing.map(({ program }) => program).join(', ');
  return `not installed: ${names} (as root: apt-get install ${packagesOf(missing).join(' ')})`;
}

/** invoke-rc.d asks this program before it starts a service: Debian's miredo must not run outside the lab. */
const POLICY = '/usr/sbin/policy-rc.d';

async function withoutServices<T>(body: () => Promise<T>): Promise<T> {
  if (existsSync(POLICY)) return body();
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await body();
  } finally {
    rmSync(POLICY);
  }
}

/** Installs what is missing with apt-get, without starting any service. For root only. */
export async function installMissing(purposes: readonly Purpose[], say: (line: string) => void): Promise<void> {
  const packages = packagesOf(missingPrograms(purposes));
  if (packages.length === 0) return;
  say(`Installing Debian packages: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...packages];
  await run(['apt-get', 'update'], { env, timeout: 120_000 });
  const result = await withoutServices(() => run(install, { env, timeout: 600_000 }));
  if (result.code !== 0) throw new Error(`apt-get install failed:\n${result.stderr}`);
}
