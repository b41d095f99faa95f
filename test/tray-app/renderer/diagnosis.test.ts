/** The diagnosis as it runs, and what it leaves. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Step } from '../../../dbus/reports.js';
import { NOW, pendingOf, SNAPSHOTS, STEPS, step, viewOf } from './views.js';
import { Stage, windowSkip } from './window.js';

const running = (steps: readonly Step[]) =>
  viewOf({ diagnosis: { isRunning: true, steps, time: undefined }, pending: [pendingOf('diagnose')] });
const ended = (steps: readonly Step[]) => viewOf({ diagnosis: { isRunning: false, steps, time: NOW } });

describe('diagnosis', { skip: windowSkip }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  test('steps appear as they run, each in its place', async () => {
    await using opened = await stage.window();
    const { page } = opened;
    await opened.open('Diagnosis');
    const rows = page.getByRole('listitem');
    assert.equal(await rows.count(), 11);
    await opened.button('Run diagnosis').click();
    await opened.expectAsked([['diagnose']]);
    for (let i = 0; i < 5; i++) {
      const title = await rows.nth(i).boundingBox();
      await opened.show(running([...STEPS.slice(0, i), step(STEPS[i]?.id ?? '', 'running', `Looking, part ${i}…`)]));
      await page
        .getByRole('status')
        .filter({ hasText: `Looking, part ${i}…` })
        .waitFor();
      assert.match(await rows.nth(i).innerText(), /Running/);
      if (i > 0) assert.match(await rows.nth(i - 1).innerText(), /In order/);
      assert.deepEqual(await rows.nth(i).boundingBox(), title);
    }
    assert.equal(await opened.button('Running…').getAttribute('aria-busy'), 'true');
    assert.ok((await opened.shifts()) < 0.01);
  });

  test('each verdict has a shape and a word of its own', async () => {
    await using opened = await stage.window();
    await opened.open('Diagnosis');
    const verdicts = ['ok', 'warning', 'failed', 'skipped', 'running'] as const;
    await opened.show(running(verdicts.map((verdict) => step(verdict, verdict, verdict))));
    const rows = (await opened.page.locator('.step').all()).slice(0, verdicts.length + 1);
    const shapes = await Promise.all(rows.map((one) => one.locator('svg').innerHTML()));
    const words = await Promise.all(rows.map((one) => one.locator('.verdict').innerText()));
    assert.deepEqual(words, ['In order', 'Warning', 'Failed', 'Skipped', 'Running', 'Not run']);
    assert.equal(new Set(shapes).size, words.length);
  });

  test('remedies are told, and a command can be copied', async () => {
    await using opened = await stage.window();
    const { page } = opened;
    await opened.open('Diagnosis');
    await opened.show(ended(STEPS));
    await page.getByText('Found what is wrong: 1.').waitFor();
    const relay = page.getByRole('listitem').filter({ hasText: 'Relay to the IPv6 Internet' });
    assert.match(await relay.innerText(), /What to do\s+Have 2001::\/32 routed/);
    await relay.getByRole('button', { name: 'Copy the command' }).click();
    await opened.expectAsked([['copyText', 'sudo miredo -f -c relay.conf']]);
    assert.equal(await page.getByRole('listitem').count(), STEPS.length);
    await opened.button('Run again').click();
    await opened.expectAsked([['diagnose']]);
  });

  test('the summary tells warnings from faults, and both from none', async () => {
    await using opened = await stage.window();
    await opened.open('Diagnosis');
    for (const [verdict, text] of [
      ['ok', 'Everything that was looked at is in order.'],
      ['skipped', 'Everything that was looked at is in order.'],
      ['warning', 'It works, with something to look at: 1.'],
      ['failed', 'Found what is wrong: 1.'],
    ] as const) {
      await opened.show(ended([step('network', 'ok', ''), step('nat', verdict, '')]));
      await opened.page.getByText(text).waitFor();
    }
  });

  test('a step that this window does not know is shown by its name', async () => {
    await using opened = await stage.window();
    await opened.open('Diagnosis');
    await opened.show(running([step('quantum-path', 'warning', 'Entangled.')]));
    assert.match(await opened.page.getByRole('listitem').first().innerText(), /quantum-path\s+Warning\s+Entangled\./);
    assert.equal(await opened.page.getByRole('listitem').count(), 12);
  });

  test('without a daemon it cannot be run; what it found stays', async () => {
    await using opened = await stage.window();
    await opened.open('Diagnosis');
    await opened.show({ ...ended(STEPS), tunnel: { presence: 'no-bus', sentence: '' } });
    await opened.button('Run again').click({ force: true });
    await opened.expectAsked([]);
    assert.equal(await opened.page.getByRole('listitem').count(), STEPS.length);
    await opened.show({ ...ended(STEPS), tunnel: { presence: 'present', snapshot: SNAPSHOTS.failed } });
    await opened.button('Run again').click();
    await opened.expectAsked([['diagnose']]);
  });
});
