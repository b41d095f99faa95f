/** The system log as a destination: /dev/log, in the form that syslog(3) writes there (RFC 3164 §4.1, without host). */
import type { SyslogFacility } from '../config/values.js';
import {
  type Destination,
  type LogRecord,
  type Outcome,
  PRIORITY,
  type SendDatagram,
  sendRecord,
} from './log-record.js';

export type { SyslogFacility } from '../config/values.js';

export const SYSLOG_SOCKET = '/dev/log';

/** RFC 3164 §4.1.1, table 1. */
export const FACILITY_CODE: Readonly<Record<SyslogFacility, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

export interface SyslogIdentity {
  readonly program: string;
  readonly facility: SyslogFacility;
}

/** `<PRI>Mmm dd hh:mm:ss tag[pid]: message`, in local time. */
export function formatSyslog({ program, facility }: SyslogIdentity, { level, message, time }: LogRecord): string {
  const priority = FACILITY_CODE[facility] * 8 + PRIORITY[level];
  return `<${priority}>${formatTime(new Date(time))} ${program}[${process.pid}]: ${message}`;
}

/** As ctime(3) has it: the day of the month is padded with a blank. */
function formatTime(time: Date): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()];
  const digits = clock.map((part) => String(part).padStart(2, '0')).join(':');
  return `${MONTHS[time.getMonth()]} ${String(time.getDate()).padStart(2, ' ')} ${digits}`;
}

export class SyslogDestination implements Destination {
  readonly #identity: () => SyslogIdentity;
  readonly #send: SendDatagram;
  readonly #path: string;

  constructor(identity: () => SyslogIdentity, send: SendDatagram, path: string = SYSLOG_SOCKET) {
    this.#identity = identity;
    this.#send = send;
    this.#path = path;
  }

  write(record: LogRecord): Outcome {
    return sendRecord(this.#send, this.#path, Buffer.from(formatSyslog(this.#identity(), record)));
  }
}
