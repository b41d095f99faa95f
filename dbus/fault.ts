/** What can go wrong between a program and the daemon, as values. The D-Bus error's name is kept to the last reader. */

export type FaultCode =
  /** There is no bus to speak to. */
  | 'no-bus'
  /** Nobody owns the daemon's name, or could be started for it. */
  | 'no-daemon'
  /** The bus or the daemon ended, or the call's limit passed, before the answer came. */
  | 'lost'
  | 'timed-out'
  | 'not-authorised'
  /** The user closed the question for the password. */
  | 'dismissed'
  | 'not-running'
  | 'busy'
  /** The daemon does not take this argument. */
  | 'refused'
  /** The list has no server of that name. */
  | 'no-such-server'
  /** The daemon is of a version that does not know the call. */
  | 'not-understood'
  | 'failed';

export interface Fault {
  readonly code: FaultCode;
  /** Of the D-Bus error; empty when the fault is not one. */
  readonly name: string;
  readonly sentence: string;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

export const done = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const fault = (code: FaultCode, sentence: string, name = ''): { readonly ok: false; readonly fault: Fault } => ({
  ok: false,
  fault: { code, name, sentence },
});

const CODES: Readonly<Record<string, FaultCode>> = {
  'org.freedesktop.DBus.Error.ServiceUnknown': 'no-daemon',
  'org.freedesktop.DBus.Error.NameHasNoOwner': 'no-daemon',
  'org.freedesktop.DBus.Error.NoReply': 'lost',
  'org.freedesktop.DBus.Error.Disconnected': 'lost',
  'org.freedesktop.DBus.Error.Timeout': 'timed-out',
  'org.freedesktop.DBus.Error.TimedOut': 'timed-out',
  'org.freedesktop.DBus.Error.AccessDenied': 'not-authorised',
  'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired': 'not-authorised',
  'org.freedesktop.DBus.Error.InvalidArgs': 'refused',
  'org.freedesktop.DBus.Error.UnknownMethod': 'not-understood',
  'org.freedesktop.DBus.Error.UnknownInterface': 'not-understood',
  'org.freedesktop.DBus.Error.UnknownObject': 'not-understood',
  'org.miredo.Error.Dismissed': 'dismissed',
  'org.miredo.Error.NotRunning': 'not-running',
  'org.miredo.Error.Busy': 'busy',
  'org.miredo.Error.InvalidServer': 'refused',
  'org.miredo.Error.NoSuchServer': 'no-such-server',
};

/** `Spawn.ExecFailed` and its kin: the bus was to start the daemon, and could not. */
const SPAWN = 'org.freedesktop.DBus.Error.Spawn.';

export function faultOfError(name: string, text: string): { readonly ok: false; readonly fault: Fault } {
  const code = CODES[name] ?? (name.startsWith(SPAWN) ? 'no-daemon' : 'failed');
  return fault(code, text === '' ? name : text, name);
}
