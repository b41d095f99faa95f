/**
 * Every view in every state, in both themes: no fault that axe-core finds, and a picture of each in build/screenshots,
 * of one of each view at two device pixels too, to be looked at.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SCENES, type Scene, sceneDouble } from './scenes.js';
import { german, viewOf } from './views.js';
import { type Opened, ROOT, Stage, windowSkip } from './window.js';

const FOLDER = join(ROOT, 'build/screenshots/window');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Those that are looked at on a fine screen too: one of each view. */
const FINE = [
  'overview-qualified',
  'overview-failed',
  'traffic',
  'servers-probed',
  'diagnosis-done',
  'log',
  'settings',
];
const THEMES = ['light', 'dark'] as const;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe-core finds: the rules of WCAG 2.2 A and AA, and its best practices. */
async function violationsIn({ page }: Opened, rules?: readonly string[]): Promise<string[]> {
  const { violations, passes } = await page.evaluate<{ violations: readonly Violation[]; passes: number }>(
    `axe.run(${JSON.stringify({ preload: false, ...(rules === undefined ? {} : { runOnly: rules }) })}).then(({ violations, passes }) => ({ violations, passes: passes.length }))`,
  );
  assert.ok(passes > (rules === undefined ? 10 : 0), `only ${passes} rules had something to look at`);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

async function stageScene(opened: Opened, scene: Scene): Promise<void> {
  await opened.show(scene.view);
  await opened.open(scene.tab);
  await scene.act?.(opened);
}

/** As it was before the scene. */
async function clear(opened: Opened, scene: Scene): Promise<void> {
  if (scene.act !== undefined) await opened.page.keyboard.press('Escape');
  await opened.page.getByRole('dialog').waitFor({ state: 'detached' });
}

describe('scenes of the window', { skip: windowSkip }, () => {
  let stage: Stage;
  before(async () => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    stage = await Stage.open();
  });
  after(() => stage.close());

  for (const scale of [1, 2]) {
    test(`each is accessible and has its picture (${scale}×)`, async () => {
      await using opened = await stage.window({ double: sceneDouble(), deviceScaleFactor: scale });
      const { page } = opened;
      await page.evaluate(AXE);
      for (const scene of SCENES.filter(({ name }) => scale === 1 || FINE.includes(name))) {
        await stageScene(opened, scene);
        for (const colorScheme of THEMES) {
          await page.emulateMedia({ colorScheme });
          // Another theme has other colours, and nothing else.
          const rules = colorScheme === 'dark' ? ['color-contrast'] : undefined;
          if (scale === 1) assert.deepEqual(await violationsIn(opened, rules), [], `${scene.name}, ${colorScheme}`);
          await page.screenshot({ path: join(FOLDER, `${scene.name}-${colorScheme}@${scale}x.png`) });
        }
        await clear(opened, scene);
      }
      assert.deepEqual(await opened.faults(), []);
    });
  }

  test('each is accessible in a small window and in German', async () => {
    await using opened = await stage.window({ double: sceneDouble(), viewport: { width: 420, height: 640 } });
    const { page } = opened;
    await page.evaluate(AXE);
    for (const scene of SCENES) {
      await stageScene(opened, scene);
      await opened.show(german(scene.view));
      assert.deepEqual(await violationsIn(opened), [], scene.name);
      const isWider = await page.evaluate(
        `[...document.querySelectorAll('.panel, .card, dialog')].some((one) => one.scrollWidth > one.clientWidth + 1)`,
      );
      assert.equal(isWider, false, `${scene.name} is wider than its place`);
      await page.screenshot({ path: join(FOLDER, `${scene.name}-small-de.png`) });
      await opened.show(viewOf());
      await clear(opened, scene);
    }
  });

  test('who wants no motion gets none; others see what is under way turn', async () => {
    for (const [reducedMotion, animations] of [
      ['reduce', 0],
      ['no-preference', 2],
    ] as const) {
      await using opened = await stage.window({ double: sceneDouble(), reducedMotion });
      const busy = SCENES.find(({ name }) => name === 'overview-qualifying');
      assert.ok(busy !== undefined);
      await stageScene(opened, busy);
      assert.equal(await opened.page.evaluate('document.getAnimations().length'), animations);
    }
  });
});
