/** Texts from the bus that would do harm where they could. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cleanText } from '../../../tray-app/renderer/foreign-text.js';
import { LOG, NOW, SNAPSHOTS, step, viewOf } from './views.js';
import { Stage, windowSkip } from './window.js';

const MARKUP = '<img src=x onerror="window.miredoPwned=1"><script>window.miredoPwned=1</script>';
const OVERRIDE = '\u202egro.elpmaxe\u2066\u200f\u0000\u001b[31m\u0007';
const LONG = 'x'.repeat(3000);
const PILED = `Z${'\u0335\u0337\u0338'.repeat(40)}`;
const HOSTILE = [MARKUP, OVERRIDE, LONG, PILED];

describe('texts that are cleaned', () => {
  for (const [raw, clean] of [
    ['plain text, größer 中文 العربية', 'plain text, größer 中文 العربية'],
    ['two\nlines\r\n\tone', 'two lines one'],
    ['a\u202eb\u2066c\u200fd\u061ce', 'a\ufffdb\ufffdc\ufffdd\ufffde'],
    ['a\u0000b\u001bc\u0085d\u007f', 'a\ufffdb\ufffdc\ufffdd\ufffd'],
    ['zero\u200bwidth\ufeff\u2060\u00ad', 'zero\ufffdwidth\ufffd\ufffd\ufffd'],
    ['line\u2028paragraph\u2029', 'line\ufffdparagraph\ufffd'],
    ['lone \ud800 half', 'lone \ufffd half'],
    ['tag \u{e0041}', 'tag \ufffd'],
    ['e\u0301\u0301\u0301\u0301\u0301', 'e\u0301\u0301\u0301'],
    ['💡 stays', '💡 stays'],
  ] as const) {
    test(JSON.stringify(raw), () => assert.equal(cleanText(raw), clean));
  }

  test('what is too long is cut', () => assert.equal(cleanText(LONG).length, 2001));
});

describe('hostile texts from the bus', { skip: windowSkip }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  for (const [i, text] of HOSTILE.entries()) {
    test(`number ${i + 1} stays within its place in every view`, async () => {
      await using opened = await stage.window({ viewport: { width: 700, height: 640 } });
      const { page } = opened;
      await opened.show(hostileView(text));
      for (const entry of LOG) {
        if (entry.kind === 'server') await opened.emit('log', { ...entry, server: text, previous: text });
        if (entry.kind === 'daemon') await opened.emit('log', { ...entry, version: text });
      }
      for (const tab of ['Overview', 'Traffic', 'Servers', 'Diagnosis', 'Log', 'Settings']) {
        await opened.open(tab);
        const overflow = await page.evaluate(
          `[...document.querySelectorAll('.panel, .sidebar, .card, body')].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.className)`,
        );
        assert.deepEqual(overflow, [], tab);
        const shown = await page.locator('body').textContent();
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
        assert.doesNotMatch(shown ?? '', /[\u0000-\u0009\u000b-\u001f\u200f\u202a-\u202e\u2066-\u2069]/, tab);
      }
      assert.equal(await page.locator('.panel img, .panel script').count(), 0);
      assert.equal(await page.evaluate('window.miredoPwned'), undefined);
      assert.deepEqual(await opened.faults(), []);
    });
  }

  test('markup is shown as it is written', async () => {
    await using opened = await stage.window();
    await opened.show(hostileView(MARKUP));
    await opened.page.getByText(MARKUP).first().waitFor();
  });

  test('the page has no way to the outside, and nothing of Node', async () => {
    await using opened = await stage.window();
    const { page } = opened;
    const globals = await page.evaluate(
      '[typeof require, typeof process, typeof module, Object.keys(window.miredo)].flat()',
    );
    assert.deepEqual(globals, ['undefined', 'undefined', 'undefined', 'request', 'on']);
    assert.deepEqual(await opened.faults(), []);
    const tried = await page.evaluate(`(async () => {
      const fetched = await fetch('http://127.0.0.1:9/').then(() => 'fetched', () => 'blocked');
      let inline = 'blocked';
      try { document.body.innerHTML = '<p>'; inline = 'written'; } catch {}
      return [fetched, inline];
    })()`);
    assert.deepEqual(tried, ['blocked', 'blocked']);
    assert.ok((await opened.faults()).some((fault) => fault.startsWith('connect-src')));
  });

  test('a request that the schema does not have is not passed on', async () => {
    await using opened = await stage.window();
    const answer = await opened.page.evaluate(
      `window.miredo.request('shell', 'id').then(() => 'done', (error) => error.message)`,
    );
    assert.match(String(answer), /no request shell/);
    await opened.expectAsked([]);
  });
});

function hostileView(text: string) {
  const { qualified } = SNAPSHOTS;
  return viewOf({
    snapshot: {
      ...qualified,
      state: text,
      reason: { code: text, sentence: text },
      address: text,
      mapped: { address: text, port: 1 },
      local: { address: text, port: 1 },
      server: text,
      serverAddress: `${text}2`,
      interface: { name: text, index: 1 },
      servers: ['administrator', text, 'user'].map((origin, i) => ({
        name: `${i}${text}`,
        primary: text,
        secondary: text,
        comment: text,
        origin,
      })),
      statistics: { [`dropped-${text}`]: 1, 'dropped-__proto__': 2, peers: 1 },
      version: text,
    },
    refusal: { task: 'add-server', subject: text, fault: { code: 'failed', name: text, sentence: text }, time: NOW },
    diagnosis: {
      isRunning: false,
      steps: [step(text, 'failed', text, text, text), step('toString', 'warning', text)],
      time: NOW,
    },
    probes: {
      isRunning: false,
      results: {
        [`0${text}`]: {
          name: text,
          isReachable: false,
          roundTrip: undefined,
          hasSecondary: false,
          address: text,
          error: { code: text, sentence: text },
        },
      },
      waiting: [],
      time: NOW,
    },
  });
}
