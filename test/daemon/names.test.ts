/** A server that is known by name: found when the name comes to be known, and followed when it moves. */
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { labSkip } from '../lab/availability.js';
import { waitFor } from '../lab/kernel-view.js';
import { createLab, type Lab } from '../lab/lab.js';
import type { Program } from '../lab/program.js';

const NAME = 'teredo.example.net';

describe('names', { skip: labSkip('ours') }, () => {
  let lab: Lab;
  let hosts: string;

  before(async () => {
    lab = await createLab({ nats: ['port-restricted'] });
    hosts = join(lab.directory, 'hosts');
    await lab.startServer('ours');
  });
  after(() => lab.dispose());

  const start = (): Program => lab.launchClient(0, 'ours', { names: true, config: { ServerAddress: NAME } });

  const says = (program: Program, pattern: RegExp): Promise<true> =>
    waitFor(`${pattern}`, () => pattern.test(program.log()) || undefined, { timeout: 15_000 });

  test('a name that becomes known while the client waits', async () => {
    const program = start();
    // The lab gives the file its own name of the server only.
    await says(program, /waiting: The name of the Teredo server cannot be resolved/);
    appendFileSync(hosts, `${lab.server.ipv4[0]} ${NAME}\n`);
    await says(program, /qualified: address 2001:0:/);
    assert.equal((await program.stop()).code, 0);
  });

  test('a server that moves is followed when the old address falls silent', async () => {
    const program = start();
    writeFileSync(hosts, `203.0.113.99 ${NAME}\n`);
    await says(program, /qualifying with server 203\.0\.113\.99/);
    writeFileSync(hosts, `${lab.server.ipv4[0]} ${NAME}\n`);
    await says(program, /failed: The Teredo server does not answer/);
    await says(program, /qualified: address 2001:0:/);
    assert.equal((await program.stop()).code, 0);
  });
});
