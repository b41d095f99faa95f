/** What a person reads when something cannot be done: what is wrong, and what to do about it. */
import type { Fault, FaultCode } from '../../dbus/fault.js';
import { printable } from './terminal.js';

/** The polkit action that Start, Stop and Restart ask for. */
export const CONTROL_ACTION = 'org.miredo.control';
export const SET_SERVER_ACTION = 'org.miredo.set-server';
export const CONFIGURE_ACTION = 'org.miredo.configure';
export const DIAGNOSE_ACTION = 'org.miredo.diagnose';
/** Of pkexec, by the path of its program. */
export const PREFER_ACTION = 'org.miredo.prefer';
/** Where an administrator allows it to others: polkit(8). */
export const POLKIT_RULES = '/etc/polkit-1/rules.d';

const REMEDIES: Partial<Record<FaultCode, string>> = {
  'no-bus': 'Start the bus (systemctl start dbus), then the daemon (systemctl start miredo).',
  'no-daemon': 'Start it: systemctl start miredo. If it does not stay, its log says why: journalctl -u miredo.',
  lost: 'See whether dbus and miredo still run: systemctl status dbus miredo.',
  'timed-out': 'The daemon is there and does not answer; see its log: journalctl -u miredo.',
  'no-such-server': 'Those that there are: miredoctl server list.',
  'not-running': 'Start it first: miredoctl start.',
  busy: 'Try again in a moment.',
  'not-understood': 'Daemon and miredoctl are of different versions; restart the daemon: systemctl restart miredo.',
};

const SENTENCES: Partial<Record<FaultCode, string>> = {
  'no-daemon': 'The miredo daemon is not on the system bus.',
  'not-authorised': 'This user may not do that.',
  'not-running': 'The tunnel is stopped.',
};

/** The daemon names in its text the action that it has asked polkit for. */
const ACTION = /\borg\.miredo\.[a-z-]+\b/;

const rightsRemedy = (sentence: string): string =>
  `It takes the polkit action ${ACTION.exec(sentence)?.[0] ?? CONTROL_ACTION}. ` +
  `Run it as root (sudo), from the active session of this machine, or have a rule in ${POLKIT_RULES} allow it.`;

/** One or two sentences, for standard error. `wasAsked`: there may have been a password, so the daemon says it better. */
export function complaint({ code, sentence }: Fault, wasAsked = false): string {
  const problem = (wasAsked && code === 'not-authorised' ? undefined : SENTENCES[code]) ?? printable(sentence);
  const ended = /[.!?]$/.test(problem) ? problem : `${problem}.`;
  const remedy = code === 'not-authorised' ? rightsRemedy(sentence) : REMEDIES[code];
  return [ended, remedy].filter((part) => part !== undefined).join(' ');
}
