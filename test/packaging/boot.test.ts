/**
 * The package in the life of a machine: a fresh Debian boots, gets it, has a tunnel after two commands, loses its network,
 * is switched off and on, gets a later version, and gives everything back at the end. Each test goes on where the last one
 * has stopped.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { Dialogue } from '../support/dialogue.js';
import { bootSkip, closeStage, openStage, PACKAGE, plug, type Stage, type Status, state } from './boot-stage.js';
import { laterPackage } from './built-package.js';
import { PASSWORD, PEOPLE } from './fresh-tree.js';
import { SHARED } from './machine.js';
import { differences, type Traces, traces } from './traces.js';

const SKIP = bootSkip();
const OPTIONS = { skip: SKIP, timeout: 300_000 };
const INTERFACE = 'teredo';
const CONFIGURATION = '/etc/miredo/miredo.conf';
const SERVER_CONFIGURATION = '/etc/miredo/miredo-server.conf';
const DROP_INS = '/run/systemd/system/miredo.service.d';
/** Of a server on the machine itself. */
const OWN_SERVER = ['203.0.113.76', '203.0.113.77'] as const;
/** What pkttyagent(1) shows. */
const PROMPT = /AUTHENTICATING FOR org\.miredo\.control[\s\S]*Password: ?$/;
/** What is typed before the agent has turned the echo off it throws away. */
const HIDDEN = `terminal=$(readlink /proc/$(pgrep --parent "$(pgrep --exact script)" | head -n 1)/fd/0)
  until stty -F "$terminal" -a | grep -q -e ' -echo '; do sleep 0.02; done`;

