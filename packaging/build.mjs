/**
 * Builds what is out of date: the addon, the TypeScript, the bundled programs and their file modes, the window of
 * the tray application, the manual, the shells' completion.
 *
 * By hand: npm run build. A build with nothing to do takes half a second, so others call it without asking first.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, 'build');
/** What tsconfig.json compiles. */
const compiled = ['daemon', 'dbus', 'packaging', 'tray-app', 'test'];

/** Runs a node script of the project; ends this process with its exit code when it fails. */
function runNode(script, args = []) {
  const result = spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/**
 * Deletes compiled files whose source is gone. Otherwise a test that was moved would go on being run.
 *
 * The compiler's memory goes with them: it would not write a file again that it believes to be there.
 */
function deleteOrphans() {
  const folders = compiled.map((folder) => join(output, folder)).filter((folder) => existsSync(folder));
  const orphans = folders
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.js(\.map)?$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !existsSync(join(root, relative(output, file).replace(/\.js(\.map)?$/, '.ts'))));
  if (orphans.length === 0) return;
  for (const file of orphans) rmSync(file);
  rmSync(join(output, '.tsbuildinfo'), { force: true });
}

/** `npm link` and a bare path need them executable; the compiler writes plain files. */
function markPrograms() {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  // pkexec runs it by itself; nobody else calls it by name.
  const programs = [...Object.values(bin), 'build/bin/miredo-prefer.js'];
  for (const file of programs) if (existsSync(join(root, file))) chmodSync(join(root, file), 0o755);
}

deleteOrphans();
if (existsSync(join(root, 'packaging/build-addon.mjs'))) runNode('packaging/build-addon.mjs');
runNode('node_modules/typescript/bin/tsc', ['-p', '.']);
runNode('packaging/bundle.mjs');
runNode('packaging/build-tray.mjs');
runNode('packaging/bundle-renderer.mjs');
markPrograms();
const { writeManual } = await import('../build/packaging/man/manual.js');
writeManual(join(output, 'man'));
const { writeCompletions } = await import('../build/packaging/completions/completions.js');
writeCompletions(join(output, 'completions'));
