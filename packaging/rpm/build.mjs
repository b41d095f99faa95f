/**
 * Builds the rpm packages into build/rpm: `npm run rpm`. Needs rpmbuild; no root. The same tree gives the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../deb/put.mjs';
import { sayWhetherElectron } from '../deb/staging-tray.mjs';
import { needPrograms } from '../refuse.mjs';
import { releaseTime, sortableVersion } from '../release.mjs';
import { contentsOf, PACKAGES, stageWhole } from '../whole-trees.mjs';

const output = join(root, 'build/rpm');
const work = join(output, 'work');
const trees = join(work, 'trees');

const evaluate = (macro) => execFileSync('rpm', ['--eval', macro], { encoding: 'utf8' }).trim();

/** A line of the list of files. */
function described(path) {
  if (path.endsWith('/')) return `%dir ${path.slice(0, -1)}`;
  if (path.startsWith('/etc/')) return `%config(noreplace) ${path}`;
  if (path.startsWith('/usr/share/doc/')) return `%doc ${path}`;
  // Pages are compressed when they are in the package.
  return path.startsWith('/usr/share/man/') ? `${path}*` : path;
}

needPrograms({ rpm: 'rpm', rpmbuild: 'rpm', strip: 'binutils' });
rmSync(output, { recursive: true, force: true });
mkdirSync(trees, { recursive: true });
stageWhole(trees, { sbin: evaluate('%_sbindir').slice(1) });
for (const name of PACKAGES) {
  writeFileSync(join(trees, `${name}.files`), `${contentsOf(join(trees, name)).map(described).join('\n')}\n`);
}
const definitions = {
  _topdir: work,
  _dbpath: join(work, 'database'),
  _rpmfilename: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
  _buildhost: 'localhost',
  use_source_date_epoch_as_buildtime: '1',
  clamp_mtime_to_source_date_epoch: '1',
  trees,
  miredo_version: sortableVersion,
};
const words = Object.entries(definitions).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
// What it needs was built before, by npm.
execFileSync('rpmbuild', ['-bb', '--nodeps', ...words, join(root, 'packaging/rpm/miredo.spec')], {
  stdio: process.argv.includes('--quiet') ? ['ignore', 'ignore', 'ignore'] : 'inherit',
  env: { ...process.env, SOURCE_DATE_EPOCH: String(releaseTime()), LC_ALL: 'C.UTF-8' },
});
for (const name of readdirSync(join(work, 'RPMS'))) renameSync(join(work, 'RPMS', name), join(output, name));
rmSync(work, { recursive: true });
sayWhetherElectron();
