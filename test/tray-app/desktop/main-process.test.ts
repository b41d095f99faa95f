/** The compiled main process and preload, unchanged, in a real panel, with a real browser and a real daemon. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { enterBusStage, startBus, startPolkit, stopBus, stopPolkit } from '../../bus/private-bus.js';
import { Desktop, desktopSkip } from './desktop.js';
import { TrayProgram } from './tray-program.js';

const OPTIONS = { skip: desktopSkip() || enterBusStage(import.meta.url), timeout: 120_000 };

describe('tray', OPTIONS, () => {
  const desktop = new Desktop();
  let program: TrayProgram;
  before(async () => {
    await startBus();
    await startPolkit();
    await desktop.start();
  });
  after(async () => {
    await desktop.stop();
    await stopPolkit();
    await stopBus();
  });

  test('first', async () => {
    program = new TrayProgram(desktop, ['--hidden']);
    const menu = await program.menu((text) => text.includes('daemon'));
    console.log(menu);
    assert.ok(menu);
    await new Promise((r) => setTimeout(r, 1500));
    desktop.screenshot('/tmp/traywork/a.png');
    desktop.clickIcon('right');
    await new Promise((r) => setTimeout(r, 1000));
    desktop.screenshot('/tmp/traywork/b.png');
    desktop.press('Escape');
    console.log(JSON.stringify(await program.order({ do: 'records' }), null, 1), program.stderr);
    await program.kill();
  });
});
