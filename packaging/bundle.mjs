/**
 * Puts each program into one file, build/bin/NAME.js: a daemon of eighty small modules starts in half the time when
 * Node does not have to look for each. Run by build.mjs; the programs also run unbundled, from build/daemon.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Program and its entry point in build/daemon. */
const programs = {
  miredo: 'main.js',
  'miredo-server': 'server-main.js',
  'miredo-engine': 'engine-main.js',
  'miredo-checkconf': 'checkconf-main.js',
  miredoctl: 'ctl-main.js',
  'miredo-prefer': 'prefer-main.js',
};

/** Libraries in the old module system call `require`. */
const banner = `import { createRequire as createRequireForBundle } from 'node:module';
const require = createRequireForBundle(import.meta.url);`;

const entries = Object.entries(programs)
  .map(([name, file]) => ({ out: name, in: join(root, 'build/daemon', file) }))
  .filter((entry) => existsSync(entry.in));

const { metafile } = await build({
  entryPoints: entries,
  outdir: join(root, 'build/bin'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  banner: { js: banner },
  logLevel: 'warning',
  metafile: true,
});

/** Packages whose code is in the programs, for their licences to go with them. */
const bundled = new Set(
  Object.keys(metafile.inputs)
    .map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1])
    .filter((name) => name !== undefined),
);
writeFileSync(join(root, 'build/bin/bundled.json'), `${JSON.stringify([...bundled].sort())}\n`);
