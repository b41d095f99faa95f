/**
 * The addon compiled with AddressSanitizer and UndefinedBehaviorSanitizer, in a copy of the built tree that loads it:
 * build/sanitized/tree. The programs know nothing of it; who runs a test from there tests the sanitized addon.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Seen from build/test/support. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ADDON = join(ROOT, 'daemon/io/native');
const FOLDER = join(ROOT, 'build/sanitized');
const TREE = join(FOLDER, 'tree');
const COMPILER = process.env['CXX'] ?? 'c++';

/**
 * The two runtimes do not share a log. So undefined behaviour traps, and AddressSanitizer reports the signal, with its
 * place. It also knows more of an object's size.
 */
const SANITIZERS = [
  '-fsanitize=address,undefined',
  '-fsanitize-undefined-trap-on-error',
  '-fno-sanitize=object-size',
  '-fno-omit-frame-pointer',
];
const FLAGS = [
  '-std=c++17',
  '-O1',
  '-g1',
  '-fPIC',
  '-fno-rtti',
  '-DNAPI_VERSION=8',
  '-DNODE_GYP_MODULE_NAME=packet_path',
];

/** The sanitizer's library, which has to be in the process before all else; undefined when the compiler has none. */
export async function sanitizerLibrary(): Promise<string | undefined> {
  const { stdout } = await execute(COMPILER, ['-print-file-name=libasan.so']);
  const file = stdout.trim();
  return file.startsWith('/') ? realpathSync(file) : undefined;
}

/** Where node-gyp found Node's headers when it built the addon. */
function headers(): string {
  const config = readFileSync(join(ADDON, 'build/config.gypi'), 'utf8');
  const folder = /"nodedir": "([^"]+)"/.exec(config)?.[1];
  if (folder === undefined) throw new Error('the addon was never built: npm rebuild');
  return join(folder, 'include/node');
}

/** As binding.gyp lists them. */
function sources(): string[] {
  const gyp = readFileSync(join(ADDON, 'binding.gyp'), 'utf8');
  return [...gyp.matchAll(/'([\w-]+\.cc)'/g)].map(([, name]) => join(ADDON, name ?? ''));
}

const age = (file: string): number => (existsSync(file) ? statSync(file).mtimeMs : 0);

async function compileFile(source: string, object: string): Promise<string> {
  await execute(COMPILER, [...FLAGS, ...SANITIZERS, `-I${headers()}`, '-c', source, '-o', object]);
  return object;
}

/** Compiles what is newer than its object, as many at a time as there are processors. */
async function compileAll(): Promise<string[]> {
  const newest = Math.max(
    ...readdirSync(ADDON)
      .filter((name) => name.endsWith('.h'))
      .map((name) => age(join(ADDON, name))),
  );
  const pairs = sources().map((source) => {
    const name = source.slice(source.lastIndexOf('/') + 1);
    return { source, object: join(FOLDER, `${name}.o`) };
  });
  const stale = pairs.filter(({ source, object }) => age(object) < Math.max(age(source), newest));
  const work = async (): Promise<void> => {
    for (let next = stale.pop(); next !== undefined; next = stale.pop()) await compileFile(next.source, next.object);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return pairs.map(({ object }) => object);
}

/** Links objects to an addon. */
async function link(objects: readonly string[], target: string): Promise<void> {
  await execute(COMPILER, ['-shared', ...SANITIZERS, '-o', target, ...objects]);
}

/** An addon of one file, to show that faults are found. */
export async function buildProbe(source: string): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  const target = join(FOLDER, 'probe.node');
  await link([await compileFile(join(ROOT, source), join(FOLDER, 'probe.o'))], target);
  return target;
}

/** Seen from the tree, everything is where it is in the project, but for the addon. */
function plantTree(): void {
  rmSync(TREE, { recursive: true, force: true });
  const native = join(TREE, 'daemon/io/native');
  mkdirSync(native, { recursive: true });
  for (const name of readdirSync(ADDON).filter((entry) => entry !== 'build')) {
    symlinkSync(join(ADDON, name), join(native, name));
  }
  symlinkSync(join(ROOT, 'test'), join(TREE, 'test'));
  for (const part of ['daemon', 'test', 'dbus']) {
    const from = join(ROOT, 'build', part);
    if (existsSync(from)) cpSync(from, join(TREE, 'build', part), { recursive: true });
  }
}

/** Builds it all; returns the folder that stands for build/test. */
export async function buildSanitizedTree(): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  const objects = await compileAll();
  plantTree();
  const target = join(TREE, 'daemon/io/native/build/Release/packet_path.node');
  mkdirSync(dirname(target), { recursive: true });
  await link(objects, target);
  return join(TREE, 'build/test');
}

const REPORTS = join(FOLDER, 'reports');

/** Environment of a Node that loads a sanitized addon. Reports go to files: who dies inside of a test's child counts too. */
export function sanitizedEnvironment(library: string): NodeJS.ProcessEnv {
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true, mode: 0o777 });
  return {
    ...process.env,
    LD_PRELOAD: library,
    // Node leaves much to the end of the process, so leaks tell nothing.
    ASAN_OPTIONS: `detect_leaks=0:handle_sigill=1:log_path=${join(REPORTS, 'report')}`,
  };
}

/** What the sanitizers have had to say since {@link sanitizedEnvironment}. */
export function sanitizerReports(): string[] {
  return readdirSync(REPORTS).map((name) => readFileSync(join(REPORTS, name), 'utf8'));
}
