/**
 * Lays out what the package `miredo-tray` installs: the tray app, what tells the desktop of it, and Electron, where it has
 * been fetched (npx install-electron). Without it the package is made all the same: its launcher then looks for an
 * Electron of the same major version, and says what to do where there is none.
 */
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { releaseTime, sortableVersion, version } from '../release.mjs';
import { linkInto, missingOf, noticesOf, putInto, putManual, root, writeInto } from './put.mjs';

const HOME = 'usr/lib/miredo-tray';
const APP = `${HOME}/app`;
const RUNTIME = `${HOME}/electron`;
const DOC = 'usr/share/doc/miredo-tray';
const ICONS = 'usr/share/icons/hicolor';

/** Source in the tree, and place in the package. */
const FILES = [
  ['build/tray/main.cjs', `${APP}/tray/main.cjs`],
  ['build/tray/preload.cjs', `${APP}/tray/preload.cjs`],
  ['build/renderer/index.html', `${APP}/renderer/index.html`],
  ['build/renderer/window.js', `${APP}/renderer/window.js`],
  ['build/renderer/window.css', `${APP}/renderer/window.css`],
  ['packaging/tray/miredo-tray.desktop', 'usr/share/applications/miredo-tray.desktop'],
  ['packaging/tray/autostart.desktop', 'etc/xdg/autostart/miredo-tray.desktop'],
  ['packaging/tray/apparmor-profile', 'usr/share/miredo-tray/apparmor-profile'],
  ['tray-app/icons/miredo.svg', `${ICONS}/scalable/apps/miredo.svg`],
  ['tray-app/icons/qualified.svg', `${ICONS}/symbolic/apps/miredo-symbolic.svg`],
  ...[48, 128, 256].map((size) => [
    `build/hicolor/${size}x${size}/apps/miredo.png`,
    `${ICONS}/${size}x${size}/apps/miredo.png`,
  ]),
];
const LAUNCHER = 'packaging/tray/miredo-tray';
const METAINFO = 'org.miredo.tray.metainfo.xml';

export const electronVersion = JSON.parse(
  readFileSync(join(root, 'node_modules/electron/package.json'), 'utf8'),
).version;

/** Where Electron's release lies unpacked; undefined when it has not been fetched. */
function electronFolder() {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(root, 'node_modules/electron/dist');
  return existsSync(join(folder, 'electron')) ? folder : undefined;
}

/** For whoever builds packages. */
export function sayWhetherElectron() {
  if (electronFolder() !== undefined) return;
  console.error(
    'miredo-tray was built without Electron, and needs one in PATH: to have it in the package, fetch it with ' +
      '"npx install-electron" and build again.',
  );
}

/** What keeps the package from being made, as a sentence. */
export function missingForTray() {
  const folder = electronFolder();
  const found =
    folder === undefined ? electronVersion : readFileSync(join(folder, 'version'), 'utf8').trim().replace(/^v/, '');
  if (found !== electronVersion) return `${folder} holds Electron ${found}, and package.json wants ${electronVersion}`;
  return missingOf([...FILES.map(([source]) => source), 'build/tray/bundled.json', 'build/man/miredo-tray.1']);
}

/** Makes the tree in the empty or missing folder `target`. */
export function stageTray(target) {
  const put = putInto(target);
  for (const [source, place] of FILES) put(join(root, source), place);
  cpSync(join(root, 'build/tray/icons'), join(target, APP, 'tray/icons'), { recursive: true });
  const manifest = { name: 'miredo', productName: 'Miredo', version, main: 'tray/main.cjs' };
  writeInto(target, `${APP}/package.json`, `${JSON.stringify({ ...manifest, desktopName: 'miredo-tray.desktop' })}\n`);
  const launcher = readFileSync(join(root, LAUNCHER), 'utf8').replace(
    '@ELECTRON_MAJOR@',
    electronVersion.split('.')[0],
  );
  writeInto(target, `${HOME}/miredo-tray`, launcher, 0o755);
  linkInto(target, 'usr/bin/miredo-tray', '../lib/miredo-tray/miredo-tray');
  writeInto(target, `usr/share/metainfo/${METAINFO}`, metainfo());
  putManual(put, (page) => page.startsWith('miredo-tray.'));
  const ofWindow = readFileSync(join(root, 'build/renderer/LICENSES.txt'), 'utf8');
  writeInto(target, `${DOC}/NOTICES`, `${noticesOf('build/tray/bundled.json')}\n\n${ofWindow}`);
  const folder = electronFolder();
  if (folder !== undefined) putElectron(target, folder);
}

function metainfo() {
  return readFileSync(join(root, 'packaging/tray', METAINFO), 'utf8')
    .replace('@VERSION@', sortableVersion)
    .replace('@KIND@', sortableVersion.includes('~') ? 'development' : 'stable')
    .replace('@DATE@', new Date(releaseTime() * 1000).toISOString().slice(0, 10));
}

/**
 * All of it but the helper of the old sandbox, which would have to be setuid root: the windows' sandbox is made of user
 * namespaces. The licences go where licences are.
 */
function putElectron(target, folder) {
  const put = putInto(target);
  const licences = { LICENSE: 'LICENSE.electron', 'LICENSES.chromium.html': 'LICENSES.chromium.html' };
  for (const name of readdirSync(folder)) {
    if (name === 'chrome-sandbox') continue;
    if (Object.hasOwn(licences, name)) put(join(folder, name), `${DOC}/${licences[name]}`);
    else cpSync(join(folder, name), join(target, RUNTIME, name), { recursive: true });
  }
}
