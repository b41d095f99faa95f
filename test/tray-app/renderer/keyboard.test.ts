/** The whole window without a mouse. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sceneDouble } from './scenes.js';
import { SNAPSHOTS, STEPS, viewOf } from './views.js';
import { type Opened, Stage, windowSkip } from './window.js';

const FOCUSED = `(() => {
  const one = document.activeElement;
  return one === document.body ? '' : (one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent).trim();
})()`;

const focused = ({ page }: Opened): Promise<unknown> => page.evaluate(FOCUSED);

/** What the tabulator key comes by, from the view's name to the window's end. */
async function walk(opened: Opened): Promise<readonly string[]> {
  const stops: string[] = [];
  await opened.page.getByRole('tab', { selected: true }).focus();
  for (let i = 0; i < 60; i++) {
    await opened.page.keyboard.press('Tab');
    const [name, role, outline] = await opened.page.evaluate<readonly [string, string | null, string]>(
      `[${FOCUSED}, document.activeElement.getAttribute('role'), getComputedStyle(document.activeElement).outlineStyle]`,
    );
    if (name === '' || role === 'tab') return stops;
    stops.push(name);
    assert.notEqual(outline, 'none', `${name} does not show the focus`);
  }
  throw new Error(`no end: ${stops.join(', ')}`);
}

describe('keyboard', { skip: windowSkip }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  async function open(): Promise<Opened> {
    const double = sceneDouble();
    double.view = viewOf({ snapshot: SNAPSHOTS.qualified, diagnosis: { isRunning: false, steps: STEPS, time: 1 } });
    return stage.window({ double });
  }

  test('arrows, Home and End go through the views, and stop at none', async () => {
    await using opened = await open();
    const { page } = opened;
    await page.keyboard.press('Tab');
    const seen: unknown[] = [await focused(opened)];
    for (let i = 0; i < 6; i++) {
      await page.keyboard.press('ArrowDown');
      seen.push(await focused(opened));
      assert.equal(await page.getByRole('tab', { selected: true }).innerText(), seen.at(-1));
    }
    assert.deepEqual(seen, ['Overview', 'Traffic', 'Servers', 'Diagnosis', 'Log', 'Settings', 'Overview']);
    for (const [key, name] of [
      ['End', 'Settings'],
      ['Home', 'Overview'],
      ['ArrowUp', 'Settings'],
      ['ArrowRight', 'Overview'],
      ['ArrowLeft', 'Settings'],
    ] as const) {
      await page.keyboard.press(key);
      assert.equal(await focused(opened), name, key);
    }
  });

  const WALKS: Readonly<Record<string, readonly string[]>> = {
    Overview: ['Stop', 'Restart', 'Copy the IPv6 address', 'Copy the mapped endpoint'],
    Traffic: [],
    Servers: [
      'Probe all',
      'Add server…',
      'Automatic is chosen',
      'Use teredo.example.org',
      'Use office',
      'Use relay.example.net',
      'Remove relay.example.net',
    ],
    Diagnosis: ['Run again', 'Copy the command', 'Copy the command'],
    Log: ['Problem report…', 'Search', 'Kind', 'Events'],
    Settings: [
      'IPv6 has become available',
      'IPv6 is no longer available',
      'The tunnel failed, and why',
      'Another server is used',
      'Start with the session',
      'Language',
      'Theme',
      'Icon on the panel',
    ],
  };

  for (const [tab, stops] of Object.entries(WALKS)) {
    test(`the tabulator key reaches everything in ${tab}, in the order in which it is read`, async () => {
      await using opened = await open();
      await opened.open(tab);
      // The first is the view itself, to be scrolled.
      assert.deepEqual((await walk(opened)).slice(1), stops);
    });
  }

  test('in a dialog the focus stays, from its first field to its last button', async () => {
    await using opened = await open();
    const { page } = opened;
    await opened.open('Servers');
    await opened.page.locator('#add').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    const stops = [await focused(opened)];
    for (let i = 0; i < 5; i++) {
      await page.keyboard.press('Tab');
      stops.push(await focused(opened));
    }
    const fields = ['Host name or IPv4 address', 'Name in the list', 'Secondary IPv4 address', 'Comment'];
    assert.deepEqual(stops, [...fields, 'Cancel', 'Add']);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(opened), 'Add server…');
  });

  test('everything is pressed by Enter and by Space', async () => {
    await using opened = await open();
    const { page } = opened;
    for (const key of ['Enter', 'Space']) {
      await page.locator('#toggle').focus();
      await page.keyboard.press(key);
      await page.locator('#restart').focus();
      await page.keyboard.press(key);
    }
    await opened.expectAsked([['stop'], ['restart'], ['stop'], ['restart']]);
  });
});
