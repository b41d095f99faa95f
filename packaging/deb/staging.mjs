/**
 * Lays out what the package `miredo` installs, from what `npm run build` has made: programs, runtime, addon, and the
 * files that tell systemd, the bus, polkit, NetworkManager, shells and man of them. rpm and pacman packages install the
 * same tree.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { formatState } = await import('../../build/daemon/service/servers/saved-state.js');

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Where the programs and their runtime live. */
const HOME = 'usr/lib/miredo';
const RUNTIME = `/${HOME}/node`;

/** Program and the folder of the link to it. */
const PROGRAMS = {
  miredo: 'usr/sbin',
  'miredo-server': 'usr/sbin',
  'miredo-checkconf': 'usr/sbin',
  miredoctl: 'usr/bin',
  'miredo-engine': undefined,
};

/** Source in the tree, place in the package, and mode. */
const FILES = [
  ['daemon/io/native/build/Release/packet_path.node', `${HOME}/packet_path.node`, 0o644],
  ['dbus/org.miredo.conf', 'usr/share/dbus-1/system.d/org.miredo.conf'],
  ['dbus/org.miredo.service', 'usr/share/dbus-1/system-services/org.miredo.service'],
  ['dbus/org.miredo.xml', 'usr/share/dbus-1/interfaces/org.miredo.xml'],
  ['polkit/org.miredo.policy', 'usr/share/polkit-1/actions/org.miredo.policy'],
  ['polkit/50-miredo.rules.example', 'usr/share/doc/miredo/examples/50-miredo.rules'],
  ['build/completions/miredoctl', 'usr/share/bash-completion/completions/miredoctl'],
  ['build/completions/_miredoctl', 'usr/share/zsh/vendor-completions/_miredoctl'],
  ['build/completions/miredoctl.fish', 'usr/share/fish/vendor_completions.d/miredoctl.fish'],
];

/** In packaging/systemd; debhelper wants to install them itself. */
export const UNITS = ['miredo.service', 'miredo-server.service'];

/** Makes the tree in the empty or missing folder `target`; `runtime` is the Node program that goes with it. */
export function stage(target, { runtime = process.execPath } = {}) {
  const put = (source, place, mode = 0o644) => {
    const file = join(target, place);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    copyFileSync(source, file);
    chmodSync(file, mode);
  };
  put(runtime, `${HOME}/node`, 0o755);
  for (const [source, place, mode] of FILES) put(join(root, source), place, mode);
  for (const [name, folder] of Object.entries(PROGRAMS)) putProgram(target, name, folder);
  writeFileSync(
    join(target, HOME, 'package.json'),
    `${JSON.stringify({ name: 'miredo', version, type: 'commonjs' })}\n`,
  );
  const manual = join(root, 'build/man');
  for (const page of readdirSync(manual)) put(join(manual, page), `usr/share/man/man${page.at(-1)}/${page}`);
  putNotices(target);
  writeFileSync(join(target, HOME, 'started.ini'), formatState({ enabled: true, choice: undefined, servers: [] }));
}

/** The bundle, run by our own runtime whatever else is called node there. */
function putProgram(target, name, folder) {
  const code = readFileSync(join(root, 'build/bin', `${name}.js`), 'utf8').replace(/^#!.*\n/, '');
  const file = join(target, HOME, `${name}.js`);
  writeFileSync(file, folder === undefined ? code : `#!${RUNTIME}\n${code}`);
  chmodSync(file, folder === undefined ? 0o644 : 0o755);
  if (folder === undefined) return;
  mkdirSync(join(target, folder), { recursive: true, mode: 0o755 });
  symlinkSync(`../lib/miredo/${name}.js`, join(target, folder, name));
}

/** The licences of what is bundled, as they ask for. */
function putNotices(target) {
  const metafile = JSON.parse(readFileSync(join(root, 'build/bin/bundled.json'), 'utf8'));
  const texts = metafile.map(
    (name) => `${name}\n${'='.repeat(name.length)}\n\n${licenceOf(join(root, 'node_modules', name))}`,
  );
  const folder = join(target, 'usr/share/doc/miredo');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(join(folder, 'NOTICES'), texts.join('\n\n'));
  putRuntimeLicence(folder);
}

function licenceOf(folder) {
  const name = readdirSync(folder).find((file) => /^(licen[cs]e|copying)/i.test(file));
  if (name === undefined) throw new Error(`${folder} has no file with its licence`);
  return readFileSync(join(folder, name), 'utf8');
}

/** What has to be built first, as a sentence; undefined when all is there. */
export function missing() {
  const wanted = [
    ...FILES.map(([source]) => source),
    'build/bin/miredo.js',
    'build/bin/bundled.json',
    'build/man/miredo.8',
  ];
  const absent = wanted.filter((file) => !existsSync(join(root, file)));
  return absent.length === 0 ? undefined : `${absent.join(', ')} missing; run npm run build`;
}

/** Node's own licence, where its archive or its Debian package leaves it. */
function putRuntimeLicence(folder) {
  const prefix = dirname(dirname(process.execPath));
  const places = ['LICENSE', 'share/doc/nodejs/LICENSE', 'share/doc/node/LICENSE', 'share/doc/nodejs/copyright'];
  const found = places.map((place) => join(prefix, place)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`The licence of ${process.execPath} is not found in ${prefix}`);
  copyFileSync(found, join(folder, 'LICENSE.node'));
  chmodSync(join(folder, 'LICENSE.node'), 0o644);
}
