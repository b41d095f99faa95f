/** The package under test: built anew when something that goes into it has changed, and once for several test files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILT = join(ROOT, 'build/deb');
/** What the package is made of. */
const SOURCES = ['build/bin', 'build/man', 'build/completions', 'packaging', 'dbus', 'polkit', 'CHANGELOG.md'];

function newest(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function found(name: string, ending: string): string | undefined {
  try {
    const file = readdirSync(BUILT).find((each) => each.startsWith(`${name}_`) && each.endsWith(ending));
    return file === undefined ? undefined : join(BUILT, file);
  } catch {
    return undefined; // none has been built here
  }
}

/** Builds all of them anew, compressed less than for a release, which takes most of the time. */
export function buildPackages(): void {
  const env = { ...process.env, DEB_COMPRESSION: '-Zxz -z1' };
  execFileSync(process.execPath, [join(ROOT, 'packaging/deb/build.mjs'), '--quiet'], { stdio: 'ignore', env });
}

/** The file of a package that is as new as the tree. */
export function builtPackage(name: string): string {
  const known = found(name, '.deb');
  // Written last; and the folder of the work goes when it is done.
  const last = found('miredo', '.changes');
  const changed = Math.max(...SOURCES.map((source) => newest(join(ROOT, source))));
  const isWhole = last !== undefined && !existsSync(join(BUILT, 'work')) && statSync(last).mtimeMs > changed;
  if (known !== undefined && isWhole) return known;
  buildPackages();
  return found(name, '.deb') ?? assert.fail(`${BUILT} has no ${name}`);
}

/** The same with a higher version, as a later release would be. */
export function laterPackage(file: string, folder: string): string {
  return repacked(file, join(folder, 'later.deb'), (control) => {
    execFileSync('sed', ['-i', 's/^Version: .*/&+later/', control]);
  });
}

/** The same, with other words in its control file: not compressed, and so installed in a third of the time. */
export function repacked(file: string, target: string, change: (control: string) => void = () => undefined): string {
  const unpacked = `${target}.d`;
  execFileSync('dpkg-deb', ['--raw-extract', file, unpacked]);
  change(join(unpacked, 'DEBIAN/control'));
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', unpacked, target], { stdio: 'ignore' });
  execFileSync('rm', ['-r', unpacked]);
  return target;
}
