/**
 * Whether a caller may do something: polkit knows. It is asked anew each time, about the caller's unique name on the
 * bus, which is never given to another (a process id would be); root needs no polkit, so without it only root may.
 */
import type { BusConnection, ErrorReply, Reply } from '../../../dbus/connection.js';
import { NO_REPLY_EXPECTED } from '../../../dbus/message.js';
import { QuestionLines } from './question-lines.js';

const POLKIT = {
  destination: 'org.freedesktop.PolicyKit1',
  path: '/org/freedesktop/PolicyKit1/Authority',
  interface: 'org.freedesktop.PolicyKit1.Authority',
} as const;

const ALLOW_USER_INTERACTION = 1;
/** Milliseconds for polkit to answer by itself, and for a person to find the password. */
const PROMPT_TIMEOUT = 20_000;
const PASSWORD_TIMEOUT = 5 * 60_000;

/** What polkit says beside its verdict. */
type Details = Readonly<Record<string, string>>;

/** See polkit/org.miredo.policy. */
export type Action = 'org.miredo.control' | 'org.miredo.set-server' | 'org.miredo.configure' | 'org.miredo.diagnose';

export interface Caller {
  /** Unique name on the bus. */
  readonly name: string;
  /** Whether a password may be asked for. */
  readonly isInteractive: boolean;
}

const linesOf = new WeakMap<BusConnection, QuestionLines>();
let questions = 0;

export async function refusal(
  connection: BusConnection,
  caller: Caller,
  action: Action,
): Promise<ErrorReply | undefined> {
  const user = await connection.callBus('GetConnectionUnixUser', 's', [caller.name]);
  if (!user.ok) return denied('The caller is gone.');
  if (user.values[0] === 0) return undefined;
  const lines = linesOf.get(connection) ?? new QuestionLines();
  linesOf.set(connection, lines);
  // Who has not found the password yet does not hold up what needs none.
  const line = `${user.values[0]} ${caller.isInteractive}`;
  const verdict = await lines.take(line, () => askPolkit(connection, caller, action));
  if (verdict !== undefined) return verdict;
  // Whoever left while polkit thought about it does not want it any more.
  const isThere = await connection.callBus('NameHasOwner', 's', [caller.name]);
  return isThere.ok && isThere.values[0] === true ? undefined : denied('The caller is gone.');
}

async function askPolkit(
  connection: BusConnection,
  { name, isInteractive }: Caller,
  action: Action,
): Promise<ErrorReply | undefined> {
  const answer = await check(connection, name, action, isInteractive);
  if (!answer.ok) return denied(`Only root may do this: polkit cannot be asked (${answer.name}).`);
  const [isAuthorized, isChallenge, details] = answer.values[0] as readonly [boolean, boolean, Details];
  if (isAuthorized === true) return undefined;
  if (details['polkit.dismissed'] !== undefined) return dismissed(action);
  if (isInteractive) return denied(`polkit does not allow this, or the password was wrong (${action}).`);
  if (!isChallenge) return denied(`polkit does not allow this (${action}).`);
  return {
    ok: false,
    name: 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired',
    text: `A password is needed (${action}): call again and allow interactive authorisation.`,
  };
}

/** A question that is not answered in time is taken back: the bus would count it for ever. */
async function check(connection: BusConnection, name: string, action: Action, isInteractive: boolean): Promise<Reply> {
  questions += 1;
  const id = `miredo-${questions}`;
  const subject = ['system-bus-name', { name: { signature: 's', value: name } }];
  const answer = await connection.call({
    ...POLKIT,
    member: 'CheckAuthorization',
    signature: '(sa{sv})sa{ss}us',
    values: [subject, action, {}, isInteractive ? ALLOW_USER_INTERACTION : 0, id],
    timeout: isInteractive ? PASSWORD_TIMEOUT : PROMPT_TIMEOUT,
  });
  if (!answer.ok && answer.name === 'org.freedesktop.DBus.Error.NoReply') {
    const member = 'CancelCheckAuthorization';
    void connection.call({ ...POLKIT, member, signature: 's', values: [id], flags: NO_REPLY_EXPECTED });
  }
  return answer;
}

/** Who closed the question for the password has changed his mind: that is no fault. */
const dismissed = (action: Action): ErrorReply => ({
  ok: false,
  name: 'org.miredo.Error.Dismissed',
  text: `The question for a password was cancelled (${action}).`,
});

const denied = (text: string): ErrorReply => ({ ok: false, name: 'org.freedesktop.DBus.Error.AccessDenied', text });
