/**
 * A machine with Debian's C miredo in use gets ours: the tunnel is there again, with what was configured, and goes without a
 * rest. Each test goes on where the last one has stopped.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { globalAddresses, waitFor } from '../lab/kernel-view.js';
import { bootSkip, closeStage, openStage, PACKAGE, type Stage, state } from './boot-stage.js';
import { OLD_PACKAGES } from './fresh-tree.js';
import { differences, type Traces, traces } from './traces.js';

/** Somebody's own network for whatever comes, by which systemd-networkd would take the tunnel's interface. */
const CATCH_ALL = ['/etc/systemd/network/70-all.network', '[Match]\\nName=tere*\\n[Network]\\nDHCP=yes\\n'] as const;
const RELAY_CONF = '/etc/miredo/miredo-relay.conf';

describe('the package on a machine with C miredo', { skip: bootSkip(), timeout: 300_000 }, () => {
  let stage: Stage;
  let untouched: Traces;

  before(async () => {
    stage = await openStage();
    assert.equal(await stage.machine.boot(), 'running');
    untouched = await traces(stage.machine);
  });
  after(() => closeStage(stage));

  const must = (...command: string[]): Promise<string> => stage.machine.must(command, 120_000);
  const sh = (line: string): Promise<string> => stage.machine.sh(line, 120_000);
  const ping = (): Promise<string> => must('ping', '-c', '1', '-W', '5', stage.lab.host.ipv6[0] ?? '');
  const property = (unit: string, name: string): Promise<string> =>
    must('systemctl', 'show', '--property', name, '--value', unit);
  const failedUnits = (): Promise<string> => must('systemctl', '--failed', '--no-legend', '--plain');

  test('the C program has a tunnel', async () => {
    const { lab } = stage;
    await sh(`apt-get install -y ${OLD_PACKAGES}/*.deb`);
    await sh(`sed -i 's/^ServerAddress.*/ServerAddress ${lab.server.ipv4[0]} # mine/' /etc/miredo.conf`);
    await must('systemctl', 'restart', 'miredo');
    const agent = lab.agent(lab.client(0));
    const look = (): string | undefined =>
      globalAddresses(agent.pid, 'teredo').find((address) => address.startsWith('2001:0:'));
    await waitFor('the address of C miredo', look, { timeout: 30_000 });
    // It sets its route after the address, and may lose the packet that makes it look for a relay.
    await must('timeout', '30', 'sh', '-c', `until ping -c 1 -W 1 ${lab.host.ipv6[0]}; do sleep 0.1; done`);
  });

  test('ours takes over its configuration and its tunnel', async () => {
    await sh(`printf '${CATCH_ALL[1]}' >${CATCH_ALL[0]}; systemctl start systemd-networkd`);
    await must('apt-get', 'install', '-y', PACKAGE);
    const { server } = await state(stage.machine, 'qualified');
    assert.equal(server, stage.lab.server.ipv4[0]);
    await ping();
    assert.match(await must('cat', '/etc/miredo/miredo.conf'), /^ServerAddress .* # mine$/m);
    assert.equal(await property('miredo', 'Type'), 'notify');
    assert.equal(await sh('readlink /proc/[0-9]*/exe | grep /usr/sbin/miredo || true'), '', 'no C program runs');
    assert.equal(await failedUnits(), '');
  });

  test('systemd-networkd, which was there before, leaves its interface alone', async () => {
    assert.match(await must('networkctl', '--no-legend', 'list', 'teredo'), /\bunmanaged$/);
    await sh(`systemctl stop systemd-networkd.socket systemd-networkd; rm ${CATCH_ALL[0]}`);
  });

  test('nobody takes its folder in /run from it', async () => {
    await must('systemd-tmpfiles', '--create');
    assert.equal(await must('stat', '-c', '%U', '/run/miredo'), 'miredo');
  });

  test('who goes on with the old file is told that it is not read', async () => {
    await sh('echo ServerAddress 192.0.2.9 >/etc/miredo.conf; systemctl reload miredo');
    const log = ['journalctl', '--boot', '--follow', '--lines=all', '--output=cat', '--unit=miredo'];
    await stage.machine.line(log, (line) => line.startsWith('/etc/miredo.conf is not read, '));
    await sh('rm /etc/miredo.conf');
  });

  test('a relay runs beside it, by a unit of its own, which an upgrade starts anew', async () => {
    await sh(`printf 'RelayType relay\\nInterfaceName relay\\n' >${RELAY_CONF}; systemctl enable --now miredo-relay`);
    assert.match(await must('ip', '-6', 'route', 'show', '2001::/32'), /dev relay/);
    const pid = await property('miredo-relay', 'MainPID');
    assert.equal(await must('stat', '-c', '%U', `/proc/${pid}`), 'miredo');
    await must('apt-get', 'install', '-y', '--reinstall', PACKAGE);
    assert.equal(await property('miredo-relay', 'ActiveState'), 'active');
    assert.notEqual(await property('miredo-relay', 'MainPID'), pid);
    assert.equal(await failedUnits(), '');
  });

  test('both are there after the next boot', async () => {
    await stage.machine.shutDown();
    assert.equal(await stage.machine.boot(), 'running');
    await state(stage.machine, 'qualified');
    assert.equal(await property('miredo-relay', 'ActiveState'), 'active');
    await ping();
  });

  test('purged, it leaves nothing, nor of the C program', async () => {
    await must('apt-get', 'purge', '-y', 'miredo');
    const isOurs = (line: string): boolean => /miredo|teredo/i.test(line);
    assert.deepEqual(differences(untouched, await traces(stage.machine)).filter(isOurs), []);
    assert.notEqual((await stage.machine.run(['ip', 'link', 'show', 'relay'])).code, 0);
  });

  test('a tunnel that the administrator had disabled stays down', async () => {
    await sh(`apt-get install -y ${OLD_PACKAGES}/*.deb; systemctl disable --now miredo`);
    await must('apt-get', 'install', '-y', PACKAGE);
    await must('systemctl', 'start', 'miredo');
    await state(stage.machine, 'stopped');
  });
});
