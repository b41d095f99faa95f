/** How a state of the tunnel is shown: shape, word and sentence. */
import type { Snapshot } from '../../dbus/snapshot.js';
import { CATALOGUES, type MessageKey, type Translate, translateMaybe } from '../shared/messages.js';
import type { Locale, View } from '../shared/view.js';
import type { Mark } from './mark.js';
import type { Paragraphs } from './parts/room.js';

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
  /** A command line that does it. */
  readonly command?: string;
}

type Word = 'stopped' | 'waiting' | 'resolving' | 'qualifying' | 'qualified' | 'failed';
type Words = { readonly [W in Word]: readonly [Mark, MessageKey & `state.${W}`, MessageKey & `plain.${W}`] };

const WORDS: Words = {
  stopped: ['off', 'state.stopped', 'plain.stopped'],
  waiting: ['waiting', 'state.waiting', 'plain.waiting'],
  resolving: ['busy', 'state.resolving', 'plain.resolving'],
  qualifying: ['busy', 'state.qualifying', 'plain.qualifying'],
  qualified: ['good', 'state.qualified', 'plain.qualified'],
  failed: ['bad', 'state.failed', 'plain.failed'],
};

const isKnown = (state: string): state is Word => Object.hasOwn(WORDS, state);

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
        : { ...apart('absent', say('state.no-daemon'), say('plain.no-daemon')), command: 'systemctl start miredo' };
    case 'present':
      return ofDaemon(view, tunnel.snapshot, say);
  }
}

const apart = (mark: Mark, head: string, plain: string): StateShown => ({
  mark,
  head,
  plain,
  reason: undefined,
  remedy: undefined,
});

function ofDaemon({ environment: { locale } }: View, snapshot: Snapshot, say: Translate): StateShown {
  const { state, reason: cause, isIpv6Reachable } = snapshot;
  // Who stopped it needs no reason.
  const isPlain = cause === undefined || (state === 'stopped' && cause.code === 'user');
  const reason = isPlain ? undefined : (translateMaybe(locale, `reason.${cause.code}`) ?? cause.sentence);
  const remedy = isPlain ? undefined : translateMaybe(locale, `remedy.${cause.code}`);
  if (!isKnown(state))
    return { mark: 'busy', head: say('head.busy'), plain: say('plain.busy', { state }), reason, remedy };
  if (state === 'qualified' && isIpv6Reachable === false) {
    return { mark: 'limited', head: say('state.qualified'), plain: say('plain.limited'), reason, remedy };
  }
  const [mark, head, plain] = WORDS[state];
  return { mark, head: say(head), plain: say(plain), reason, remedy };
}

const startingWith = (start: string, locale: Locale): readonly (readonly [key: string, text: string])[] =>
  Object.entries(CATALOGUES[locale]).filter(([key]) => key.startsWith(start));

/** What stands above in any state, with a line below it: the room for it is kept free. */
export const heads = (locale: Locale): readonly Paragraphs[] =>
  [...startingWith('state.', locale), ...startingWith('head.', locale)].map(([, head]) => [head, '']);

/** The same for what is said of a state, and below that. */
export function sentences(locale: Locale): readonly Paragraphs[] {
  const below = [CATALOGUES[locale]['pending.asked'], CATALOGUES[locale]['hint.denied']];
  const plain = startingWith('plain.', locale).map(([, text]) => text);
  const reasons = startingWith('reason.', locale).map(([key, text]) => {
    const remedy = translateMaybe(locale, key.replace('reason.', 'remedy.'));
    return { text, below: remedy === undefined ? plain : [remedy] };
  });
  return [
    ...plain.flatMap((first) => below.map((second) => [first, second] as const)),
    ...reasons.flatMap(({ text, below: more }) => [...below, ...more].map((second) => [text, second] as const)),
  ];
}
