/**
 * Runs a script of the project from any state of the tree, a fresh clone included:
 *
 *     node packaging/with-build.mjs SCRIPT [ARGUMENT…]
 *
 * Installs the dependencies when they are missing or are not those of package-lock.json, builds what is out of date,
 * then runs SCRIPT with node. Signals are passed on, and its exit code is ours.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

function must(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function run(script, args) {
  const child = spawn(process.execPath, [resolve(root, script), ...args], { stdio: 'inherit' });
  // A terminal sends its signals to the whole group; those that come to us alone have to be handed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
}

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  console.error('usage: node packaging/with-build.mjs SCRIPT [ARGUMENT…]');
  process.exit(2);
}
const reason = whyInstall();
if (reason !== undefined) {
  console.error(`Installing the dependencies (${reason}): npm ci`);
  must('npm', ['ci', '--no-audit', '--no-fund']);
}
must(process.execPath, [join(root, 'packaging/build.mjs')]);
run(script, args);
