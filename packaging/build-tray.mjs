/**
 * Makes the tray app in build/tray: main process and preload as one file each, and the icons as PNG. Electron is not
 * needed for it. Run by build.mjs.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import sharp from 'sharp';
import { bundledPackages } from './bundled-packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, 'build/tray');
const sources = join(root, 'tray-app/icons');

/** What the icons are drawn with on either kind of panel: the colours of symbolic icons in Adwaita. */
const panels = { light: '#2e3436', dark: '#eeeeec' };
/** Pixels: panels scale them down; Electron takes NAME@2x.png on a fine screen by itself. */
const sizes = { '': 32, '@2x': 64 };
const appIconSize = 128;
/** For the desktop's menus, which draw other sizes from these or from the drawing. */
const themeSizes = [48, 128, 256];

async function bundle() {
  const { metafile } = await build({
    entryPoints: {
      main: join(root, 'build/tray-app/main/electron/main.js'),
      preload: join(root, 'build/tray-app/preload/preload.js'),
    },
    outdir: output,
    // A preload in the sandbox is a script that may require `electron` and nothing else.
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: ['electron'],
    logLevel: 'warning',
    metafile: true,
  });
  writeFileSync(join(output, 'bundled.json'), `${JSON.stringify(bundledPackages(metafile))}\n`);
}

async function render(file, target, size, colour) {
  if (existsSync(target) && statSync(target).mtimeMs >= statSync(file).mtimeMs) return;
  const drawing = readFileSync(file, 'utf8').replaceAll('currentColor', colour ?? '#000000');
  const { width } = await sharp(Buffer.from(drawing)).metadata();
  await sharp(Buffer.from(drawing), { density: (72 * size) / width })
    .resize(size, size)
    .png()
    .toFile(target);
}

async function renderIcons() {
  const drawings = readdirSync(sources).filter((name) => name.endsWith('.svg') && name !== 'miredo.svg');
  for (const [panel, colour] of Object.entries(panels)) {
    const folder = join(output, 'icons', panel);
    mkdirSync(folder, { recursive: true });
    for (const drawing of drawings) {
      for (const [suffix, size] of Object.entries(sizes)) {
        const target = join(folder, `${basename(drawing, '.svg')}${suffix}.png`);
        await render(join(sources, drawing), target, size, colour);
      }
    }
  }
  await render(join(sources, 'miredo.svg'), join(output, 'icons/miredo.png'), appIconSize);
  for (const size of themeSizes) {
    const folder = join(root, `build/hicolor/${size}x${size}/apps`);
    mkdirSync(folder, { recursive: true });
    await render(join(sources, 'miredo.svg'), join(folder, 'miredo.png'), size);
  }
}

await Promise.all([bundle(), renderIcons()]);
