/** Entries in journald's native protocol. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeEntry, JournalDestination } from '../../daemon/service/journal.js';
import type { LogRecord } from '../../daemon/service/log-record.js';
import { decodeEntry } from './journal-entry.js';
import { Receiver, sendByPython, temporaryFolder } from './log-sockets.js';

const IDENTITY = { program: 'miredo', facility: 'local3' } as const;
const RECORD: LogRecord = { level: 'warning', message: 'the server is silent', fields: {}, time: 0 };

test('an entry has what syslog has, and our fields with a prefix', () => {
  const fields = { STATE: 'qualified', ADDRESS: '2001:0:cb00:710a::1', MTU: 1280 };
  assert.deepEqual(decodeEntry(Buffer.from(encodeEntry(IDENTITY, { ...RECORD, fields }))), {
    MESSAGE: 'the server is silent',
    PRIORITY: '4',
    SYSLOG_IDENTIFIER: 'miredo',
    SYSLOG_FACILITY: '19',
    SYSLOG_PID: String(process.pid),
    MIREDO_STATE: 'qualified',
    MIREDO_ADDRESS: '2001:0:cb00:710a::1',
    MIREDO_MTU: '1280',
  });
});

test('a value of several lines follows its length', () => {
  const bytes = Buffer.from(encodeEntry(IDENTITY, { ...RECORD, fields: { STACK: 'Error\n  at ä' } }));
  assert.ok(bytes.includes('MIREDO_STACK\n\x0d\0\0\0\0\0\0\0Error\n  at ä\n'));
});

test('no value can become another field, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const entry = decodeEntry(Buffer.from(encodeEntry(IDENTITY, { ...RECORD, fields: { SERVER: value } })));
      assert.equal(Object.keys(entry).length, 6);
      assert.equal(Buffer.from(entry['MIREDO_SERVER'] ?? '').toString(), entry['MIREDO_SERVER']);
    }),
  );
});

test('a field with a name that journald refuses is left out, not the entry', () => {
  const fields = { lower: 1, 'A=B': 1, _TRUSTED: 1, '9A': 1, [`A${'B'.repeat(57)}`]: 1, GOOD_1: 1 };
  const entry = decodeEntry(Buffer.from(encodeEntry(IDENTITY, { ...RECORD, fields })));
  assert.deepEqual(Object.keys(entry).slice(5), ['MIREDO_GOOD_1']);
});

test('an entry arrives, and a socket without journald is a failure', async (t) => {
  const path = `${temporaryFolder(t)}/journal`;
  const destination = new JournalDestination(() => IDENTITY, sendByPython, path);
  assert.equal(destination.write(RECORD), 'failed');
  const journal = await Receiver.open(t, path);
  assert.equal(destination.write(RECORD), 'done');
  assert.equal(decodeEntry(await journal.next())['MESSAGE'], RECORD.message);
  await journal.close();
  assert.equal(destination.write(RECORD), 'failed');
});

test('an addon that cannot be loaded is a failure, not an exception', () => {
  const destination = new JournalDestination(
    () => IDENTITY,
    () => {
      throw new Error('no addon');
    },
  );
  assert.equal(destination.write(RECORD), 'failed');
});
