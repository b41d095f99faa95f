/** What a signal on the bus says of the machine's sleep, for who knows whose signal it is (org.freedesktop.login1(5)). */
import type { Incoming } from '../../../dbus/message.js';

export const LOGIND = {
  destination: 'org.freedesktop.login1',
  path: '/org/freedesktop/login1',
  interface: 'org.freedesktop.login1.Manager',
} as const;
const BUS = 'org.freedesktop.DBus';

/** Of the bus: only what matches is sent to us. */
export const SLEEP_RULES: readonly string[] = [
  `type='signal',sender='${LOGIND.destination}',path='${LOGIND.path}',interface='${LOGIND.interface}',member='PrepareForSleep'`,
  `type='signal',sender='${BUS}',interface='${BUS}',member='NameOwnerChanged',arg0='${LOGIND.destination}'`,
];

export type SleepSignal =
  /** true: it is about to sleep; false: it is awake again, or does not sleep after all. */
  | { readonly type: 'prepare'; readonly isAsleep: boolean }
  /** Unique name of who is logind from now on. */
  | { readonly type: 'owner'; readonly owner: string | undefined };

/**
 * undefined when it is something else, or not from `owner`, who is logind now: a match rule holds off others' broadcasts,
 * and not what is addressed to us.
 */
export function readSleepSignal(message: Incoming, owner: string | undefined): SleepSignal | undefined {
  const { sender, member, interface: name, signature } = message;
  if (sender === BUS && name === BUS && member === 'NameOwnerChanged' && signature === 'sss') {
    const [changed, , next] = message.values() ?? [];
    if (changed !== LOGIND.destination) return undefined;
    return { type: 'owner', owner: typeof next === 'string' && next !== '' ? next : undefined };
  }
  if (owner === undefined || sender !== owner || message.path !== LOGIND.path) return undefined;
  if (name !== LOGIND.interface || member !== 'PrepareForSleep' || signature !== 'b') return undefined;
  const [isAsleep] = message.values() ?? [];
  return typeof isAsleep === 'boolean' ? { type: 'prepare', isAsleep } : undefined;
}
