/** The log of a detached program, with real sockets in the place of journald's and syslogd's. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openLog } from '../../daemon/service/log-open.js';
import { decodeEntry } from './journal-entry.js';
import { Receiver, sendByPython, temporaryFolder } from './log-sockets.js';

function open(t: TestContext) {
  const folder = temporaryFolder(t);
  const sockets = { journal: `${folder}/journal`, syslog: `${folder}/log` };
  const logger = openLog({ program: 'miredo', foreground: false, send: sendByPython, sockets });
  return { ...sockets, logger };
}

const messageOf = async (receiver: Receiver): Promise<string | undefined> =>
  decodeEntry(await receiver.next())['MESSAGE'];

test('goes to journald when there is one, and to the system log when not', async (t) => {
  const { logger, ...sockets } = open(t);
  const syslog = await Receiver.open(t, sockets.syslog);
  logger.log('warning', 'to syslog');
  assert.match((await syslog.next()).toString(), /^<28>\w{3} [ \d]\d [\d:]{8} miredo\[\d+\]: to syslog$/);
  const journal = await Receiver.open(t, sockets.journal);
  logger.log('warning', 'to journald', { SERVER: '192.0.2.1' });
  assert.equal(decodeEntry(await journal.next())['MIREDO_SERVER'], '192.0.2.1');
  await journal.close();
  logger.log('warning', 'to syslog again');
  assert.match((await syslog.next()).toString(), /to syslog again$/);
});

test('level and facility change while it runs', async (t) => {
  const { logger, ...sockets } = open(t);
  const journal = await Receiver.open(t, sockets.journal);
  logger.log('debug', 'unheard');
  logger.setLevel('debug');
  logger.setFacility('local5');
  logger.log('debug', 'details');
  const entry = decodeEntry(await journal.next());
  assert.deepEqual([entry['MESSAGE'], entry['PRIORITY'], entry['SYSLOG_FACILITY']], ['details', '7', '21']);
  logger.setLevel('error');
  logger.log('warning', 'unheard');
  logger.log('error', 'bad');
  assert.equal(await messageOf(journal), 'bad');
});

test('the text is no format, and reaches the log whole', async (t) => {
  const { logger, ...sockets } = open(t);
  const journal = await Receiver.open(t, sockets.journal);
  logger.log('error', '%s %d %j %% %o \x1b[2J{}"');
  assert.equal(await messageOf(journal), '%s %d %j %% %o \\x1b[2J{}"');
});

test('repeats are counted', async (t) => {
  const { logger, ...sockets } = open(t);
  const journal = await Receiver.open(t, sockets.journal);
  for (let n = 0; n < 100; n++) logger.log('warning', 'again');
  logger.log('warning', 'other');
  assert.equal(await messageOf(journal), 'again');
  assert.equal(await messageOf(journal), 'last message repeated 99 times');
  assert.equal(await messageOf(journal), 'other');
});

test('a log that is slow gets everything in order once it reads', async (t) => {
  const { logger, ...sockets } = open(t);
  const journal = await Receiver.open(t, sockets.journal, 'deaf');
  const syslog = await Receiver.open(t, sockets.syslog);
  const before = journal.fill();
  assert.ok(before > 0);
  for (const message of ['one', 'two', 'three']) logger.log('warning', message);
  journal.listen();
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  for (let n = 0; n < before; n++) await journal.next();
  for (const message of ['one', 'two', 'three']) assert.equal(await messageOf(journal), message);
  await journal.close();
  logger.log('warning', 'for syslog');
  assert.match((await syslog.next()).toString(), /for syslog$/);
});

test('who waits for the start hears warnings and errors until it is over', async (t) => {
  const { logger } = open(t);
  const lines: string[] = [];
  logger.echo((line) => lines.push(line));
  logger.log('notice', 'starting');
  logger.log('warning', 'odd\n');
  logger.log('error', 'bad');
  logger.echo(undefined);
  logger.log('error', 'later');
  assert.deepEqual(lines, ['miredo: warning: odd', 'miredo: error: bad']);
});