describe('the package on a machine of its own', OPTIONS, () => {
  let stage: Stage;
  let untouched: Traces;
  let address: unknown;

  before(async () => {
    stage = await openStage();
  });
  after(() => closeStage(stage));

  let isBroken = false;

  /** A test that is not tried when what it goes on from is not there. */
  const step = (name: string, body: (t: TestContext) => Promise<void>): void => {
    test(name, async (t) => {
      assert.ok(!isBroken, 'the test before has failed');
      isBroken = true;
      await body(t);
      isBroken = false;
    });
  };

  const must = (...command: string[]): Promise<string> => stage.machine.must(command);
  const sh = (line: string): Promise<string> => stage.machine.sh(line);
  const property = (name: string, unit = 'miredo'): Promise<string> =>
    must('systemctl', 'show', '--property', name, '--value', unit);

  /** Somebody's command, in a control group of its own as a login's. */
  const as = (user: string, settings: readonly string[], ...command: string[]): string[] => [
    ...['systemd-run', '--quiet', '--wait', '--pipe', `--uid=${user}`, ...settings],
    ...command,
  ];

  /** Everything is there, and packets pass. */
  async function assertTunnel(timeout?: number): Promise<void> {
    ({ address } = await state(stage.machine, 'qualified', timeout));
    assert.match(await must('ip', '-6', '-o', 'address', 'show', 'dev', INTERFACE), new RegExp(` ${address}/`));
    await must('ping', '-c', '1', '-W', '5', stage.lab.host.ipv6[0] ?? '');
  }

  /** What the journal has of this boot that an administrator would have to look at. */
  async function complaints(): Promise<string[]> {
    const lines = await must('journalctl', '--boot', '--quiet', '--no-pager', '--priority=warning', '--unit=miredo');
    // Directives that make the delay of restarts grow: systemd before 254 does not know them, and says so.
    return lines.split('\n').filter((line) => line !== '' && !/Unknown key 'Restart(Steps|MaxDelaySec)'/.test(line));
  }

  /** Waits for a line of the journal about a unit of ours. */
  const logged = (pattern: RegExp, unit = 'miredo'): Promise<string> =>
    stage.machine.line(['journalctl', '--boot', '--follow', '--lines=all', '--output=cat', `--unit=${unit}`], (line) =>
      pattern.test(line),
    );

  const failedUnits = (): Promise<string> => must('systemctl', '--failed', '--no-legend', '--plain');

  step('the machine boots, and has no trace of it', async () => {
    assert.equal(await stage.machine.boot(), 'running');
    await must('nm-online', '--quiet', '--timeout=20');
    untouched = await traces(stage.machine);
  });

  step('two commands lead to a tunnel', async () => {
    await stage.machine.must(['apt-get', 'install', '-y', PACKAGE], 120_000);
    assert.match(await must('miredoctl', 'start', '--server', stage.lab.server.ipv4[0] ?? ''), /qualified/);
    await assertTunnel();
  });

  step('it runs as a user without privilege, is exposed little, and has nothing to complain of', async () => {
    const pid = await property('MainPID');
    assert.equal(await must('stat', '-c', '%U:%G', `/proc/${pid}`), 'miredo:miredo');
    assert.match(await must('cat', `/proc/${pid}/status`), /^NoNewPrivs:\t1$/m);
    assert.equal(await must('stat', '-c', '%a', '/run/miredo/miredo.pid'), '644', 'scripts may read it');
    await must('systemd-analyze', 'security', '--no-pager', '--threshold=20', 'miredo.service');
    assert.deepEqual(await complaints(), []);
    assert.equal(await failedUnits(), '');
    assert.match(await property('StatusText'), /qualified/);
  });

  step('what it sees of the machine it cannot change', async () => {
    const pid = await property('MainPID');
    for (const place of ['/etc', '/usr', '/home', '/sys/fs/cgroup']) {
      const touch = ['nsenter', `--target=${pid}`, '--mount', 'touch', `${place}/of-a-test`];
      assert.match((await stage.machine.run(touch)).stderr, /Read-only file system|Permission denied/, place);
    }
  });

  step('everybody may read, on the bus and by miredoctl', async () => {
    const { nobodySpecial } = PEOPLE;
    const get = ['busctl', 'get-property', 'org.miredo', '/org/miredo', 'org.miredo.Client1', 'State'];
    assert.equal(await stage.machine.must(as(nobodySpecial, [], ...get)), 's "qualified"');
    assert.match(await stage.machine.must(as(nobodySpecial, [], 'miredoctl', 'status')), /qualified/);
  });

  step('its firewall refuses a stranger of the IPv6 Internet, until a port is opened', async () => {
    const { host } = stage.lab;
    const port = 8022;
    const words = [`--listen=[::]:${port}`, '--accept', '--inetd', '/bin/echo', 'let in'];
    await must('systemd-run', '--quiet', '--unit=of-a-test', 'systemd-socket-activate', ...words);
    const knock = (seconds: number): Promise<string> => {
      const line = `exec 3<>/dev/tcp/${address}/${port} && cat <&3`;
      return stage.lab.run(host, ['timeout', String(seconds), 'bash', '-c', line]).then(({ stdout }) => stdout);
    };
    assert.match(await must('miredoctl', 'status'), /^Firewall +lets in answers, and of what is unasked ping$/m);
    assert.equal(await knock(1), '');
    const rules = await must('nft', 'list', 'ruleset');
    assert.match(rules, /counter refused \{\s+packets [1-9]/, 'it was there, and was refused');
    await sh(`echo 'FirewallOpen ${port}/tcp' >${CONFIGURATION}; systemctl reload miredo`);
    assert.equal(await knock(10), 'let in\n');
    assert.match(await must('miredoctl', 'status'), /^Firewall .* unasked ping, 8022\/tcp$/m);
    await sh(`rm ${CONFIGURATION}; systemctl reload miredo; systemctl stop of-a-test`);
  });

  step('the machine asks it before it sleeps', async () => {
    assert.match(await must('systemd-inhibit', '--list', '--no-pager'), /^Miredo .* sleep .* delay$/im);
  });

  step('who does not sit at the machine may not stop it', async () => {
    const stop = as(PEOPLE.nobodySpecial, [], 'miredoctl', 'stop', '--no-ask-password');
    const { code, stderr } = await stage.machine.run(stop);
    assert.equal(code, 7, stderr);
    await state(stage.machine, 'qualified');
  });

  step('but with the password of an administrator, which the terminal asks for', async (t) => {
    const stop = as(
      PEOPLE.nobodySpecial,
      [],
      'script',
      '--quiet',
      '--return',
      '--command',
      'miredoctl stop',
      '/dev/null',
    );
    const terminal = new Dialogue(stage.machine.argv(stop));
    t.after(() => terminal.end());
    await terminal.shows(PROMPT);
    await sh(HIDDEN);
    terminal.type(`${PASSWORD}\n`);
    const { code, text } = await terminal.ended;
    assert.equal(code, 0, text);
    assert.match(text, /AUTHENTICATION COMPLETE/);
    await state(stage.machine, 'stopped');
  });

  step('who sits at the machine needs no password', async () => {
    const session = ['--property=PAMName=login', '-E', 'XDG_SEAT=seat0', '-E', 'XDG_SESSION_TYPE=x11'];
    const start = ['miredoctl', 'start', '--no-ask-password', '--timeout=30'];
    const said = await stage.machine.run(as(PEOPLE.nobodySpecial, session, ...start), 60_000);
    assert.equal(said.code, 0, said.stderr);
    await assertTunnel();
  });

  step('NetworkManager leaves the interface alone', async () => {
    const devices = await must('nmcli', '--terse', '--fields', 'DEVICE,STATE', 'device');
    const isTold =
      (await stage.machine.run(['test', '-e', '/usr/lib/NetworkManager/conf.d/50-miredo.conf'])).code === 0;
    assert.match(devices, isTold ? /^teredo:unmanaged$/m : /^teredo:connected \(externally\)$/m);
    assert.match(devices, /^eth0:connected$/m);
  });

  step('without the connection it waits, with it the tunnel is back', async () => {
    await must('nmcli', 'connection', 'down', 'uplink');
    await state(stage.machine, 'waiting');
    await must('nmcli', 'connection', 'up', 'uplink');
    await assertTunnel();
  });

  step('killed, it is back by itself', async () => {
    await must('systemctl', 'kill', '--signal=KILL', 'miredo');
    await logged(/Scheduled restart job/);
    await assertTunnel();
    assert.equal(await property('NRestarts'), '1');
  });

  step('when it hangs, systemd starts it again', async () => {
    await sh(
      `mkdir -p ${DROP_INS}; printf '[Service]\\nWatchdogSec=2\\n' >${DROP_INS}/soon.conf; systemctl daemon-reload`,
    );
    await must('systemctl', 'restart', 'miredo');
    await assertTunnel();
    const pid = await property('MainPID');
    await sh(`kill -STOP ${pid}`);
    await logged(/Failed with result 'watchdog'/);
    await assertTunnel();
    assert.notEqual(await property('MainPID'), pid);
    await sh(`rm -r ${DROP_INS}; systemctl daemon-reload; systemctl restart miredo`);
    await assertTunnel();
  });

  step('however often it ends, it is started again', async () => {
    const settings = '[Service]\\nExecStart=\\nExecStart=/bin/false\\nRestartSec=20ms\\nRestartSteps=0\\n';
    await sh(`mkdir -p ${DROP_INS}; printf '${settings}' >${DROP_INS}/fails.conf; systemctl daemon-reload`);
    await must('systemctl', 'restart', '--no-block', 'miredo');
    await sh('until [ "$(systemctl show --property NRestarts --value miredo)" -gt 25 ]; do sleep 0.05; done');
    assert.match(await property('ActiveState'), /^activating$/);
    await sh(`rm -r ${DROP_INS}; systemctl daemon-reload; systemctl restart miredo`);
    await assertTunnel();
  });

  step('where IPv6 is off by default it says so, and has it by what udev does for its interface', async () => {
    const rules = '/usr/lib/udev/rules.d/99-systemd.rules';
    assert.match(await must('cat', rules), /"net".*systemd-sysctl .*--prefix=\/net\/ipv6\/conf\/\$name/);
    // A container can neither write there nor has it udev: both are done from out here.
    const outside = async (...command: string[]): Promise<void> => {
      const { code, stderr } = await stage.lab.run(stage.lab.client(0), command);
      assert.equal(code, 0, stderr);
    };
    await outside('sysctl', '--quiet', '--write', 'net.ipv6.conf.default.disable_ipv6=1');
    await must('systemctl', 'restart', 'miredo');
    const { reason } = await state(stage.machine, 'failed');
    assert.equal((reason as Status)['code'], 'ipv6-disabled');
    const file = join(stage.shared, 'sysctl.conf');
    writeFileSync(file, await must('cat', '/usr/lib/sysctl.d/50-miredo.conf'));
    await outside('/usr/lib/systemd/systemd-sysctl', `--prefix=/net/ipv6/conf/${INTERFACE}`, file);
    await assertTunnel();
    assert.equal(await must('sysctl', '--values', `net.ipv6.conf.${INTERFACE}.accept_ra`), '0');
    await outside('sysctl', '--quiet', '--write', 'net.ipv6.conf.default.disable_ipv6=0');
  });

  step('switched off and on, the tunnel is there again', async () => {
    await stage.machine.shutDown();
    assert.equal(await stage.machine.boot(), 'running');
    await assertTunnel();
    assert.deepEqual(await complaints(), []);
  });

  step('switched on without a cable it waits, a server too, and no unit has failed', async () => {
    await must('systemctl', 'enable', '--quiet', 'miredo-server');
    await stage.machine.shutDown();
    stage.machine.place(SERVER_CONFIGURATION, `ServerBindAddress ${OWN_SERVER[0]}\n`);
    await plug(stage.lab, false);
    assert.equal(await stage.machine.boot(), 'running');
    await state(stage.machine, 'waiting');
    assert.equal(await property('ActiveState'), 'active');
    assert.equal(await must('systemctl', 'is-active', 'miredo-server'), 'active');
    const waiting = new RegExp(`^waiting: Cannot bind .* has the address ${OWN_SERVER[0]}\\.`);
    assert.match(await property('StatusText', 'miredo-server'), waiting);
    assert.equal(await failedUnits(), '');
    await plug(stage.lab, true);
    await assertTunnel();
  });

  step('when its addresses come the server answers, as a user without privilege', async () => {
    for (const own of OWN_SERVER) await must('ip', 'address', 'add', `${own}/32`, 'dev', 'lo');
    await logged(/serving on port 3544/, 'miredo-server');
    await must('miredoctl', 'server', 'add', OWN_SERVER[0]);
    const { servers } = JSON.parse((await stage.machine.run(['miredoctl', 'server', 'probe', '--json'])).stdout);
    const own = (servers as readonly Status[]).find(({ name }) => name === OWN_SERVER[0]);
    assert.deepEqual([own?.['reachable'], own?.['secondary']], [true, true], 'by both addresses');
    assert.equal(await must('stat', '-c', '%U', `/proc/${await property('MainPID', 'miredo-server')}`), 'miredo');
    assert.equal(await property('NRestarts', 'miredo-server'), '0');
    assert.equal(await property('StatusText', 'miredo-server'), 'server');
    await must('systemctl', 'disable', '--now', '--quiet', 'miredo-server');
    await must('miredoctl', 'server', 'remove', OWN_SERVER[0]);
    for (const own of OWN_SERVER) await must('ip', 'address', 'delete', `${own}/32`, 'dev', 'lo');
    await must('rm', SERVER_CONFIGURATION);
  });

  step('stopped, it stays so', async () => {
    await must('miredoctl', 'stop');
    await stage.machine.shutDown();
    assert.equal(await stage.machine.boot(), 'running');
    await state(stage.machine, 'stopped');
    assert.equal(await property('ActiveState'), 'active');
    assert.doesNotMatch(await must('ip', '-6', 'address', 'show', 'dev', INTERFACE), /global/);
    assert.doesNotMatch(await must('ip', '-6', 'route'), /default/);
  });

  step('a call starts the daemon when it does not run', async () => {
    await must('systemctl', 'stop', 'miredo');
    await must('busctl', 'get-property', 'org.miredo', '/org/miredo', 'org.miredo.Client1', 'State');
    assert.equal(await property('ActiveState'), 'active');
    await must('miredoctl', 'start');
    await assertTunnel();
  });

  step('a later version takes over with the tunnel up', async () => {
    laterPackage(stage.file, stage.shared);
    const pid = await property('MainPID');
    await stage.machine.must(['apt-get', 'install', '-y', `${SHARED}/later.deb`], 120_000);
    assert.match(await must('dpkg-query', '--show', 'miredo'), /\+later$/);
    await assertTunnel();
    assert.notEqual(await property('MainPID'), pid);
    assert.equal(await failedUnits(), '');
  });

  step('removed, it takes the tunnel with it, and keeps what users have chosen', async () => {
    await stage.machine.must(['apt-get', 'remove', '-y', 'miredo'], 120_000);
    assert.notEqual((await stage.machine.run(['ip', 'link', 'show', INTERFACE])).code, 0);
    assert.match(await must('cat', '/var/lib/miredo/state.ini'), /enabled *= *true/);
  });

  step('purged, it leaves nothing', async () => {
    await stage.machine.must(['apt-get', 'purge', '-y', 'miredo'], 120_000);
    assert.deepEqual(differences(untouched, await traces(stage.machine)), []);
    assert.equal(await failedUnits(), '');
    await stage.machine.shutDown();
  });
});
