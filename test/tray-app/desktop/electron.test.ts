/**
 * The app in Electron itself: icon in the panel, toggled through it, window open. Skipped where there is no binary of
 * Electron: npm installs its package without one, and fetches it when somebody asks (npx install-electron).
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { _electron } from 'playwright-core';
import { enterBusStage, property, startBus, startPolkit, stopBus, stopPolkit } from '../../bus/private-bus.js';
import { PRIMARY, Stage } from '../../daemon/stage.js';
import { Desktop, desktopSkip } from './desktop.js';
import { waitUntil } from './tray-program.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const PACKAGE = join(ROOT, 'node_modules/electron');

/** Without asking the package, which would fetch it. */
function electronBinary(): string | undefined {
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(PACKAGE, 'dist');
  const note = join(PACKAGE, 'path.txt');
  const file = join(folder, existsSync(note) ? readFileSync(note, 'utf8').trim() : 'electron');
  return existsSync(file) ? file : undefined;
}

const binary = electronBinary();
const skip =
  binary === undefined
    ? 'no Electron binary in node_modules/electron (npx install-electron fetches it)'
    : desktopSkip() || enterBusStage(import.meta.url);
const OPTIONS = { skip, timeout: 120_000 };

const desktop = new Desktop();
before(async () => {
  if (skip !== false) return;
  await startBus();
  await startPolkit();
  await desktop.start();
});
after(async () => {
  await desktop.stop();
  if (skip !== false) return;
  await stopPolkit();
  await stopBus();
});

test('Electron: tray created, toggled, window opened', OPTIONS, async (t) => {
  const stage = new Stage(t);
  await stage.startServer();
  const daemon = stage.start('miredo', { config: `ServerAddress ${PRIMARY}\n` });
  await daemon.line(/on the message bus/);
  const env = Object.entries(desktop.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const app = await _electron.launch({
    executablePath: binary ?? '',
    // Its own sandbox refuses root.
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ROOT],
    env: Object.fromEntries(env),
  });
  t.after(() => app.close());
  const page = await app.firstWindow();
  await page.waitForFunction('window.miredo !== undefined');
  assert.equal(await page.evaluate('typeof require + typeof process'), 'undefinedundefined');
  await waitUntil('the tunnel', async () => (await property('State')) === 's "qualified"');
  await page.waitForFunction(
    `window.miredo.request('begin').then(({ view }) => view.tunnel.snapshot?.state === 'qualified')`,
  );
  await desktop.iconIsShown();
  // Of what can be clicked, the address is the first and the toggle the second.
  await desktop.choose(2);
  await waitUntil('the stop', async () => (await property('State')) === 's "stopped"');
});
