/** A machine with Debian's C miredo in use gets ours: the tunnel is there again, with what was configured. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { globalAddresses, waitFor } from '../lab/kernel-view.js';
import { bootSkip, closeStage, openStage, PACKAGE, type Stage, state } from './boot-stage.js';
import { OLD_PACKAGES } from './fresh-tree.js';

describe('the package on a machine with C miredo', { skip: bootSkip(), timeout: 300_000 }, () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage();
    assert.equal(await stage.machine.boot(), 'running');
  });
  after(() => closeStage(stage));

  const must = (...command: string[]): Promise<string> => stage.machine.must(command, 120_000);
  const sh = (line: string): Promise<string> => stage.machine.sh(line, 120_000);
  const ping = (): Promise<string> => must('ping', '-c', '1', '-W', '5', stage.lab.host.ipv6[0] ?? '');

  test('the C program has a tunnel', async () => {
    const { lab } = stage;
    await sh(`apt-get install -y ${OLD_PACKAGES}/*.deb`);
    await sh(`sed -i 's/^ServerAddress.*/ServerAddress ${lab.server.ipv4[0]}/' /etc/miredo.conf`);
    await must('systemctl', 'restart', 'miredo');
    const agent = lab.agent(lab.client(0));
    const look = (): string | undefined =>
      globalAddresses(agent.pid, 'teredo').find((address) => address.startsWith('2001:0:'));
    await waitFor('the address of C miredo', look, { timeout: 30_000 });
    await ping();
  });

  test('ours takes over its configuration and its tunnel', async () => {
    await must('apt-get', 'install', '-y', PACKAGE);
    const { server } = await state(stage.machine, 'qualified');
    assert.equal(server, stage.lab.server.ipv4[0]);
    await ping();
    assert.equal(await must('systemctl', 'show', '--property', 'Type', '--value', 'miredo'), 'notify');
    assert.equal(await sh('readlink /proc/[0-9]*/exe | grep /usr/sbin/miredo || true'), '', 'no C program runs');
    assert.equal(await must('systemctl', '--failed', '--no-legend', '--plain'), '');
  });

  test('and has it after the next boot', async () => {
    await stage.machine.shutDown();
    assert.equal(await stage.machine.boot(), 'running');
    await state(stage.machine, 'qualified');
    await ping();
  });
});
