/** The window as the main process opens it: through the compiled preload, in Chromium, and with its doors closed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { enterBusStage, startBus, stopBus } from '../../bus/private-bus.js';
import { Desktop, desktopSkip } from './desktop.js';
import { TrayProgram, waitUntil } from './tray-program.js';

const OPTIONS = { skip: desktopSkip() || enterBusStage(import.meta.url), timeout: 180_000 };
const NO_TRAY = 'This desktop shows no tray icons';

describe('the window', OPTIONS, () => {
  const desktop = new Desktop();
  let program: TrayProgram;
  before(async () => {
    await startBus();
    await desktop.start();
    program = new TrayProgram(desktop);
    await program.window();
  });
  after(async () => {
    await program?.kill();
    await desktop.stop();
    await stopBus();
  });

  const rejects = (expression: string, complaint: RegExp): Promise<void> =>
    assert.rejects(program.evaluate(expression), complaint);

  test('started by hand it opens, and gets the view', async () => {
    const presence = `window.miredo.request('begin').then(({ view }) => view.tunnel.presence)`;
    await waitUntil('the daemon', async () => (await program.evaluate(presence)) === 'no-daemon');
    await program.until(`document.body.textContent.includes('systemctl start miredo')`);
    const errors = await program.records('page error');
    assert.deepEqual(errors, []);
  });

  test('it is asked for in the sandbox, isolated and without Node', async () => {
    assert.deepEqual(await program.records('BrowserWindow'), [
      [{ contextIsolation: true, sandbox: true, nodeIntegration: false, devTools: true, spellcheck: false }],
    ]);
    assert.equal((await program.records('app.enableSandbox')).length, 1);
    const names = await program.evaluate(`[typeof require, typeof process, Object.keys(window.miredo).join()]`);
    assert.deepEqual(names, ['undefined', 'undefined', 'request,on']);
  });

  test('it can ask for nothing but what the schema has', async () => {
    await rejects(`window.miredo.request('shutdown')`, /There is no request shutdown/);
    await rejects(`window.miredo.request('setServer')`, /setServer does not take these arguments/);
    await rejects(`window.miredo.request('setServer', 7)`, /does not take/);
    await rejects(`window.miredo.request('setServer', 'x'.repeat(300))`, /does not take/);
    await rejects(`window.miredo.request('changeSettings', { shell: 'sh' })`, /does not take/);
    await rejects(`window.miredo.request('start', { server: 'x' })`, /does not take/);
    await rejects(`window.miredo.on('secrets', () => undefined)`, /There is no event secrets/);
  });

  test('nobody else can ask', async () => {
    const page = 'app://miredo/index.html';
    const forge = (url: string, isOwnWindow: boolean, isInFrame: boolean): Promise<unknown> =>
      program.order({ do: 'forge', url, isOwnWindow, isInFrame });
    await forge(page, true, false);
    for (const [url, isOwnWindow, isInFrame] of [
      ['https://miredo/index.html', true, false],
      ['app://miredo.example.org/index.html', true, false],
      ['file:///index.html', true, false],
      [page, false, false],
      [page, true, true],
    ] as const) {
      await assert.rejects(forge(url, isOwnWindow, isInFrame), /asked for by somebody else/, url);
    }
  });

  test('it leads nowhere', async () => {
    await program.evaluate(`void window.open('https://example.org/')`);
    await waitUntil('the refusal', async () => (await program.records('window.open')).length > 0);
    assert.deepEqual(await program.records('window.open'), [['deny']]);
    await rejects(`fetch('https://example.org/')`, /Failed to fetch|Content Security Policy/);
    await rejects(`fetch('/window.js')`, /Failed to fetch|Content Security Policy/);
    const image = `new Promise((resolve) => { const image = new Image(); image.onload = () => resolve('loaded');
      image.onerror = () => resolve('refused'); image.src = 'https://example.org/x.png'; })`;
    assert.equal(await program.evaluate(image), 'refused');
    await program.evaluate(`void (location.href = 'https://example.org/')`);
    await waitUntil('the refusal', async () => (await program.records('will-navigate')).length > 0);
    assert.deepEqual(await program.records('will-navigate'), [['https://example.org/', true]]);
    await program.until('window.miredo !== undefined');
  });

  test('settings are kept, and change language and theme at once', async () => {
    const change = {
      language: 'de',
      theme: 'dark',
      notices: { qualified: false, lost: true, failed: true, 'server-switched': true },
    };
    const answer = await program.evaluate(`window.miredo.request('changeSettings', ${JSON.stringify(change)})`);
    assert.ok((answer as { readonly ok: boolean }).ok);
    await program.menu((text) => text.startsWith('Der Dienst läuft nicht') && text.endsWith('Beenden'));
    await program.recorded('Tray.setImage', (path) => path.includes('icons/dark/'));
    const dark = `matchMedia('(prefers-color-scheme: dark)').matches`;
    await waitUntil('the dark', async () => (await program.evaluate(dark)) === true);
    const kept = JSON.parse(readFileSync(join(desktop.home, '.config/miredo/tray.json'), 'utf8')) as typeof change;
    assert.deepEqual([kept.language, kept.theme, kept.notices], [change.language, change.theme, change.notices]);
    await program.evaluate(`window.miredo.request('changeSettings', { language: 'system', theme: 'system' })`);
    await program.menu((text) => text.endsWith('Quit'));
  });

  test('a report goes where the user says, and nowhere when he does not', async () => {
    const save = `window.miredo.request('saveReport', { redact: true })`;
    assert.deepEqual(await program.evaluate(save), { ok: true, value: 'cancelled' });
    const path = join(desktop.home, 'report.txt');
    await program.order({ do: 'dialog', path });
    assert.deepEqual(await program.evaluate(save), { ok: true, value: { path } });
    assert.match(readFileSync(path, 'utf8'), /^Miredo problem report, /);
    await program.order({ do: 'dialog', path: '/nonexistent/report.txt' });
    const failed = (await program.evaluate(save)) as { ok: boolean; fault: { sentence: string } };
    assert.ok(!failed.ok && failed.fault.sentence.includes('/nonexistent/report.txt'));
  });

  const hasTimer = async (): Promise<boolean> =>
    ((await program.order({ do: 'resources' })) as readonly string[]).includes('Timeout');

  test('closed it is gone, and counters are no longer read; a second start opens it again', async () => {
    assert.ok(await hasTimer(), 'it reads while it is open');
    await program.order({ do: 'close-window' });
    await waitUntil('the end of all timers', async () => !(await hasTimer()));
    const second = new TrayProgram(desktop);
    assert.equal(await second.exited, 0);
    await program.window();
    assert.equal((await program.records('BrowserWindow')).length, 2);
  });

  test('without a panel it says so once, and the window takes the place of the icon', async () => {
    const bare = new Desktop();
    try {
      await bare.start({ hasPanel: false });
      const told = (): number => bare.notices().filter(({ summary }) => summary === NO_TRAY).length;
      const first = new TrayProgram(bare);
      await first.window();
      await waitUntil('the notification', () => told() === 1);
      await first.until(`window.miredo.request('begin').then(({ view }) => view.environment.tray === 'absent')`);
      await first.order({ do: 'close-window' }).catch(() => undefined);
      assert.equal(await first.exited, 0, `without icon and window nothing is left of it: ${first.stderr}`);
      const again = new TrayProgram(bare);
      await again.window();
      await again.until(`window.miredo.request('begin').then(({ view }) => view.environment.tray === 'absent')`);
      assert.equal(told(), 1);
      await again.kill();
    } finally {
      await bare.stop();
    }
  });
});
