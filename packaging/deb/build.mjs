/**
 * Builds the Debian packages into build/deb: `npm run deb`. Needs dpkg-dev and debhelper; no root.
 *
 * The same tree gives the same bytes: times are those of the changelog, whatever the clock says.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needPrograms, refuse } from '../refuse.mjs';
import { releaseTime, sortableVersion } from '../release.mjs';
import { root } from './put.mjs';
import { missing, stage, UNITS } from './staging.mjs';
import { missingForTray, sayWhetherElectron, stageTray } from './staging-tray.mjs';

const work = join(root, 'build/deb/work');
const output = join(root, 'build/deb');

function changelog(seconds) {
  const [maintainer] = /(?<=^Maintainer: ).*/m.exec(readFileSync(join(work, 'debian/control'), 'utf8')) ?? [];
  const date = new Date(seconds * 1000).toUTCString().replace('GMT', '+0000');
  const own = entry(sortableVersion, 'CHANGELOG.md.gz', `${maintainer}  ${date}`);
  // What is news keeps its version, or it would be news again with each release; dpkg's tools look for that in here.
  const news = readFileSync(join(work, 'debian/miredo.NEWS'), 'utf8');
  const [version] = /(?<=^miredo \().*?(?=\))/.exec(news) ?? [];
  const [signature] = /(?<=^ -- ).*/m.exec(news) ?? [];
  return version === sortableVersion ? own : `${own}\n${entry(version, 'NEWS.Debian.gz', signature)}`;
}

const entry = (version, file, signature) =>
  `miredo (${version}) unstable; urgency=medium\n\n  * See /usr/share/doc/miredo/${file}.\n\n -- ${signature}\n`;

const fault = missing() ?? missingForTray();
if (fault !== undefined) refuse(fault);
needPrograms({ dh: 'debhelper', 'dpkg-buildpackage': 'dpkg-dev' });
rmSync(output, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
cpSync(join(root, 'packaging/deb/debian'), join(work, 'debian'), { recursive: true });
for (const unit of UNITS) cpSync(join(root, 'packaging/systemd', unit), join(work, 'debian', `miredo.${unit}`));
cpSync(join(root, 'packaging/systemd/sysusers.conf'), join(work, 'debian/miredo.sysusers'));
const seconds = releaseTime();
writeFileSync(join(work, 'debian/changelog'), changelog(seconds));
cpSync(join(root, 'CHANGELOG.md'), join(work, 'CHANGELOG.md'));
stage(join(work, 'staging'));
stageTray(join(work, 'staging-tray'));
execFileSync('dpkg-buildpackage', ['-b', '-us', '-uc', '-tc'], {
  cwd: work,
  stdio: process.argv.includes('--quiet') ? ['ignore', 'ignore', 'inherit'] : 'inherit',
  env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds), LC_ALL: 'C.UTF-8' },
});
rmSync(work, { recursive: true });
sayWhetherElectron();
