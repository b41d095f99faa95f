/** How a state of the tunnel is shown: shape, word and sentence. */
import { isBusy } from '../../dbus/snapshot.js';
import type { MessageKey, Translate } from '../shared/messages.js';
import { translateMaybe } from '../shared/messages.js';
import type { View } from '../shared/view.js';
import type { Mark } from './parts/state-mark.js';

export interface StateShown {
  readonly mark: Mark;
  /** One word or two. */
  readonly head: string;
  /** What it means for the user. */
  readonly plain: string;
  /** Why it is so, when the daemon says. */
  readonly reason: string | undefined;
  /** What to do about it. */
  readonly remedy: string | undefined;
}

const MARKS: Readonly<Record<string, Mark>> = {
  stopped: 'off',
  waiting: 'waiting',
  resolving: 'busy',
  qualifying: 'busy',
  qualified: 'good',
  failed: 'bad',
};

export function stateShown(view: View, say: Translate): StateShown {
  const { tunnel } = view;
  switch (tunnel.presence) {
    case 'connecting':
      return apart('busy', say('state.connecting'), say('plain.connecting'));
    case 'no-bus':
      return apart('absent', say('state.no-bus'), say('plain.no-bus'));
    case 'no-daemon':
      return tunnel.isActivatable
        ? apart('off', say('head.activatable'), say('plain.activatable'))
        : apart('absent', say('state.no-daemon'), say('plain.no-daemon'));
    case 'present':
      return ofDaemon(view, tunnel.snapshot.state, say);
  }
}

const apart = (mark: Mark, head: string, plain: string): StateShown => ({
  mark,
  head,
  plain,
  reason: undefined,
  remedy: undefined,
});

function ofDaemon(view: View, state: string, say: Translate): StateShown {
  const mark = Object.hasOwn(MARKS, state) ? MARKS[state] : undefined;
  const { locale } = view.environment;
  const cause = view.tunnel.presence === 'present' ? view.tunnel.snapshot.reason : undefined;
  const reason = cause === undefined ? undefined : (translateMaybe(locale, `reason.${cause.code}`) ?? cause.sentence);
  const remedy = cause === undefined ? undefined : translateMaybe(locale, `remedy.${cause.code}`);
  if (mark === undefined) {
    const plain = say('plain.busy', { state });
    return { mark: isBusy(state) ? 'busy' : 'off', head: say('head.busy'), plain, reason, remedy };
  }
  // Who stopped it needs no reason.
  const isPlain = state === 'stopped' && cause?.code === 'user';
  return {
    mark,
    head: say(`state.${state}` as MessageKey & `state.${keyof typeof MARKS & 'stopped'}`),
    plain: say(`plain.${state}` as MessageKey & 'plain.stopped'),
    reason: isPlain ? undefined : reason,
    remedy: isPlain ? undefined : remedy,
  };
}
