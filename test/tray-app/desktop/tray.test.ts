/**
 * The compiled main process and preload, unchanged, on the stand-in for Electron: its icon in a real panel, clicked
 * through the panel; its notifications in a real notification daemon; the real daemon behind it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enterBusStage, property, startBus, startPolkit, stopBus, stopPolkit } from '../../bus/private-bus.js';
import { PRIMARY, type Running, Stage } from '../../daemon/stage.js';
import { Desktop, desktopSkip } from './desktop.js';
import { TrayProgram, waitUntil } from './tray-program.js';

const OPTIONS = { skip: desktopSkip() || enterBusStage(import.meta.url), timeout: 180_000 };
const CLIENT = `ServerAddress ${PRIMARY}\n`;
/** Kept, to be looked at. */
const SHOTS = fileURLToPath(new URL('../../../../build/screenshots/tray/', import.meta.url));

const lines = (menu: string): string[] => menu.split('\n');
const icon = (path: string): string => path.replace(/^.*icons\//, '').replace(/(-\d)?\.png$/, '');

describe('the tray', OPTIONS, () => {
  const desktop = new Desktop();
  let program: TrayProgram;

  const shot = (name: string): void => desktop.screenshot(join(SHOTS, `${name}.png`));
  const iconIs = (name: string): Promise<string> =>
    program.recorded('Tray.setImage', (path) => icon(path) === `light/${name}`);

  before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    await startBus();
    await startPolkit();
    await desktop.start();
    program = new TrayProgram(desktop, ['--hidden']);
  });
  after(async () => {
    await program?.kill();
    await desktop.stop();
    await stopPolkit();
    await stopBus();
  });

  test('without a daemon it says so, and what would help', async () => {
    const menu = lines(await program.menu((text) => text.includes('systemctl')));
    assert.deepEqual(menu.slice(0, 2), [
      'The daemon is not running  (disabled)',
      'Start it as an administrator: systemctl start miredo  (disabled)',
    ]);
    assert.ok(menu.includes('Start the tunnel  (disabled)') && menu.at(-1) === 'Quit');
    await program.recorded('Tray.setToolTip', (tip) => tip === 'Miredo: The daemon is not running');
    assert.equal(await program.order({ do: 'window-count' }), 0, 'started at login it opens no window');
  });

  test('start at login: a file in the autostart folder, and gone again', async () => {
    await program.choose('Start at login');
    await program.menu((text) => text.includes('☑ Start at login'));
    const file = join(desktop.home, '.config/autostart/miredo-tray.desktop');
    assert.match(readFileSync(file, 'utf8'), /^Exec=\S+ \S+ --hidden$/m);
    await program.choose('Start at login');
    await program.menu((text) => text.includes('☐ Start at login'));
    assert.ok(!existsSync(file));
    const kept = JSON.parse(readFileSync(join(desktop.home, '.config/miredo/tray.json'), 'utf8')) as object;
    assert.ok('startAtLogin' in kept);
  });

  describe('with a daemon', () => {
    let stage: Stage;
    let daemon: Running;
    let address = '';
    const endings: (() => unknown)[] = [];
    after(async () => {
      for (const end of endings.reverse()) await end();
    });
    before(async () => {
      // It belongs to the suite, not to one test.
      const context = { after: (end: () => unknown) => endings.push(end) };
      stage = new Stage(context as unknown as ConstructorParameters<typeof Stage>[0]);
      await stage.startServer();
      daemon = stage.start('miredo', { config: CLIENT });
      await daemon.line(/on the message bus/);
    });

    test('it follows the daemon that comes, to the qualified tunnel', async () => {
      const menu = lines(await program.menu((text) => text.includes('Qualified')));
      address = /2001:0:[0-9a-f:]+/.exec(menu.join('\n'))?.[0] ?? '';
      assert.ok(address !== '', menu.join('\n'));
      assert.equal(await property('Address'), `s "${address}"`);
      assert.ok(menu.includes('Stop the tunnel'));
      assert.equal(menu.at(-1), 'Quit (the tunnel stays up)');
      await program.recorded('Tray.setToolTip', (tip) => tip.endsWith(`\n${address}`));
      await waitUntil('the notification', () => desktop.notices().some(({ summary }) => summary === 'IPv6 is up'));
      const notice = desktop.notices().find(({ summary }) => summary === 'IPv6 is up');
      assert.deepEqual(notice, { app: 'Miredo', summary: 'IPv6 is up', body: `${address} via ${PRIMARY}` });
      await desktop.openMenu();
      shot('menu-qualified');
      await desktop.closeMenu();
    });

    test('a click on the address copies it', async () => {
      await program.choose(`Copy ${address}`);
      await program.recorded('clipboard.writeText', (text) => text === address);
      await waitUntil('the clipboard', () => desktop.clipboard() === address);
    });

    test('who only waits has no timer', async () => {
      const resources = (await program.order({ do: 'resources' })) as readonly string[];
      assert.deepEqual(
        resources.filter((name) => name === 'Timeout' || name === 'Immediate'),
        [],
        'all comes by signals',
      );
    });

    test('stop and start, clicked in the panel', async () => {
      await program.choose('Stop the tunnel');
      const menu = lines(await program.menu((text) => text.startsWith('Stopped')));
      assert.equal(await property('State'), 's "stopped"');
      assert.equal(menu[0], 'Stopped: The tunnel was stopped on request.  (disabled)');
      assert.equal(menu.at(-1), 'Quit (the tunnel stays stopped)');
      await iconIs('stopped');
      shot('stopped');
      const before = desktop.notices().length;
      await program.choose('Start the tunnel');
      await program.menu((text) => text.includes('Stop the tunnel') && text.includes(address));
      assert.equal(await property('State'), 's "qualified"');
      const shown = (await program.records('Tray.setImage')).map(([path]) => icon(String(path)));
      assert.ok(shown.includes('light/qualifying'), 'the way there is shown');
      await waitUntil('the notification', () => desktop.notices().length > before);
      assert.equal(desktop.notices().at(-1)?.summary, 'IPv6 is up', 'who stops it is not told that it is lost');
    });

    test('a daemon that ends and comes again', async () => {
      await daemon.stop('SIGKILL');
      await program.menu((text) => text.startsWith('The daemon is not running'));
      await iconIs('absent');
      await waitUntil('the notification', () => desktop.notices().at(-1)?.summary === 'IPv6 is lost');
      daemon = stage.start('miredo', { config: CLIENT, pidFile: join(stage.directory, 'second.pid') });
      await program.menu((text) => text.includes('Copy 2001:0:'));
    });

    test('a bus that goes and comes again', async () => {
      await stopBus();
      await program.menu((text) => text.startsWith('No system bus'));
      await startBus();
      await program.menu((text) => text.includes('Copy 2001:0:'));
    });

    test('a panel that is started anew gets the icon again', async () => {
      const before = (await program.records('Tray.setImage')).length;
      await desktop.stopPanel();
      await desktop.startPanel();
      await waitUntil('the icon', async () => (await program.records('Tray.setImage')).length > before);
    });

    test('a desktop that becomes dark gets light icons', async () => {
      await program.order({ do: 'desktop-theme', isDark: true });
      await program.recorded('Tray.setImage', (path) => icon(path).startsWith('dark/'));
    });

    test('quit leaves the tunnel', async () => {
      await program.order({ do: 'desktop-theme', isDark: false });
      await iconIs('qualified');
      await program.choose('Quit (the tunnel stays up)');
      assert.equal(await program.exited, 0);
      assert.equal(await property('State'), 's "qualified"');
    });
  });
});
