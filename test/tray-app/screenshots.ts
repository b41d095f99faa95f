/**
 * Makes docs/screenshots anew: the tray's icons, its menu as text, and the window, for the README.
 *
 *     npm run screenshots
 *
 * All of it comes out of the app itself, in the states that its tests know.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp, { type OverlayOptions } from 'sharp';
import type { IconName, MenuEntry } from '../../tray-app/shared/tray-model.js';
import { iconOf, trayFace } from '../../tray-app/shared/tray-model.js';
import type { View } from '../../tray-app/shared/view.js';
import { SCENES, sceneDouble } from './renderer/scenes.js';
import { STATES } from './renderer/views.js';
import { ROOT, Stage, windowSkip } from './renderer/window.js';

const FOLDER = join(ROOT, 'docs/screenshots');
const THEMES = ['light', 'dark'] as const;
const WINDOW = { width: 980, height: 720 };
/** Scenes of which the README has a picture. */
const PICTURES: readonly (readonly [scene: string, theme: (typeof THEMES)[number]])[] = [
  ['overview-qualified', 'light'],
  ['traffic', 'dark'],
  ['servers-probed', 'light'],
  ['diagnosis-done', 'dark'],
];

/** Few colours, so that the file is small. */
async function write(name: string, picture: Buffer, colours = 96): Promise<void> {
  const small = await sharp(picture)
    .png({ palette: true, colours, dither: 0, effort: 10, compressionLevel: 9 })
    .toBuffer();
  writeFileSync(join(FOLDER, `${name}.png`), small);
  console.log(`${name}.png: ${Math.round(small.length / 1000)} kB`);
}

/** One picture over the other. */
async function column(pictures: readonly Buffer[], gap: number, background: string): Promise<Buffer> {
  const sizes = await Promise.all(pictures.map((picture) => sharp(picture).metadata()));
  let top = gap;
  const layers: OverlayOptions[] = pictures.map((input, i) => {
    const layer = { input, left: gap, top };
    top += (sizes[i]?.height ?? 0) + gap;
    return layer;
  });
  const width = Math.max(...sizes.map((size) => size.width ?? 0)) + 2 * gap;
  return sharp({ create: { width, height: top, channels: 3, background } })
    .composite(layers)
    .png()
    .toBuffer();
}

async function drawWindows(stage: Stage): Promise<void> {
  for (const [name, colorScheme] of PICTURES) {
    const scene = SCENES.find((one) => one.name === name);
    if (scene === undefined) throw new Error(`There is no scene ${name}.`);
    const double = sceneDouble();
    double.view = scene.view;
    await using opened = await stage.window({ double, colorScheme, viewport: WINDOW });
    await opened.open(scene.tab);
    await scene.act?.(opened);
    await opened.page.mouse.move(0, 0);
    await write(`window-${name}-${colorScheme}`, await opened.page.screenshot());
  }
}

/** The head of the window in each state. */
async function drawStates(stage: Stage): Promise<void> {
  for (const colorScheme of THEMES) {
    await using opened = await stage.window({
      double: sceneDouble(),
      colorScheme,
      viewport: WINDOW,
    });
    const heads: Buffer[] = [];
    for (const view of Object.values(STATES)) {
      await opened.show(view);
      const head = await opened.page.locator('.hero').screenshot();
      heads.push(await sharp(head).resize({ width: 400 }).toBuffer());
    }
    const half = Math.ceil(heads.length / 2);
    const background = colorScheme === 'dark' ? '#1e1e21' : '#f6f6f7';
    const columns = [heads.slice(0, half), heads.slice(half)].map((part) => column(part, 8, background));
    const [left, right] = await Promise.all(columns);
    if (left === undefined || right === undefined) throw new Error('There are no states.');
    await write(`states-${colorScheme}`, await beside(left, right, background), 24);
  }
}

async function beside(left: Buffer, right: Buffer, background: string): Promise<Buffer> {
  const [one, other] = await Promise.all([sharp(left).metadata(), sharp(right).metadata()]);
  const [width, height] = [(one.width ?? 0) + (other.width ?? 0), Math.max(one.height ?? 0, other.height ?? 0)];
  const layers = [
    { input: left, left: 0, top: 0 },
    { input: right, left: one.width ?? 0, top: 0 },
  ];
  return sharp({ create: { width, height, channels: 3, background } })
    .composite(layers)
    .png()
    .toBuffer();
}

const ICONS: readonly IconName[] = ['stopped', 'waiting', 'qualifying', 'qualified', 'limited', 'failed', 'absent'];

/** Each icon on a light panel and on a dark one. */
async function drawIcons(): Promise<void> {
  const size = 64;
  const cell = size + 32;
  const panels = { light: '#ececee', dark: '#242428' };
  const rows = Object.entries(panels).map(([panel, background]) => {
    const icons = ICONS.map((name, i) => {
      const file = join(ROOT, 'build/tray/icons', panel, `${name === 'qualifying' ? 'qualifying-0' : name}@2x.png`);
      return { input: file, left: i * cell + 16, top: 16 };
    });
    const create = { width: cell * ICONS.length, height: cell, channels: 3, background } as const;
    return sharp({ create }).composite(icons).png().toBuffer();
  });
  await write('icons', await column(await Promise.all(rows), 0, '#ffffff'));
}

/** As a menu looks in a terminal. */
function menuText(entries: readonly MenuEntry[], indent = ''): string[] {
  return entries.flatMap((entry) => {
    if (entry.kind === 'separator') return [`${indent}---`];
    const off = entry.kind === 'line' || entry.isEnabled ? '' : ' (off)';
    const mark = entry.kind === 'radio' || entry.kind === 'checkbox' ? (entry.isChecked ? '[x] ' : '[ ] ') : '';
    const inner = entry.kind === 'submenu' ? menuText(entry.entries, `${indent}    `) : [];
    return [`${indent}${mark}${entry.label}${entry.kind === 'submenu' ? ' >' : ''}${off}`, ...inner];
  });
}

function menuSection(name: string, view: View): string {
  const { tooltip, menu } = trayFace(view);
  const lines = [
    `icon: ${iconOf(view.tunnel)}`,
    ...tooltip.split('\n').map((line) => `tooltip: ${line}`),
    '',
    ...menuText(menu),
  ];
  return `## ${name}\n\n\`\`\`\n${lines.join('\n')}\n\`\`\``;
}

/** The page that shows them, with the menu in each state. */
export function screenshotsPage(): string {
  const pictures = PICTURES.map(([name, theme]) => `![The window: ${name}](window-${name}-${theme}.png)`);
  const states = THEMES.map((theme) => `![Every state, ${theme}](states-${theme}.png)`);
  const menus = Object.entries(STATES).map(([name, view]) => menuSection(name, view));
  const page = [
    '# The tray application in pictures',
    'Made by `npm run screenshots`; do not edit.',
    `The icons on a light and on a dark panel: ${ICONS.join(', ')}.`,
    '![Icons](icons.png)',
    ...pictures,
    ...states,
    'The menu in each state:',
    ...menus,
  ];
  return `${page.join('\n\n').trimEnd()}\n`;
}

export async function makeScreenshots(): Promise<void> {
  if (windowSkip !== false) throw new Error(windowSkip);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  await drawIcons();
  const stage = await Stage.open();
  try {
    await drawWindows(stage);
    await drawStates(stage);
  } finally {
    await stage.close();
  }
  writeFileSync(join(FOLDER, 'README.md'), screenshotsPage());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await makeScreenshots();
