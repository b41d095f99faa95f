/** The calls that org.miredo(5) shows, each run on the real bus against the real daemon, in the page's order. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makePage, PAGES } from '../../packaging/man/manual.js';
import { Running } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { commandsIn } from '../manual/page-commands.js';
import { as, enterBusStage, provideBus } from './private-bus.js';
import { NO_IPV6_TEST, startTunnel } from './tunnel.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 180_000 };
const COMMANDS = commandsIn(makePage(PAGES.find(({ name }) => name === 'org.miredo.5') ?? assert.fail()));
/** They go on until they are interrupted. */
const isMonitor = (command: string): boolean => /^(?:busctl monitor|gdbus monitor|dbus-monitor) /.test(command);

/** What a command is to print. */
const EXPECTED: readonly (readonly [command: RegExp, output: RegExp])[] = [
  [/introspect/, /QualificationChanged/],
  [/Client1 State$/, /^s "qualified"$/m],
  [/Client1 Address$/, /'2001:0:cb00:710a:/],
  [/GetAll/, /string "Ipv6Reachable"/],
  [/Statistics/, /"datagrams-in" : \d/],
  [/Start|Stop|Restart/, /^(?:\(\)\n|method return .*\n)?$/],
  [/AddServer|SetServer|RemoveServer/, /^(?:method return .*\n)?$/],
  [/gdbus.*ProbeServers/, /\('home', \{.*'reachable': <true>/],
  [/dbus-send.*ProbeServers/, /string "home"/],
  [/Diagnose/, /^a\(sssa\{sv\}\) \d+ "/],
];

test('there are calls by each program, and each is looked at', () => {
  for (const program of ['busctl', 'gdbus', 'dbus-send', 'dbus-monitor']) {
    assert.ok(
      COMMANDS.some((command) => command.startsWith(`${program} `)),
      program,
    );
  }
  for (const command of COMMANDS.filter((one) => !isMonitor(one))) {
    assert.ok(
      EXPECTED.some(([pattern]) => pattern.test(command)),
      command,
    );
  }
});

describe('on the bus', OPTIONS, () => {
  provideBus();

  test('in the order of the page', async (t) => {
    await startTunnel(t, NO_IPV6_TEST);
    for (const command of COMMANDS) {
      await t.test(command, async () => {
        if (isMonitor(command)) return monitors(command);
        const { code, stdout, stderr } = await as('root', 'bash', '-c', command);
        assert.equal(code, 0, stderr);
        assert.match(stdout, EXPECTED.find(([pattern]) => pattern.test(command))?.[1] ?? assert.fail());
      });
    }
  });
});

/** Sees a change: the tunnel is stopped and started until it does, as monitors do not tell when they have begun. */
async function monitors(command: string): Promise<void> {
  const monitor = new Running('bash', ['-c', `exec ${command}`], true);
  try {
    for (let tries = 0; tries < 50 && !/StateChanged/.test(monitor.stdout); tries += 1) {
      await as('root', 'bash', '-c', 'busctl call org.miredo /org/miredo org.miredo.Client1 Stop');
      await as(
        'root',
        'bash',
        '-c',
        "busctl call org.miredo /org/miredo org.miredo.Client1 Start 'a{sv}' 1 wait b true",
      );
    }
    await waitFor('the change', () => /StateChanged/.test(monitor.stdout) || undefined, { timeout: 5000 });
  } finally {
    monitor.signal('SIGKILL', true);
    await monitor.exited;
  }
}
