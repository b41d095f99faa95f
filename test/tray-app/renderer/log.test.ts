/** Log, problem report and settings. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { problemReport } from '../../../tray-app/main/problem-report.js';
import { DEFAULT_SETTINGS } from '../../../tray-app/shared/settings.js';
import { Double, refused } from './double.js';
import { LOG, NOW, SNAPSHOTS, STEPS, viewOf } from './views.js';
import { type Opened, Stage, windowSkip } from './window.js';

const view = viewOf({ snapshot: SNAPSHOTS.qualified, diagnosis: { isRunning: false, steps: STEPS, time: NOW } });

/** With the report that the main process really writes. */
function logDouble(answers: ConstructorParameters<typeof Double>[0] = {}): Double {
  const source = { view, log: LOG, platform: { kernel: '6.18' }, now: NOW };
  const double = new Double({ composeReport: ({ redact }) => problemReport(source, redact), ...answers });
  double.view = view;
  double.log = LOG;
  return double;
}

describe('log, report and settings', { skip: windowSkip }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  async function at(tab: string, double: Double = logDouble()): Promise<Opened> {
    const opened = await stage.window({ double });
    await opened.open(tab);
    return opened;
  }

  test('events are told in words, the newest on top', async () => {
    await using opened = await at('Log');
    const rows = await opened.page.locator('.event').allInnerTexts();
    assert.equal(rows.length, LOG.length);
    assert.match(rows[0] ?? '', /13:43:23\s+Not done: Remove a server: relay\.example\.net\. You may not do that\./);
    assert.match(rows.at(-1) ?? '', /12:48:20\s+The system bus answers\./);
    assert.match(rows.join('\n'), /office: The server does not answer\. The server is now teredo\.example\.org\./);
  });

  test('new events come in while the log is open, each once', async () => {
    await using opened = await at('Log');
    const entry = { id: 12, time: NOW, kind: 'daemon', isPresent: false, version: undefined } as const;
    await opened.emit('log', entry);
    await opened.emit('log', entry);
    await opened.page.getByText('The daemon has gone.').waitFor();
    await opened.page.getByText('12 of 12 events').waitFor();
  });

  test('events are filtered by text and kind', async () => {
    await using opened = await at('Log');
    const { page } = opened;
    const search = page.getByRole('searchbox', { name: 'Search' });
    await search.fill('RELAY.example');
    await page.getByText('2 of 11 events').waitFor();
    await search.fill('nothing like it');
    await page.getByText('No event matches.').waitFor();
    await search.fill('');
    await page.getByLabel('Kind').selectOption({ label: 'State' });
    await page.getByText('3 of 11 events').waitFor();
    await search.fill('qualified');
    await page.getByText('1 of 11 events').waitFor();
    await page.getByLabel('Kind').selectOption({ label: 'Requests' });
    await search.fill('12:');
    await page.getByText('1 of 11 events').waitFor();
  });

  test('the report is read before it is sent; addresses are hidden unless somebody wants them', async () => {
    await using opened = await at('Log');
    const { page } = opened;
    await opened.button('Problem report…').click();
    const preview = page.getByRole('region', { name: 'What will be exported' });
    await preview.getByText('[Teredo 1]').first().waitFor();
    const hidden = await preview.innerText();
    for (const secret of ['5ef5', '198.51', '94.245', '192.168', 'example.org', 'example.net', 'office', '203.0.113']) {
      assert.ok(!hidden.includes(secret), secret);
    }
    await opened.button('Copy').click();
    await page.getByText('Copied.').first().waitFor();
    await page.getByLabel('Hide addresses and names of servers').click();
    await preview.getByText('2001:0:5ef5:79fb:3c4b:f5ff:3fff:fdd3').first().waitFor();
    const open = await preview.innerText();
    await opened.button('Copy').click();
    await opened.button('Save…').click();
    await page.getByText('Saved: /home/u/report.txt').first().waitFor();
    const asked = opened.taken();
    assert.deepEqual(
      asked.map(([request]) => request),
      ['composeReport', 'copyText', 'composeReport', 'copyText', 'saveReport'],
    );
    assert.deepEqual([asked[1]?.[1], asked[3]?.[1]], [hidden, open]);
    assert.deepEqual(asked[4], ['saveReport', { redact: false }]);
    await opened.button('Close').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate('document.activeElement.id'), 'report');
  });

  test('a report that cannot be saved is told so; a closed dialog is no error', async () => {
    const answers = [{ ok: true, value: 'cancelled' } as const, refused('No space left.')] as const;
    let asked = 0;
    const saveReport = () => (answers[asked++] ?? answers[0]) as (typeof answers)[0];
    await using opened = await at('Log', logDouble({ saveReport }));
    await opened.button('Problem report…').click();
    await opened.button('Save…').click();
    assert.equal(await opened.page.locator('.told').innerText(), '');
    await opened.button('Save…').click();
    await opened.page.getByText('It could not be saved: That has failed: No space left.').first().waitFor();
  });

  test('settings are asked for, and shown as the main process has them', async () => {
    await using opened = await at('Settings');
    const { page } = opened;
    const lost = page.getByRole('switch', { name: 'IPv6 is no longer available' });
    await lost.click();
    assert.equal(await lost.isChecked(), true);
    await page.getByRole('switch', { name: 'Start with the session' }).press('Space');
    await page.getByLabel('Language').selectOption('de');
    assert.equal(await page.getByLabel('Language').inputValue(), 'system');
    await page.getByLabel('Theme').selectOption('dark');
    await page.getByLabel('Icon on the panel').selectOption('light');
    await opened.expectAsked([
      ['changeSettings', { notices: { ...DEFAULT_SETTINGS.notices, lost: false } }],
      ['changeSettings', { startAtLogin: true }],
      ['changeSettings', { language: 'de' }],
      ['changeSettings', { theme: 'dark' }],
      ['changeSettings', { panel: 'light' }],
    ]);
    await page.getByText('Saved.').first().waitFor();
    const settings = { ...DEFAULT_SETTINGS, language: 'de', startAtLogin: true } as const;
    await opened.show(viewOf({ settings, environment: { ...view.environment, locale: 'de' } }));
    assert.equal(await page.getByLabel('Sprache').inputValue(), 'de');
    assert.equal(await page.getByRole('switch', { name: 'Mit der Sitzung starten' }).isChecked(), true);
  });

  test('settings that cannot be saved are told; a desktop without icons is told where it matters', async () => {
    const double = logDouble({ changeSettings: () => refused('The disk is full.') });
    double.view = viewOf({ environment: { ...view.environment, tray: 'absent' } });
    await using opened = await at('Settings', double);
    await opened.page.getByText('AppIndicator Support').waitFor();
    await opened.page.getByRole('switch', { name: 'IPv6 has become available' }).click();
    await opened.page.getByText('It could not be saved: That has failed: The disk is full.').first().waitFor();
  });
});
