/** What the user asks for: what is sent, that it shows as pending, and how a refusal is told. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Refusal } from '../../../tray-app/shared/view.js';
import { Double } from './double.js';
import { NOW, pendingOf, SNAPSHOTS, viewOf } from './views.js';
import { Stage, windowSkip } from './window.js';

const REFUSAL: Refusal = {
  task: 'start',
  subject: undefined,
  fault: { code: 'not-authorised', name: 'org.freedesktop.DBus.Error.AccessDenied', sentence: 'Not authorised.' },
  time: NOW,
};

describe('requests', { skip: windowSkip }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  test('start, stop and restart are asked for; the state stays the daemon’s', async () => {
    await using opened = await stage.window();
    await opened.button('Start').click();
    await opened.page.getByRole('heading', { level: 1, name: 'Stopped' }).waitFor();
    await opened.show(viewOf({ snapshot: SNAPSHOTS.qualified }));
    await opened.button('Stop').click();
    await opened.button('Restart').click();
    await opened.expectAsked([['start'], ['stop'], ['restart']]);
  });

  test('what is pending shows as pending, cannot be asked for twice, and keeps the focus', async () => {
    await using opened = await stage.window();
    const { page } = opened;
    await page.locator('#toggle').focus();
    await page.keyboard.press('Enter');
    await opened.show(viewOf({ pending: [pendingOf('start')] }));
    const toggle = opened.button('Starting…');
    assert.equal(await toggle.getAttribute('aria-busy'), 'true');
    assert.ok(await page.getByText('It may want a password first.').isVisible());
    await page.keyboard.press('Enter');
    await page.keyboard.press('Space');
    await opened.expectAsked([['start']]);
    await opened.show(viewOf({ snapshot: SNAPSHOTS.qualified }));
    await opened.button('Stop').waitFor();
    assert.equal(await page.evaluate('document.activeElement.id'), 'toggle');
    await opened.show(viewOf({ snapshot: SNAPSHOTS.qualified, pending: [pendingOf('restart')] }));
    assert.equal(await opened.button('Restarting…').getAttribute('aria-busy'), 'true');
    assert.equal(await opened.button('Stop').getAttribute('aria-disabled'), 'true');
  });

  test('a refusal is told as one, moves nothing, and can be put away', async () => {
    await using opened = await stage.window();
    const { page } = opened;
    const before = await page.locator('.hero').boundingBox();
    await opened.show(viewOf({ refusal: REFUSAL, denied: ['start'] }));
    const alert = page.getByRole('alert');
    assert.match(await alert.innerText(), /Not done: Start the tunnel\s+You may not do that\..*polkit/s);
    assert.ok(await page.getByText('You may only look').isVisible());
    assert.deepEqual(await page.locator('.hero').boundingBox(), before);
    // It may have become allowed: polkit is asked each time.
    await opened.button('Start').click();
    await opened.button('Close').click();
    await opened.expectAsked([['start'], ['dismissRefusal']]);
    await opened.show(viewOf());
    assert.equal(await alert.innerText(), '');
    assert.ok((await opened.shifts()) < 0.01);
  });

  test('a question for the password that was closed is no error', async () => {
    await using opened = await stage.window();
    await opened.button('Start').click();
    await opened.show(viewOf({ pending: [pendingOf('start')] }));
    await opened.button('Starting…').waitFor();
    await opened.show(viewOf());
    await opened.button('Start').waitFor();
    assert.equal(await opened.page.getByRole('alert').innerText(), '');
    assert.equal(await opened.page.locator('.mark-bad').count(), 0);
  });

  test('a refusal of another kind has the daemon’s sentence', async () => {
    await using opened = await stage.window();
    const fault = {
      code: 'refused',
      name: 'org.miredo.Error.InvalidServer',
      sentence: 'not $& a <b>server</b>',
    } as const;
    await opened.show(viewOf({ refusal: { ...REFUSAL, task: 'add-server', subject: 'x y', fault } }));
    const text = await opened.page.getByRole('alert').innerText();
    assert.match(text, /Not done: Add a server: x y/);
    assert.ok(text.includes('not $& a <b>server</b>'), text);
  });

  test('address, endpoint and command are copied whole, and it says so', async () => {
    await using opened = await stage.window();
    await opened.show(viewOf({ snapshot: SNAPSHOTS.qualified }));
    await opened.button('Copy the IPv6 address').click();
    await opened.page.locator('.copy.copied').waitFor();
    await opened.page.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
    await opened.button('Copy the mapped endpoint').click();
    await opened.expectAsked([
      ['copyText', '2001:0:5ef5:79fb:3c4b:f5ff:3fff:fdd3'],
      ['copyText', '198.51.100.7:41230'],
    ]);
    await opened.show(viewOf({ tunnel: { presence: 'no-daemon', isActivatable: false } }));
    await opened.button('Copy the command').click();
    await opened.expectAsked([['copyText', 'systemctl start miredo']]);
  });

  test('a copy that fails is told', async () => {
    const double = new Double({ copyText: () => Promise.reject(new Error('no clipboard')) });
    await using opened = await stage.window({ double });
    await opened.show(viewOf({ snapshot: SNAPSHOTS.qualified }));
    await opened.button('Copy the IPv6 address').click();
    await opened.page.getByText('It could not be copied.').waitFor({ state: 'attached' });
    assert.equal(await opened.page.locator('.copied').count(), 0);
  });

  test('a main process that is gone is told', async () => {
    const double = new Double({ start: () => Promise.reject(new Error('gone')) });
    await using opened = await stage.window({ double });
    await opened.button('Start').click();
    await opened.page.getByText('This window has lost its program.').waitFor({ state: 'attached' });
  });

  test('the part that the tray’s menu asks for is shown, at the beginning and later', async () => {
    const double = new Double();
    double.section = 'diagnosis';
    await using opened = await stage.window({ double });
    await opened.page.getByRole('heading', { level: 1, name: 'Diagnosis' }).waitFor();
    await opened.emit('show', 'servers');
    await opened.page.getByRole('heading', { level: 1, name: 'Servers' }).waitFor();
    await opened.page.waitForFunction("document.activeElement.id === 'panel-servers'");
  });
});
