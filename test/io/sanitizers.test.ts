/**
 * The tests of the addon once more, with AddressSanitizer and UndefinedBehaviorSanitizer in it: any report fails.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  buildProbe,
  buildSanitizedTree,
  sanitizedEnvironment,
  sanitizerLibrary,
  sanitizerReports,
} from '../support/sanitized-addon.js';

const library = await sanitizerLibrary();
const skip = library === undefined ? 'the compiler has no AddressSanitizer (Debian: libasan comes with g++)' : false;

/** Confinement and capabilities act on the whole process, which the sanitizers' runtime does not bear. */
const FILES =
  /^(fallback|kernel-path|offload|packet-rows|packing|tun-device|unix-datagram|file-lock|interfaces|network-watch|users)/;
/** Half a minute on a machine with nothing else to do. */
const PATIENCE = 240_000;
/** Random tests take longer here. */
const RUNS = '60';

function addonTests(folder: string): string[] {
  const names = readdirSync(join(folder, 'io'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => FILES.test(name) && name.endsWith('.test.js')).map((name) => join(folder, 'io', name));
}

/** The sanitizers see a probe's fault in a child like those of the tests. */
function reportsOf(probe: string, call: string): string[] {
  const env = sanitizedEnvironment(library ?? '');
  spawnSync(process.execPath, ['-e', `require(${JSON.stringify(probe)}).${call}()`], { env, timeout: PATIENCE });
  return sanitizerReports();
}

describe('sanitizers', { skip, timeout: 2 * PATIENCE }, () => {
  test('faults are found', async () => {
    const probe = await buildProbe('test/io/native/sanitizer-probe.cc');
    assert.match(reportsOf(probe, 'readBehindTheEnd').join(''), /heap-buffer-overflow[\s\S]*read_behind_the_end/);
    assert.match(reportsOf(probe, 'overflow').join(''), /AddressSanitizer: ILL[\s\S]* in overflow/);
  });

  test('none in the addon', async () => {
    const folder = await buildSanitizedTree();
    const env: NodeJS.ProcessEnv = { ...sanitizedEnvironment(library ?? ''), OFFLOAD_RUNS: RUNS };
    delete env['NODE_TEST_CONTEXT']; // the child is a runner of its own
    const files = addonTests(folder);
    assert.ok(files.length > 5);
    const result = spawnSync(process.execPath, ['--test', '--test-concurrency=3', '--test-reporter=spec', ...files], {
      env,
      encoding: 'utf8',
      timeout: PATIENCE,
    });
    assert.deepEqual(sanitizerReports(), []);
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  });
});
