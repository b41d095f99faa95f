/** The address to bind to is not there yet when systemd starts the program, as at boot before DHCP: it waits for it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Receiver, temporaryFolder } from '../service/log-sockets.js';
import { ip } from '../support/tun.js';
import { enterStage, PRIMARY, type ProgramName, picture, type Running, Stage } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url), timeout: 30_000 };
const LATE = '198.51.100.7';
const OTHER = '198.51.100.8';
const WAITING = new RegExp(`Cannot bind UDP port \\d+ of ${LATE}: no interface of this host has .* It starts when one`);

async function underSystemd(t: TestContext, start: () => Running): Promise<readonly [Running, Receiver]> {
  const systemd = await Receiver.open(t, `${temporaryFolder(t)}/notify`);
  process.env['NOTIFY_SOCKET'] = systemd.path;
  try {
    return [start(), systemd];
  } finally {
    delete process.env['NOTIFY_SOCKET'];
  }
}

/** The first message that matches. */
async function heard(systemd: Receiver, pattern: RegExp): Promise<string> {
  for (;;) {
    const message = (await systemd.next()).toString();
    if (pattern.test(message)) return message;
  }
}

function addAddress(t: TestContext, address: string): void {
  ip('address', 'add', `${address}/32`, 'dev', 'eth0');
  t.after(() => ip('address', 'delete', `${address}/32`, 'dev', 'eth0'));
}

const CASES: readonly (readonly [role: string, ProgramName, config: string, works: RegExp, status: RegExp])[] = [
  ['a server', 'miredo-server', `ServerBindAddress ${PRIMARY}\nServerBindAddress2 ${LATE}\n`, /serving on/, /=server$/],
  ['a relay', 'miredo', `RelayType relay\nBindAddress ${LATE}\n`, /relaying /, /=relay$/],
  ['a client', 'miredo', `ServerAddress ${PRIMARY}\nBindAddress ${LATE}\n`, /qualified: /, /=qualified: /],
];

for (const [role, program, config, works, status] of CASES) {
  test(`${role} is up without it, says what it waits for, and works when it comes`, OPTIONS, async (t) => {
    const stage = new Stage(t);
    if (role === 'a client') await stage.startServer();
    const before = picture();
    const [running, systemd] = await underSystemd(t, () => stage.start(program, { config }));
    assert.match(await heard(systemd, /READY=1/), /\nSTATUS=waiting: Cannot bind/);
    assert.match(await running.line(WAITING), /: warning: waiting: /);
    assert.equal(picture(), before, 'nothing is made for it yet');
    addAddress(t, OTHER);
    addAddress(t, LATE);
    await running.line(works);
    await heard(systemd, status);
    assert.equal((await running.stop()).code, 0);
    assert.equal(running.lines.filter((line) => WAITING.test(line)).length, 1, running.lines.join('\n'));
  });
}

test('a new configuration is taken instead, be it that its address is not there either', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const config = `RelayType relay\nBindAddress ${LATE}\n`;
  const [running, systemd] = await underSystemd(t, () => stage.start('miredo', { config }));
  await heard(systemd, /READY=1/);
  const reload = async (address: string): Promise<string> => {
    writeFileSync(stage.configOf(running), `RelayType relay\nBindAddress ${address}\n`);
    running.signal('SIGHUP');
    return heard(systemd, /READY=1/);
  };
  assert.match(await reload(OTHER), new RegExp(`STATUS=waiting: .* of ${OTHER}: `));
  assert.equal(await reload(PRIMARY), 'READY=1\nSTATUS=relay');
  await running.line(/relaying /);
  await running.stop();
});
