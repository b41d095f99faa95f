/**
 * Makes the details window of the tray application: build/renderer/index.html with one script and one style sheet.
 *
 * A classic script, since Chromium loads no modules from file: URLs. The browser's types are checked here too: they
 * have a tsconfig.json of their own, so that the rest of the project does not know the DOM.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'tray-app/renderer');
const output = join(root, 'build/renderer');

const checked = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', source], {
  cwd: root,
  stdio: 'inherit',
});
if (checked.error !== undefined) throw checked.error;
if (checked.status !== 0) process.exit(checked.status ?? 1);

mkdirSync(output, { recursive: true });
cpSync(join(source, 'index.html'), join(output, 'index.html'));
await build({
  entryPoints: [
    { in: join(source, 'window.tsx'), out: 'window' },
    { in: join(source, 'styles/window.css'), out: 'window' },
  ],
  outdir: output,
  bundle: true,
  minify: true,
  sourcemap: false,
  platform: 'browser',
  // Older than Electron's and Debian's.
  target: 'chrome130',
  format: 'iife',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'eof',
  logLevel: 'warning',
});

/** Their licences want to go where their code goes. */
const licences = ['preact', 'uplot'].map((name) => {
  const text = readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8');
  return `${name}\n\n${text.trim()}\n`;
});
writeFileSync(join(output, 'LICENSES.txt'), licences.join('\n\n'));
