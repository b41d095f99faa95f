/**
 * The trees of both packages for tools that add nothing to them: what debhelper puts into the Debian packages is put here
 * by hand.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { putInto, root } from './deb/put.mjs';
import { ADDON, missing, stage, UNITS } from './deb/staging.mjs';
import { missingForTray, stageTray } from './deb/staging-tray.mjs';
import { refuse } from './refuse.mjs';

export const PACKAGES = ['miredo', 'miredo-tray'];

/** Where Debian has something else than others do. */
const ZSH = ['usr/share/zsh/vendor-completions', 'usr/share/zsh/site-functions'];

/** Makes FOLDER/miredo and FOLDER/miredo-tray; `sbin` is where the distribution has programs of administrators. */
export function stageWhole(folder, { sbin }) {
  const fault = missing() ?? missingForTray();
  if (fault !== undefined) refuse(fault);
  const [daemon, tray] = PACKAGES.map((name) => join(folder, name));
  stage(daemon);
  stageTray(tray);
  const put = putInto(daemon);
  for (const unit of UNITS) put(join(root, 'packaging/systemd', unit), `usr/lib/systemd/system/${unit}`);
  put(join(root, 'packaging/systemd/sysusers.conf'), 'usr/lib/sysusers.d/miredo.conf');
  // debhelper does it too. The runtimes stay as their makers build them.
  execFileSync('strip', ['--strip-unneeded', join(daemon, ADDON)]);
  const folders = readFileSync(join(root, 'packaging/deb/debian/miredo.dirs'), 'utf8').trim().split('\n');
  for (const each of folders) mkdirSync(join(daemon, each), { recursive: true, mode: 0o755 });
  for (const name of PACKAGES) put(join(root, 'CHANGELOG.md'), `../${name}/usr/share/doc/${name}/CHANGELOG.md`);
  for (const name of PACKAGES) put(join(root, 'LICENSE'), `../${name}/usr/share/doc/${name}/LICENSE`);
  for (const [from, to] of [ZSH, ['usr/sbin', sbin]]) move(daemon, from, to);
}

/** With what is in it, into a folder that may be there. */
function move(tree, from, to) {
  if (from === to || !existsSync(join(tree, from))) return;
  mkdirSync(join(tree, to), { recursive: true, mode: 0o755 });
  for (const name of readdirSync(join(tree, from))) renameSync(join(tree, from, name), join(tree, to, name));
  rmdirSync(join(tree, from));
  if (readdirSync(dirname(join(tree, from))).length === 0) rmdirSync(dirname(join(tree, from)));
}

/** What the package holds, each as a path from the root; folders that only it has end in a slash. */
export function contentsOf(tree) {
  const entries = readdirSync(tree, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => {
    const path = join(entry.parentPath ?? entry.path, entry.name).slice(tree.length);
    return entry.isDirectory() ? `${path}/` : path;
  });
  const isForeign = (path) => path.endsWith('/') && !path.includes('/miredo');
  return paths.filter((path) => !isForeign(path)).sort();
}
