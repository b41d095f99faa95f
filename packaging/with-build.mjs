/**
 * Runs a script of the project from any state of the tree, a fresh clone included:
 *
 *     node packaging/with-build.mjs [--tools] SCRIPT [ARGUMENT…]
 *
 * With --tools, root on Debian also gets the compiler that the addon needs, by apt-get. Installs the dependencies when they are missing or are not those of package-lock.json, builds what is out of date,
 * then runs SCRIPT with node. Signals are passed on, and its exit code is ours.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(join(root, lockFile), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Why `npm ci` is needed; undefined when it is not. npm keeps a lock file of what it installed. */
function whyInstall() {
  const installed = packagesOf('node_modules/.package-lock.json');
  if (installed === undefined) return 'node_modules is missing';
  const locked = packagesOf('package-lock.json') ?? {};
  const isStale = ([path, { version, optional }]) =>
    path !== '' && installed[path]?.version !== version && !(optional && installed[path] === undefined);
  return Object.entries(locked).some(isStale) ? 'package-lock.json has changed' : undefined;
}

function must(command, args, env = process.env) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const isInstalled = (program) =>
  (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));

/** The addon's build names what it lacks, so whoever may not install it learns it there. */
function installTools() {
  const missing = ['g++', 'make', 'python3'].filter((program) => !isInstalled(program));
  if (missing.length === 0 || process.getuid() !== 0 || !isInstalled('apt-get')) return;
  console.error(`Installing Debian packages: ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  must('apt-get', ['update', '-q'], env);
  must('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...missing], env);
}

function run(script, args) {
  const child = spawn(process.execPath, [resolve(root, script), ...args], { stdio: 'inherit' });
  // A terminal sends its signals to the whole group; those that come to us alone have to be handed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
}

const words = process.argv.slice(2);
const wantsTools = words[0] === '--tools';
const [script, ...args] = wantsTools ? words.slice(1) : words;
if (script === undefined) {
  console.error('usage: node packaging/with-build.mjs [--tools] SCRIPT [ARGUMENT…]');
  process.exit(2);
}
if (wantsTools) installTools();
const reason = whyInstall();
if (reason !== undefined) {
  console.error(`Installing the dependencies (${reason}): npm ci`);
  must('npm', ['ci', '--no-audit', '--no-fund']);
}
must(process.execPath, [join(root, 'packaging/build.mjs')]);
run(script, args);
