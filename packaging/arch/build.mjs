/**
 * Builds the packages for Arch Linux into build/arch: `npm run arch`. Needs makepkg, and for root unshare: makepkg does not
 * run as root. The same tree gives the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../deb/put.mjs';
import { electronVersion, sayWhetherElectron } from '../deb/staging-tray.mjs';
import { needPrograms } from '../refuse.mjs';
import { releaseTime, version } from '../release.mjs';
import { stageWhole } from '../whole-trees.mjs';

const output = join(root, 'build/arch');
const work = join(output, 'work');

needPrograms({ makepkg: 'makepkg', fakeroot: 'fakeroot', bsdtar: 'libarchive-tools', zstd: 'zstd', strip: 'binutils' });
rmSync(output, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
stageWhole(join(work, 'trees'), { sbin: 'usr/bin' });
// pacman takes 2.0.0alpha.1 for older than 2.0.0, and no hyphen.
const recipe = readFileSync(join(root, 'packaging/arch/PKGBUILD'), 'utf8')
  .replace(/^pkgver=.*$/m, `pkgver=${version.replace('-', '')}`)
  .replace('@ELECTRON_MAJOR@', electronVersion.split('.')[0]);
writeFileSync(join(work, 'PKGBUILD'), recipe);
cpSync(join(root, 'packaging/arch/miredo.install'), join(work, 'miredo.install'));

// What the packages need is for the machine that installs them.
const makepkg = ['makepkg', '--nodeps', '--force', '--noconfirm'];
// In a namespace of its own root is a user without privilege, and the files remain root's.
const words = process.getuid() === 0 ? ['unshare', '--user', '--map-user=65534', '--', ...makepkg] : makepkg;
execFileSync(words[0], words.slice(1), {
  cwd: work,
  stdio: process.argv.includes('--quiet') ? ['ignore', 'ignore', 'ignore'] : 'inherit',
  env: {
    ...process.env,
    SOURCE_DATE_EPOCH: String(releaseTime()),
    LC_ALL: 'C.UTF-8',
    PKGDEST: output,
    PKGEXT: '.pkg.tar.zst',
    PACKAGER: 'Miredo developers <miredo@localhost.invalid>',
    BUILDDIR: join(work, 'build'),
  },
});
for (const name of readdirSync(work).filter((each) => each.endsWith('.pkg.tar.zst'))) {
  renameSync(join(work, name), join(output, name));
}
rmSync(work, { recursive: true });
sayWhetherElectron();
