/** The commands of the README's section "From scripts", in its order, on a real bus. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scriptCommands } from '../readme-commands.js';
import { as, enterBusStage, provideBus } from './private-bus.js';
import { NO_IPV6_TEST, startTunnel } from './tunnel.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 120_000 };
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Not all is well where there is no relay, and a tunnel that was not asked for is stopped. */
const CODES: readonly (readonly [command: RegExp, codes: readonly number[]])[] = [[/ diagnose /, [0, 9]]];

describe('from scripts', OPTIONS, () => {
  provideBus();

  test('each command does what it says', async (t) => {
    await startTunnel(t, NO_IPV6_TEST);
    assert.ok(scriptCommands(README).length > 5);
    for (const command of scriptCommands(README)) {
      await t.test(command, async () => {
        const { code, stdout, stderr } = await as(
          'root',
          'bash',
          '-c',
          `cd '${ROOT}' && ${command.replace(/^sudo /, '')}`,
        );
        const codes = CODES.find(([pattern]) => pattern.test(command))?.[1] ?? [0];
        assert.ok(codes.includes(code), `${code}: ${stderr}`);
        if (command.includes('--json'))
          assert.equal((JSON.parse(stdout) as { schemaVersion: number }).schemaVersion, 1);
      });
    }
  });
});
