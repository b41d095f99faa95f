/** The tunnel's state in plain words, the same in tooltip, menu, window, notifications and report. */
import type { Fault } from '../../dbus/fault.js';
import type { Reason } from '../../dbus/snapshot.js';
import { type Translate, translateMaybe, translator } from './messages.js';
import type { Locale, Tunnel } from './view.js';

/** The states of the daemon, and those of not hearing it. */
export function stateWord(tunnel: Tunnel, locale: Locale): string {
  const word = tunnel.presence === 'present' ? tunnel.snapshot.state : tunnel.presence;
  return stateWordOf(word, locale);
}

export const stateWordOf = (state: string, locale: Locale): string =>
  translateMaybe(locale, `state.${state}`) ?? translator(locale)('state.unknown', { state });

/** The daemon speaks English, and knows more than the code says; other languages have what the code says. */
export function reasonSentence({ code, sentence }: Reason, locale: Locale): string {
  const own = translateMaybe(locale, `reason.${code}`);
  return (locale === 'en' ? sentence || own : own || sentence) || code;
}

/** One sentence for the whole: the state, and why. */
export function statusSentence(tunnel: Tunnel, locale: Locale): string {
  const word = stateWord(tunnel, locale);
  if (tunnel.presence !== 'present') return word;
  const { state, reason, isIpv6Reachable } = tunnel.snapshot;
  if (state === 'qualified' && isIpv6Reachable === false) return translator(locale)('tray.ipv6-unreachable');
  return reason === undefined || state === 'qualified' ? word : `${word}: ${reasonSentence(reason, locale)}`;
}

/** What to do about it; undefined when there is nothing to do, or nothing known. */
export function remedyFor(tunnel: Tunnel, locale: Locale): string | undefined {
  if (tunnel.presence === 'no-daemon') return translator(locale)('tray.start-the-daemon-yourself');
  if (tunnel.presence !== 'present' || tunnel.snapshot.state === 'qualified') return undefined;
  return translateMaybe(locale, `remedy.${tunnel.snapshot.reason?.code ?? ''}`);
}

export function faultSentence({ code, sentence }: Fault, translate: Translate): string {
  if (code === 'refused' || code === 'failed') return translate(`fault.${code}`, { sentence });
  return translate(`fault.${code}`);
}
