/** What a person reads when something cannot be done: what is wrong, and what to do about it. */
import type { Fault, FaultCode } from '../../dbus/fault.js';
import { printable } from './terminal.js';

/** The polkit action that Start, Stop and Restart ask for. */
export const CONTROL_ACTION = 'org.miredo.control';
/** Where an administrator allows it to others: polkit(8). */
export const POLKIT_RULES = '/etc/polkit-1/rules.d';

const REMEDIES: Partial<Record<FaultCode, string>> = {
  'no-bus': 'Start the bus (systemctl start dbus), then the daemon (systemctl start miredo).',
  'no-daemon': 'Start it: systemctl start miredo. If it does not stay, its log says why: journalctl -u miredo.',
  lost: 'See whether dbus and miredo still run: systemctl status dbus miredo.',
  'timed-out': 'The daemon is there and does not answer; see its log: journalctl -u miredo.',
  'not-authorised':
    `It takes the polkit action ${CONTROL_ACTION}. ` +
    `Run it as root (sudo), from the active session of this machine, or have a rule in ${POLKIT_RULES} allow it.`,
  'not-running': 'Start it first: miredoctl start.',
  busy: 'Try again in a moment.',
  'not-understood': 'Daemon and miredoctl are of different versions; restart the daemon: systemctl restart miredo.',
};

const SENTENCES: Partial<Record<FaultCode, string>> = {
  'no-daemon': 'The miredo daemon is not on the system bus.',
  'not-authorised': 'This user may not do that.',
  'not-running': 'The tunnel is stopped.',
};

/** One or two sentences, for standard error. */
export function complaint({ code, sentence }: Fault): string {
  const problem = SENTENCES[code] ?? printable(sentence);
  const ended = /[.!?]$/.test(problem) ? problem : `${problem}.`;
  return [ended, REMEDIES[code]].filter((part) => part !== undefined).join(' ');
}
