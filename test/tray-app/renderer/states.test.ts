/** Each state in plain words, what can be done in it, and that nothing jumps when one follows the other. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { View } from '../../../tray-app/shared/view.js';
import { german, PRESENCES, pendingOf, SNAPSHOTS, STATES, viewOf } from './views.js';
import { type Opened, Stage, windowSkip } from './window.js';

interface Expected {
  readonly head: string;
  readonly text: RegExp;
  /** What the first button does; undefined when it is off. */
  readonly toggle: 'Start' | 'Stop' | undefined;
  readonly restart: boolean;
  readonly facts: readonly [qualified: string, internet: string];
}

const off = { toggle: undefined, restart: false, facts: ['Not known', 'Not known'] } as const;
const busy = { toggle: 'Stop', restart: true, facts: ['Not yet', 'Not known'] } as const;

const EXPECTED: Readonly<Record<string, Expected>> = {
  stopped: { head: 'Stopped', text: /tunnel is off/, toggle: 'Start', restart: false, facts: ['No', 'Not known'] },
  waiting: { ...busy, head: 'Waiting', text: /no IPv4 network/ },
  resolving: { ...busy, head: 'Looking up the server', text: /looked up in the DNS/ },
  qualifying: { ...busy, head: 'Qualifying', text: /being asked/ },
  qualified: { head: 'Qualified', text: /has an IPv6 address/, toggle: 'Stop', restart: true, facts: ['Yes', 'Yes'] },
  'qualified-without-relay': {
    head: 'Qualified',
    text: /the IPv6 Internet does not answer/,
    toggle: 'Stop',
    restart: true,
    facts: ['Yes', 'No'],
  },
  failed: {
    head: 'Failed',
    text: /NAT is symmetric.*another network/s,
    toggle: 'Stop',
    restart: true,
    facts: ['No', 'Not known'],
  },
  unknown: { ...busy, head: 'Busy', text: /hibernating/ },
  connecting: { ...off, head: 'Connecting to the daemon', text: /Asking the daemon/ },
  'no-bus': { ...off, head: 'No system bus', text: /Trying again/ },
  'no-daemon': { ...off, head: 'The daemon is not running', text: /systemctl start miredo/ },
  activatable: { ...off, head: 'Ready to start', text: /when it is needed/, toggle: 'Start' },
};

describe('states of the tunnel', { skip: windowSkip }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  test('each is told in plain words, with what can be done', async () => {
    await using opened = await stage.window();
    assert.deepEqual(Object.keys(EXPECTED).sort(), Object.keys(STATES).sort());
    for (const [name, view] of Object.entries(STATES)) {
      await opened.show(view);
      await assertShown(opened, name);
    }
    assert.deepEqual(await opened.faults(), []);
  });

  test('daemon and bus that go and come back are followed without a reload', async () => {
    await using opened = await stage.window();
    const names = ['qualified', 'no-daemon', 'activatable', 'stopped', 'no-bus', 'connecting', 'qualified'];
    for (const name of names) {
      await opened.show(STATES[name] ?? viewOf());
      await assertShown(opened, name);
    }
    await opened.page.getByText('2001:0:5ef5:79fb:3c4b:f5ff:3fff:fdd3', { exact: true }).first().waitFor();
  });

  test('details are those of the daemon, and empty without it', async () => {
    await using opened = await stage.window();
    await opened.show(viewOf({ snapshot: SNAPSHOTS.qualified }));
    const details = opened.page.getByRole('region', { name: 'Details' });
    const text = await details.innerText();
    for (const part of [
      '2001:0:5ef5:79fb:3c4b:f5ff:3fff:fdd3',
      'teredo.example.org',
      '94.245.121.251',
      'Automatic',
      '198.51.100.7:41230',
      '192.168.178.44:41230',
      'Lets in answers only (restricted), keeps the port',
      '23.4\u00a0ms',
      '11\u00a0s ago',
      '1280 bytes',
      'teredo',
    ]) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    await opened.show(viewOf({ tunnel: PRESENCES['no-bus'] }));
    assert.doesNotMatch(await details.innerText(), /\d{2}/);
  });

  test('the reason is in German where the window is, and the daemon’s own where there is no translation', async () => {
    await using opened = await stage.window();
    const strange = { ...SNAPSHOTS.failed, reason: { code: 'new-in-3', sentence: 'The moon is in the way.' } };
    await opened.show(german(viewOf({ snapshot: SNAPSHOTS.failed })));
    await opened.page.getByText('Das NAT ist symmetrisch').waitFor();
    assert.equal(await opened.page.locator('html').getAttribute('lang'), 'de');
    await opened.show(german(viewOf({ snapshot: strange })));
    await opened.page.getByText('The moon is in the way.').waitFor();
  });

  for (const [width, height] of [
    [980, 720],
    [900, 680],
    [700, 560],
    [420, 640],
  ] as const) {
    for (const locale of ['en', 'de'] as const) {
      test(`nothing jumps when states follow each other (${width} × ${height}, ${locale})`, async () => {
        await using opened = await stage.window({ viewport: { width, height } });
        const inLocale = (view: View): View => (locale === 'de' ? german(view) : view);
        const pending = (['start', 'stop', 'restart'] as const).map((task) => viewOf({ pending: [pendingOf(task)] }));
        await opened.show(inLocale(viewOf()));
        const first = await places(opened);
        for (const view of [...Object.values(STATES), ...pending]) {
          await opened.show(inLocale(view));
          assert.deepEqual(await places(opened), first, JSON.stringify(view.tunnel).slice(0, 80));
        }
        assert.ok((await opened.shifts()) < 0.01);
      });
    }
  }
});

async function assertShown({ page }: Opened, name: string): Promise<void> {
  const expected = EXPECTED[name];
  assert.ok(expected !== undefined);
  const hero = page.locator('.hero');
  await page.getByRole('heading', { level: 1, name: expected.head, exact: true }).waitFor();
  assert.match(await hero.innerText(), expected.text, name);
  assert.match(await page.locator('.badge').innerText(), new RegExp(expected.head), name);
  const toggle = page.locator('#toggle');
  assert.equal((await toggle.getAttribute('aria-disabled')) === 'true', expected.toggle === undefined, name);
  if (expected.toggle !== undefined) assert.equal(await toggle.innerText(), expected.toggle, name);
  assert.equal((await page.locator('#restart').getAttribute('aria-disabled')) === 'true', !expected.restart, name);
  assert.deepEqual(await page.locator('.fact-card .answer').allInnerTexts(), expected.facts, name);
}

/** Where what the eye rests on lies. */
function places({ page }: Opened): Promise<unknown> {
  const parts = ['.badge', '.tabs', '.hero', '#toggle', '#restart', '.two-facts', '#details', '.facts'];
  return page.evaluate(`${JSON.stringify(parts)}.map((part) => {
    const { x, y, width, height } = document.querySelector(part).getBoundingClientRect();
    return { part, x, y, width, height };
  })`);
}
