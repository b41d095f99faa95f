/** A short soak: with every offload, and with each one missing, every byte is the one that was sent. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { labSkip } from '../lab/availability.js';
import { run } from '../lab/command.js';

const SOAK = fileURLToPath(new URL('./soak.js', import.meta.url));
const GIGABYTES = '0.5';
const PATIENCE = 300_000;

describe('soak', { skip: labSkip('ours') }, () => {
  test(`${GIGABYTES} GB through client and relay`, async () => {
    const result = await run([process.execPath, SOAK, '--gigabytes', GIGABYTES], { timeout: PATIENCE });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /all bytes right; [1-9]\d* packets lost, [1-9]\d* overtaken/);
  });
});
