/** What the bundled programs carry: each only what it uses. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const bundle = (name: string): string => readFileSync(new URL(`../../bin/${name}.js`, import.meta.url), 'utf8');

/** Words of the message bus, as they stand in its source. */
const BUS = ['org.freedesktop.DBus', 'org.freedesktop.PolicyKit1', 'RequestName'];

describe('bundles', () => {
  for (const word of BUS) {
    test(`${word}: in miredo, which is on the bus, and not in miredo-server and the engine, which are not`, () => {
      assert.ok(bundle('miredo').includes(word));
      for (const name of ['miredo-server', 'miredo-engine']) assert.ok(!bundle(name).includes(word), name);
    });
  }
});
