/** The manager of servers: choosing, probing, adding and removing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Probes } from '../../../tray-app/shared/view.js';
import { NOW, pendingOf, probe, SNAPSHOTS, viewOf } from './views.js';
import { type Opened, Stage, windowSkip } from './window.js';

const snapshot = SNAPSHOTS.qualified;
const row = ({ page }: Opened, name: string) => page.getByRole('listitem').filter({ hasText: name });

describe('servers', { skip: windowSkip }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  async function atServers(): Promise<Opened> {
    const opened = await stage.window();
    await opened.show(viewOf({ snapshot }));
    await opened.open('Servers');
    return opened;
  }

  test('the list tells name, addresses, origin, comment, and which is in use', async () => {
    await using opened = await atServers();
    const rows = await opened.page.getByRole('listitem').allInnerTexts();
    assert.equal(rows.length, 4);
    assert.match(rows[0] ?? '', /Automatic.*best that answers/s);
    assert.match(rows[1] ?? '', /teredo\.example\.org\s*in use\s*Administrator · Our own, in Frankfurt/);
    assert.match(rows[2] ?? '', /office\s*Configuration · 203\.0\.113\.10 · 203\.0\.113\.20/);
    assert.match(rows[3] ?? '', /relay\.example\.net\s*Added here/);
    assert.equal(await opened.page.getByRole('button', { name: /^Remove / }).count(), 1);
  });

  test('a server is chosen by asking for it; until then the old one stays chosen', async () => {
    await using opened = await atServers();
    await opened.button('Use office').click();
    await opened.expectAsked([['setServer', 'office']]);
    assert.equal(await opened.button('Automatic is chosen').getAttribute('aria-pressed'), 'true');
    await opened.show(viewOf({ snapshot, pending: [pendingOf('set-server', 'office')] }));
    assert.equal(await opened.button('Use office').getAttribute('aria-busy'), 'true');
    await opened.button('Use relay.example.net').click({ force: true });
    await opened.expectAsked([]);
    await opened.show(viewOf({ snapshot: { ...snapshot, serverChoice: 'office', server: '203.0.113.10' } }));
    assert.equal(await opened.button('office is chosen').getAttribute('aria-pressed'), 'true');
    assert.match(await row(opened, 'office').innerText(), /in use/);
    await opened.button('Use Automatic').click();
    await opened.expectAsked([['setServer', 'auto']]);
  });

  test('a probe shows each result as it comes in, and moves nothing', async () => {
    await using opened = await atServers();
    const { page } = opened;
    await opened.button('Probe all').click();
    await opened.expectAsked([['probeServers', []]]);
    const before = await page.getByRole('listitem').last().boundingBox();
    const names = ['teredo.example.org', 'office', 'relay.example.net'];
    const during = (results: Probes['results']) => {
      const waiting = names.filter((name) => !Object.hasOwn(results, name));
      return viewOf({
        snapshot,
        probes: { isRunning: true, results, waiting, time: undefined },
        pending: [pendingOf('probe')],
      });
    };
    await opened.show(during({}));
    assert.equal(await opened.button('Probing…').getAttribute('aria-busy'), 'true');
    assert.equal(await page.getByText('asking…').count(), 3);
    const first = { office: probe('office', undefined) };
    await opened.show(during(first));
    assert.match(await row(opened, 'office').innerText(), /no answer/);
    assert.equal(await page.getByText('asking…').count(), 2);
    await page.getByText('1 of 3 servers have answered or given up.').waitFor();
    assert.equal(await page.getByRole('progressbar').getAttribute('value'), '1');
    const all = {
      ...first,
      'teredo.example.org': probe('teredo.example.org', 23_400),
      'relay.example.net': probe('relay.example.net', 61_800, false),
    };
    await opened.show(viewOf({ snapshot, probes: { isRunning: false, results: all, waiting: [], time: NOW } }));
    assert.match(await row(opened, 'teredo.example.org').innerText(), /23\.4\u00a0ms/);
    assert.match(await row(opened, 'relay.example.net').innerText(), /61\.8\u00a0ms\s*2nd address silent/);
    await page.getByText('Probed: 2 of 3 answer.').waitFor();
    assert.deepEqual(await page.getByRole('listitem').last().boundingBox(), before);
    assert.ok((await opened.shifts()) < 0.01);
  });

  test('what cannot be a server is said before the daemon is asked', async () => {
    await using opened = await atServers();
    const { page } = opened;
    await opened.button('Add server…').click();
    const host = page.getByLabel('Host name or IPv4 address');
    const add = opened.button('Add');
    for (const [typed, complaint] of [
      ['', 'A host name or an IPv4 address is needed.'],
      ['two words', 'That is neither'],
      ['-x.example', 'That is neither'],
      ['203.0.113', 'That is neither'],
      ['203.0.113.256', 'That is neither'],
      ['2001:db8::1', 'That is an IPv6 address.'],
      ['192.168.1.1', 'That address is not public.'],
      ['172.20.0.1', 'That address is not public.'],
      ['office', 'The list has this name already.'],
      ['auto', '“auto” is kept'],
    ] as const) {
      await host.fill(typed);
      await add.click();
      await page.getByText(complaint).waitFor();
      assert.equal(await page.locator('[aria-invalid="true"]').count(), 1, typed);
      assert.equal(await page.evaluate('document.activeElement.ariaInvalid'), 'true', typed);
    }
    await host.fill('203.0.113.77');
    await page.getByLabel('Secondary IPv4 address').fill('10.0.0.1');
    await add.click();
    await page.getByText('That address is not public.').waitFor();
    await opened.expectAsked([]);
  });

  test('a server is added with what was given, by Enter too, and the focus comes back', async () => {
    await using opened = await atServers();
    const { page } = opened;
    await opened.button('Add server…').click();
    await page.getByLabel('Host name or IPv4 address').fill(' ipv6.example.com ');
    await page.getByLabel('Comment').fill('of a friend');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate('document.activeElement.id'), 'add');
    await opened.expectAsked([
      ['addServer', 'ipv6.example.com', { primary: 'ipv6.example.com', comment: 'of a friend' }],
    ]);
    await opened.button('Add server…').click();
    await page.getByLabel('Host name or IPv4 address').fill('203.0.113.77');
    await page.getByLabel('Name in the list').fill('home');
    await page.getByLabel('Secondary IPv4 address').fill('203.0.113.78');
    await opened.button('Add').click();
    await opened.expectAsked([['addServer', 'home', { primary: '203.0.113.77', secondary: '203.0.113.78' }]]);
  });

  test('a server is removed after a question; Escape means no', async () => {
    await using opened = await atServers();
    const { page } = opened;
    await opened.show(viewOf({ snapshot: { ...snapshot, serverChoice: 'relay.example.net' } }));
    await opened.button('Remove relay.example.net').click();
    await page.getByText('It is the server that is chosen.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await opened.expectAsked([]);
    await opened.button('Remove relay.example.net').click();
    await opened.button('Remove').click();
    await opened.expectAsked([['removeServer', 'relay.example.net']]);
  });

  test('without a daemon nothing can be asked for', async () => {
    await using opened = await atServers();
    await opened.show(viewOf({ tunnel: { presence: 'no-daemon', isActivatable: false } }));
    for (const name of ['Probe all', 'Add server…', 'Use Automatic']) {
      assert.equal(await opened.button(name).getAttribute('aria-disabled'), 'true', name);
      await opened.button(name).click({ force: true });
    }
    await opened.expectAsked([]);
    assert.equal(await opened.page.getByRole('dialog').count(), 0);
  });
});
