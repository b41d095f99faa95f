/** The message files: complete, with the same values to fill in, and with the words that the daemon's codes need. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CATALOGUES,
  localeOf,
  type MessageKey,
  translateMaybe,
  translator,
} from '../../../tray-app/shared/messages.js';
import type { Locale } from '../../../tray-app/shared/view.js';

const LOCALES = Object.keys(CATALOGUES) as Locale[];
const KEYS = Object.keys(CATALOGUES.en) as MessageKey[];
const namesIn = (text: string): string[] => [...text.matchAll(/\{([\w-]+)\}/g)].map(([, name]) => name ?? '').sort();

describe('message files', () => {
  for (const locale of LOCALES) {
    test(`${locale} is complete`, () => {
      assert.deepEqual(Object.keys(CATALOGUES[locale]).sort(), [...KEYS].sort());
      for (const key of KEYS) assert.notEqual(CATALOGUES[locale][key].trim(), '', key);
    });

    test(`${locale} has the values that English has`, () => {
      for (const key of KEYS) assert.deepEqual(namesIn(CATALOGUES[locale][key]), namesIn(CATALOGUES.en[key]), key);
    });
  }

  test('German is not English', () => {
    const same = KEYS.filter((key) => CATALOGUES.de[key] === CATALOGUES.en[key] && /[a-z]{4}/.test(CATALOGUES.en[key]));
    const international =
      /\{[\w-]+\}|Server|Miredo|Diagnose|System|MTU|NAT|Details|Name|Interface|Protokoll|Firewall|NetworkManager/;
    assert.deepEqual(
      same.filter((key) => !international.test(CATALOGUES.en[key])),
      [],
    );
  });
});

test('values are filled in', () => {
  assert.equal(translator('de')('tray.copy-address', { address: '2001::1' }), '2001::1 kopieren');
  assert.equal(translateMaybe('en', 'state.sleeping'), undefined);
  assert.equal(translateMaybe('en', 'toString'), undefined);
});

test('the locale is the first that there is', () => {
  for (const [tags, locale] of [
    [['de_DE.UTF-8'], 'de'],
    [['fr', 'de', 'en'], 'de'],
    [['C'], 'en'],
    [[''], 'en'],
    [['constructor'], 'en'],
    [[], 'en'],
    [['en-GB', 'de'], 'en'],
  ] as const) {
    assert.equal(localeOf(tags), locale, tags.join());
  }
});
