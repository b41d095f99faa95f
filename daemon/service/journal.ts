/**
 * journald as a destination, with fields. A datagram is one entry, made of `NAME=value` lines; a value that has lines
 * of its own follows its name and its length (64 bits, little-endian) instead. See systemd's documentation of the
 * native journal protocol, https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.
 */
import {
  type Destination,
  type Fields,
  type LogRecord,
  type Outcome,
  PRIORITY,
  type SendDatagram,
  sendRecord,
} from './log-record.js';
import { manyLines } from './log-text.js';
import { FACILITY_CODE, type SyslogFacility } from './syslog.js';

export const JOURNAL_SOCKET = '/run/systemd/journal/socket';

/** Before each field of ours; with it a name has the 64 characters that journald takes. */
const PREFIX = 'MIREDO_';
const FIELD_NAME = /^[A-Z][A-Z0-9_]{0,56}$/;

export interface JournalIdentity {
  readonly program: string;
  readonly facility: SyslogFacility;
}

/** One entry; fields with a name that journald would refuse are left out, since it would drop the whole entry. */
export function encodeEntry(identity: JournalIdentity, record: LogRecord): Uint8Array {
  return Buffer.concat([
    encodeField('MESSAGE', record.message),
    encodeField('PRIORITY', String(PRIORITY[record.level])),
    encodeField('SYSLOG_IDENTIFIER', identity.program),
    encodeField('SYSLOG_FACILITY', String(FACILITY_CODE[identity.facility])),
    encodeField('SYSLOG_PID', String(process.pid)),
    ...encodeOwn(record.fields),
  ]);
}

function encodeOwn(fields: Fields): Uint8Array[] {
  const valid = Object.entries(fields).filter(([name]) => FIELD_NAME.test(name));
  return valid.map(([name, value]) => encodeField(PREFIX + name, manyLines(String(value))));
}

function encodeField(name: string, value: string): Uint8Array {
  if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}

export class JournalDestination implements Destination {
  readonly #identity: () => JournalIdentity;
  readonly #send: SendDatagram;
  readonly #path: string;

  constructor(identity: () => JournalIdentity, send: SendDatagram, path: string = JOURNAL_SOCKET) {
    this.#identity = identity;
    this.#send = send;
    this.#path = path;
  }

  write(record: LogRecord): Outcome {
    return sendRecord(this.#send, this.#path, encodeEntry(this.#identity(), record));
  }
}
