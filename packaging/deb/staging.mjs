/**
 * Lays out what the package `miredo` installs, from what `npm run build` has made: programs, runtime, addon, and the
 * files that tell systemd, the bus, polkit, NetworkManager, shells and man of them. rpm and pacman packages install the
 * same tree.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { version } from '../release.mjs';
import { linkInto, missingOf, noticesOf, putInto, putManual, root, writeInto } from './put.mjs';

const { formatState } = await import('../../build/daemon/service/servers/saved-state.js');

/** Where the programs and their runtime live. */
const HOME = 'usr/lib/miredo';
const RUNTIME = `/${HOME}/node`;
const DOC = 'usr/share/doc/miredo';
export const ADDON = `${HOME}/packet_path.node`;

/** Program and the folder of the link to it. */
const PROGRAMS = {
  miredo: 'usr/sbin',
  'miredo-server': 'usr/sbin',
  'miredo-checkconf': 'usr/sbin',
  miredoctl: 'usr/bin',
  'miredo-engine': undefined,
  // By its full path: polkit/org.miredo.policy names it.
  'miredo-prefer': HOME,
};

const NETWORK_MANAGER = 'usr/lib/NetworkManager';

/** Links, and what they say. NetworkManager's dispatcher looks in its own folder, and waits for what is not linked so. */
const LINKS = [[`${NETWORK_MANAGER}/dispatcher.d/90-miredo`, 'no-wait.d/90-miredo']];

/** Source in the tree, place in the package, and mode. */
const FILES = [
  ['daemon/io/native/build/Release/packet_path.node', ADDON, 0o644],
  ['dbus/org.miredo.conf', 'usr/share/dbus-1/system.d/org.miredo.conf'],
  ['dbus/org.miredo.service', 'usr/share/dbus-1/system-services/org.miredo.service'],
  ['dbus/org.miredo.xml', 'usr/share/dbus-1/interfaces/org.miredo.xml'],
  ['polkit/org.miredo.policy', 'usr/share/polkit-1/actions/org.miredo.policy'],
  ['polkit/50-miredo.rules.example', 'usr/share/doc/miredo/examples/50-miredo.rules'],
  ['packaging/config/network.conf', 'etc/miredo/network.conf'],
  ['packaging/network-manager/90-miredo', `${NETWORK_MANAGER}/dispatcher.d/no-wait.d/90-miredo`, 0o755],
  ['packaging/network-manager/50-miredo.conf', `${NETWORK_MANAGER}/conf.d/50-miredo.conf`],
  ['packaging/systemd/05-miredo.network', 'usr/lib/systemd/network/05-miredo.network'],
  ['packaging/systemd/sysctl.conf', 'usr/lib/sysctl.d/50-miredo.conf'],
  ['build/completions/miredoctl', 'usr/share/bash-completion/completions/miredoctl'],
  ['build/completions/_miredoctl', 'usr/share/zsh/vendor-completions/_miredoctl'],
  ['build/completions/miredoctl.fish', 'usr/share/fish/vendor_completions.d/miredoctl.fish'],
];

/** In packaging/systemd; debhelper wants to install them itself. */
export const UNITS = ['miredo.service', 'miredo-relay.service', 'miredo-server.service'];

/** Makes the tree in the empty or missing folder `target`; `runtime` is the Node program that goes with it. */
export function stage(target, { runtime = process.execPath } = {}) {
  const put = putInto(target);
  put(runtime, `${HOME}/node`, 0o755);
  for (const [source, place, mode] of FILES) put(join(root, source), place, mode);
  for (const [place, text] of LINKS) linkInto(target, place, text);
  for (const [name, folder] of Object.entries(PROGRAMS)) putProgram(target, name, folder);
  writeInto(target, `${HOME}/package.json`, `${JSON.stringify({ name: 'miredo', version, type: 'commonjs' })}\n`);
  putManual(put, (page) => !page.startsWith('miredo-tray.'));
  writeInto(target, `${DOC}/NOTICES`, noticesOf('build/bin/bundled.json'));
  put(runtimeLicence(), `${DOC}/LICENSE.node`);
  writeInto(target, `${HOME}/started.ini`, formatState({ enabled: true, choice: undefined, servers: [] }));
}

/** The bundle, run by our own runtime whatever else is called node there. */
function putProgram(target, name, folder) {
  const code = readFileSync(join(root, 'build/bin', `${name}.js`), 'utf8').replace(/^#!.*\n/, '');
  const file = `${HOME}/${name}.js`;
  if (folder === undefined) {
    writeInto(target, file, code);
    return;
  }
  writeInto(target, file, `#!${RUNTIME}\n${code}`, 0o755);
  if (folder !== HOME) linkInto(target, `${folder}/${name}`, `../lib/miredo/${name}.js`);
}

/** What has to be built first, as a sentence; undefined when all is there. */
export const missing = () =>
  missingOf([
    ...FILES.map(([source]) => source),
    'build/bin/miredo.js',
    'build/bin/bundled.json',
    'build/man/miredo.8',
  ]);

/** Node's own licence, where its archive or its Debian package leaves it. */
function runtimeLicence() {
  const prefix = dirname(dirname(process.execPath));
  const places = ['LICENSE', 'share/doc/nodejs/LICENSE', 'share/doc/node/LICENSE', 'share/doc/nodejs/copyright'];
  const found = places.map((place) => join(prefix, place)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`The licence of ${process.execPath} is not found in ${prefix}`);
  return found;
}
