/** How miredoctl ends: scripts ask with it. Never renumbered. */

import type { Fault, FaultCode } from '../../dbus/fault.js';
import type { Snapshot } from '../../dbus/snapshot.js';

export const EXIT = {
  /** Qualified, or what was asked for is done. */
  ok: 0,
  failure: 1,
  usage: 2,
  stopped: 3,
  /** Waiting, resolving or qualifying. */
  busy: 4,
  failed: 5,
  noDaemon: 6,
  notAuthorised: 7,
  /** Of `server probe`. */
  noAnswer: 8,
  /** Of `diagnose`. */
  faultFound: 9,
  noSuchServer: 10,
  /** Of `prefer status`. */
  notPreferred: 11,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A sentence for each, for --help and the manual. */
export const EXIT_SENTENCES: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'the tunnel is qualified, or what was asked for is done',
  failure: 'something else went wrong; it is told',
  usage: 'the command line is wrong',
  stopped: 'the tunnel is stopped',
  busy: 'the tunnel is on its way: waiting, resolving or qualifying',
  failed: 'the tunnel has failed, and will be tried again',
  noDaemon: 'there is no daemon, or no system bus',
  notAuthorised: 'this user may not do that, or the password was wrong',
  noAnswer: 'none of the servers that were asked answers',
  faultFound: 'the diagnosis has found something that keeps the tunnel from working',
  noSuchServer: 'the list has no server of that name',
  notPreferred: 'programs use IPv4 before the tunnel',
};

export function exitCodeOfState(state: Snapshot['state']): ExitCode {
  if (state === 'qualified') return EXIT.ok;
  if (state === 'stopped') return EXIT.stopped;
  if (state === 'failed') return EXIT.failed;
  return EXIT.busy;
}

const OF_FAULTS: Partial<Record<FaultCode, ExitCode>> = {
  'no-bus': EXIT.noDaemon,
  'no-daemon': EXIT.noDaemon,
  lost: EXIT.noDaemon,
  'not-authorised': EXIT.notAuthorised,
  dismissed: EXIT.notAuthorised,
  'not-running': EXIT.stopped,
  'no-such-server': EXIT.noSuchServer,
};

export const exitCodeOfFault = ({ code }: Fault): ExitCode => OF_FAULTS[code] ?? EXIT.failure;
