/** What has happened, in words. */
import type { LogEntry, LogKind } from '../shared/log-entry.js';
import { type MessageKey, type Translate, translateMaybe } from '../shared/messages.js';
import type { Locale, Task } from '../shared/view.js';
import type { Mark } from './mark.js';

type Cause = Extract<LogEntry, { kind: 'refusal' }>['reason'];

/** Kinds that are shown and filtered as one. */
export type EventGroup = 'state' | 'address' | 'server' | 'request' | 'connection' | 'notice';
export const GROUPS: readonly EventGroup[] = ['state', 'address', 'server', 'request', 'connection', 'notice'];

const GROUP_OF: Readonly<Record<LogKind, EventGroup>> = {
  bus: 'connection',
  daemon: 'connection',
  state: 'state',
  address: 'address',
  server: 'server',
  request: 'request',
  refusal: 'request',
  notice: 'notice',
};

export const groupOf = (entry: LogEntry): EventGroup => GROUP_OF[entry.kind];

export const GROUP_WORDS: { readonly [G in EventGroup]: MessageKey & `log.kind.${G}` } = {
  state: 'log.kind.state',
  address: 'log.kind.address',
  server: 'log.kind.server',
  request: 'log.kind.request',
  connection: 'log.kind.connection',
  notice: 'log.kind.notice',
};

const TASKS: { readonly [T in Task]: MessageKey & `task.${T}` } = {
  start: 'task.start',
  stop: 'task.stop',
  restart: 'task.restart',
  'set-server': 'task.set-server',
  'add-server': 'task.add-server',
  'remove-server': 'task.remove-server',
  probe: 'task.probe',
  diagnose: 'task.diagnose',
};

export function taskWords(task: Task, subject: string | undefined, say: Translate): string {
  const words = say(TASKS[task]);
  if (subject === undefined) return words;
  return say('log.subject', { task: words, subject: subject === 'auto' ? say('server.auto') : subject });
}

export const stateWord = (locale: Locale, state: string): string => translateMaybe(locale, `state.${state}`) ?? state;

const causeWords = (locale: Locale, { code, sentence }: Cause): string =>
  translateMaybe(locale, `reason.${code}`) ?? sentence;

/** Why a request was not granted. */
export function faultWords(locale: Locale, { code, sentence }: Cause): string {
  const words = translateMaybe(locale, `fault.${code}`);
  return words === undefined ? sentence : words.replace('{sentence}', () => sentence);
}

/** Those of which the user wants to know at a glance. */
export function markOf(entry: LogEntry): Mark | undefined {
  if (entry.kind === 'refusal') return 'bad';
  if (entry.kind === 'bus' || entry.kind === 'daemon') return entry.isPresent ? undefined : 'absent';
  if (entry.kind !== 'state') return undefined;
  return entry.state === 'qualified' ? 'good' : entry.state === 'failed' ? 'bad' : undefined;
}

/** Causes of another server that lie not with the one before. */
const NO_FAULTS: readonly string[] = ['user', 'configuration'];

export function eventWords(entry: LogEntry, locale: Locale, say: Translate): string {
  switch (entry.kind) {
    case 'bus':
      return say(entry.isPresent ? 'event.bus' : 'event.no-bus');
    case 'daemon':
      if (!entry.isPresent) return say('event.no-daemon');
      return entry.version === undefined
        ? say('event.daemon')
        : say('event.daemon-version', { version: entry.version });
    case 'state': {
      const words = say('event.state', { state: stateWord(locale, entry.state) });
      return entry.reason === undefined ? words : `${words} ${causeWords(locale, entry.reason)}`;
    }
    case 'address':
      return entry.address === undefined ? say('event.no-address') : say('event.address', { address: entry.address });
    case 'server': {
      const words = entry.server === undefined ? say('event.no-server') : say('event.server', { server: entry.server });
      // What went wrong with the one before. Who chose another needs no reason.
      if (entry.previous === undefined || NO_FAULTS.includes(entry.reason.code)) return words;
      return `${entry.previous}: ${causeWords(locale, entry.reason)} ${words}`;
    }
    case 'request':
      return say('event.request', { task: taskWords(entry.task, entry.subject, say) });
    case 'refusal':
      return say('event.refusal', {
        task: taskWords(entry.task, entry.subject, say),
        reason: faultWords(locale, entry.reason),
      });
    case 'notice':
      return say(`event.notice.${entry.notice}`);
  }
}
