/** Programs of test/io/native, compiled together with sources of the addon: what cannot be done from within Node. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Seen from build/test/support. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ADDON = join(ROOT, 'daemon/io/native');

/** A directory that goes away with the test. */
export function temporaryDirectory(context: TestContext, name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `miredo-${name}-`));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Compiles `source` (a path in the project) to a library that LD_PRELOAD puts before the C library. */
export async function compilePreloaded(context: TestContext, source: string): Promise<string> {
  const library = join(temporaryDirectory(context, 'preloaded'), 'preloaded.so');
  const options = ['-std=c++17', '-O1', '-shared', '-fPIC', '-o', library, join(ROOT, source), '-ldl'];
  await promisify(execFile)(process.env['CXX'] ?? 'c++', options);
  return library;
}

/** Compiles `source` (a path in the project) with `parts` of daemon/io/native; the compiler is there, as for the addon. */
export async function compileProgram(context: TestContext, source: string, parts: readonly string[]): Promise<string> {
  const program = join(temporaryDirectory(context, 'native'), 'program');
  const sources = [join(ROOT, source), ...parts.map((part) => join(ADDON, part))];
  const options = ['-std=c++17', '-O1', '-pthread', `-I${ADDON}`, '-o', program];
  await promisify(execFile)(process.env['CXX'] ?? 'c++', [...options, ...sources]);
  return program;
}
