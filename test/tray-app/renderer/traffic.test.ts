/** Graphs and counters follow the samples; without a tunnel there is nothing to see. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { courseOf, dropsIn } from '../../../tray-app/renderer/rates.js';
import type { Sample } from '../../../tray-app/shared/sample.js';
import { Double } from './double.js';
import { NOW, SNAPSHOTS, samplesOf, viewOf } from './views.js';
import { Stage, windowSkip } from './window.js';

const at = (seconds: number, received: number | undefined, sent = 0): Sample => ({
  time: NOW + seconds * 1000,
  statistics: received === undefined ? {} : { 'bytes-in': received, 'bytes-out': sent },
  roundTrip: received === undefined ? undefined : 20_000,
  lastServerContact: undefined,
  refreshInterval: undefined,
});

describe('rates out of counters', () => {
  for (const [name, samples, received] of [
    ['two samples', [at(0, 1000), at(1, 3000)], [null, 2000]],
    ['a second that took longer', [at(0, 0), at(2, 3000)], [null, 1500]],
    ['the tunnel counts anew', [at(0, 5000), at(1, 10), at(2, 20)], [null, null, 10]],
    ['no tunnel in between', [at(0, 5000), at(1, undefined), at(2, 6000), at(3, 7000)], [null, null, null, 1000]],
    ['the window was hidden', [at(0, 5000), at(60, 90_000), at(61, 90_500)], [null, null, 500]],
    ['a clock that was set back', [at(10, 5000), at(5, 6000)], [null, null]],
    ['nothing', [], []],
  ] as const) {
    test(name, () => assert.deepEqual(courseOf(samples).received, received));
  }

  test('drops: the most frequent first, none of which nothing was dropped', () => {
    const drops = dropsIn({ 'dropped-a': 1, 'dropped-b': 7, 'dropped-c': 0, peers: 9 });
    assert.deepEqual(drops, [
      { reason: 'b', count: 7 },
      { reason: 'a', count: 1 },
    ]);
  });
});

/** When that is so; Playwright's own way would need `eval`, which the page's policy does not allow. */
const settles = (page: Page, condition: string): Promise<unknown> =>
  page.evaluate(`new Promise((resolve) => {
    const look = () => (${condition} ? resolve(true) : requestAnimationFrame(look));
    look();
  })`);

describe('traffic', { timeout: 30_000, skip: windowSkip }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  const qualified = viewOf({ snapshot: SNAPSHOTS.qualified });

  test('figures, graph and counters follow the samples', async () => {
    const double = new Double();
    double.view = qualified;
    double.samples = [at(-1, 1000, 500)];
    await using opened = await stage.window({ double });
    const { page } = opened;
    await opened.open('Traffic');
    await opened.emit('sample', at(0, 1_501_000, 20_500));
    await page.getByRole('img', { name: /Now 1\.5\sMB\/s received and 20\.0\skB\/s sent/ }).waitFor();
    await page.getByRole('img', { name: /Now 20\.0\sms/ }).waitFor();
    await page.getByText('1.5\u00a0MB in all').waitFor();
    await opened.emit('sample', {
      ...at(1, 1_501_000, 20_500),
      statistics: { ...SNAPSHOTS.qualified.statistics, peers: 4321 },
    });
    await page.getByText('4,321').waitFor();
    assert.match(await page.getByRole('region', { name: 'Dropped packets' }).innerText(), /could not be verified\s+14/);
    assert.deepEqual(await opened.faults(), []);
  });

  test('the graph is drawn in the colours of the theme, and anew when that changes', async () => {
    const double = new Double();
    double.view = qualified;
    double.samples = samplesOf();
    await using opened = await stage.window({ double });
    const { page } = opened;
    await opened.open('Traffic');
    // The lines' colour somewhere on the canvas; anti-aliasing mixes it at the edges only.
    const has = (red: number, green: number, blue: number): Promise<unknown> =>
      settles(
        page,
        `(() => {
        const canvas = document.querySelector('canvas');
        if (canvas === null) return false;
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < data.length; i += 4) {
          const distance = Math.abs(data[i] - ${red}) + Math.abs(data[i + 1] - ${green}) + Math.abs(data[i + 2] - ${blue});
          if (distance < 24 && data[i + 3] > 200) return true;
        }
        return false;
      })()`,
      );
    await has(0x1a, 0x5f, 0xb4);
    await page.emulateMedia({ colorScheme: 'dark' });
    await has(0x8a, 0xb8, 0xf2);
  });

  test('the graph takes the width that there is', async () => {
    const double = new Double();
    double.view = qualified;
    double.samples = samplesOf();
    await using opened = await stage.window({ double });
    const { page } = opened;
    await opened.open('Traffic');
    for (const width of [1400, 430, 980]) {
      await page.setViewportSize({ width, height: 700 });
      await settles(
        page,
        `[...document.querySelectorAll('.graph')].every((one) => one.querySelector('canvas')?.clientWidth === one.clientWidth)`,
      );
    }
  });

  test('without a tunnel there are no figures, and their places stay', async () => {
    await using opened = await stage.window();
    const { page } = opened;
    await opened.open('Traffic');
    await page.getByText('Nothing to measure').waitFor();
    const before = await page.locator('.card').first().boundingBox();
    await opened.show(qualified);
    await opened.emit('sample', at(0, 1000));
    await opened.emit('sample', at(1, 2000));
    await page.getByText('1.0\u00a0kB/s').first().waitFor();
    assert.equal(await page.getByText('Nothing to measure').count(), 0);
    assert.deepEqual(await page.locator('.card').first().boundingBox(), before);
    await opened.show(viewOf());
    assert.deepEqual(await page.locator('.now-value').allInnerTexts(), ['–', '–', '–']);
  });
});
