/**
 * Compiles the packet path's addon (daemon/io/native) with node-gyp, unless what is there is up to date.
 *
 * npm runs this as the `install` script; by hand: node packaging/build-addon.mjs [--force]
 * It needs a C++ compiler, make and Python 3, and Node's headers: those beside the running Node when they are
 * there, else node-gyp fetches them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'daemon/io/native');
const release = join(source, 'build/Release');
const addon = join(release, 'packet_path.node');
/** Says for which Node the addon was compiled. */
const stamp = join(release, 'built-for.json');
const target = JSON.stringify({ modules: process.versions.modules, arch: process.arch, platform: process.platform });

function isUpToDate() {
  if (!existsSync(addon) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== target) return false;
  const built = statSync(addon).mtimeMs;
  const files = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.every((file) => statSync(join(source, file.name)).mtimeMs <= built);
}

/** The project's own node-gyp, else the one that npm brings along. */
function findNodeGyp() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const npm = process.env.npm_execpath === undefined ? [] : [dirname(dirname(process.env.npm_execpath))];
  const homes = [root, ...npm, join(prefix, 'lib/node_modules/npm'), join(prefix, 'share/nodejs/npm')];
  return homes.map((home) => join(home, 'node_modules/node-gyp/bin/node-gyp.js')).find((file) => existsSync(file));
}

/** Headers of the running Node, as distributions and nodejs.org's archives install them. */
function findHeaders() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? prefix : undefined;
}

function fail(reason, output = '') {
  if (output !== '') console.error(output);
  console.error(`The packet path's addon could not be compiled: ${reason}`);
  console.error('It needs a C++17 compiler, make and Python 3, and the headers of Node.');
  console.error('  Debian, Ubuntu: apt install g++ make python3');
  console.error('  Fedora:         dnf install gcc-c++ make python3');
  process.exit(1);
}

function build() {
  if (process.platform !== 'linux') fail(`this program runs on Linux only, not on ${process.platform}.`);
  const nodeGyp = findNodeGyp();
  if (nodeGyp === undefined) fail('node-gyp was not found; run npm install first.');
  const headers = findHeaders();
  const options = ['rebuild', '--directory', source, ...(headers === undefined ? [] : [`--nodedir=${headers}`])];
  const result = spawnSync(process.execPath, [nodeGyp, ...options], { cwd: root, encoding: 'utf8' });
  if (result.error !== undefined) fail(result.error.message);
  if (result.status !== 0)
    fail(`node-gyp ended with ${result.status ?? result.signal}.`, result.stdout + result.stderr);
  if (!existsSync(addon)) fail(`node-gyp left no ${addon}.`, result.stdout + result.stderr);
  writeFileSync(stamp, target);
}

if (process.argv.includes('--force') || !isUpToDate()) build();
