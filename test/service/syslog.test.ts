/** Lines for /dev/log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facility } from '../../daemon/config/values.js';
import type { Level, LogRecord } from '../../daemon/service/log-record.js';
import { FACILITY_CODE, formatSyslog, SyslogDestination, type SyslogFacility } from '../../daemon/service/syslog.js';
import { Receiver, sendByPython, temporaryFolder } from './log-sockets.js';

const TIME = Date.UTC(2026, 0, 5, 21, 4, 9);
const RECORD: LogRecord = { level: 'notice', message: 'qualified', fields: { A: 1 }, time: TIME };

function inZone(zone: string, run: () => void): void {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  try {
    run();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

test('priority, local time, program and pid stand before the message', () => {
  const identity = { program: 'miredo', facility: 'daemon' } as const;
  const tag = `miredo[${process.pid}]: qualified`;
  inZone('UTC', () => assert.equal(formatSyslog(identity, RECORD), `<29>Jan  5 21:04:09 ${tag}`));
  inZone('Asia/Kolkata', () => assert.equal(formatSyslog(identity, RECORD), `<29>Jan  6 02:34:09 ${tag}`));
});

test('the priority is the facility times eight and the level', () => {
  const cases: [SyslogFacility, Level, number][] = [
    ['kern', 'error', 3],
    ['user', 'warning', 12],
    ['daemon', 'info', 30],
    ['local0', 'debug', 135],
    ['local7', 'notice', 189],
  ];
  for (const [name, level, priority] of cases) {
    const line = formatSyslog({ program: 'p', facility: name }, { ...RECORD, level });
    assert.ok(line.startsWith(`<${priority}>`), line);
  }
});

test('every facility of the configuration has a code', () => {
  for (const name of Object.keys(FACILITY_CODE)) assert.ok(facility(name).ok, name);
});

test('a line arrives, and a socket without a syslogd is a failure', async (t) => {
  const path = `${temporaryFolder(t)}/log`;
  const destination = new SyslogDestination(() => ({ program: 'miredo', facility: 'user' }), sendByPython, path);
  assert.equal(destination.write(RECORD), 'failed');
  const syslogd = await Receiver.open(t, path);
  assert.equal(destination.write(RECORD), 'done');
  assert.match((await syslogd.next()).toString(), /^<13>Jan {2}[56] [\d:]{8} miredo\[\d+\]: qualified$/);
});
