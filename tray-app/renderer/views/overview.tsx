/** What is, in plain words, and what can be done about it. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Snapshot } from '../../../dbus/snapshot.js';
import type { Translate } from '../../shared/messages.js';
import { toggleOf } from '../../shared/tray-model.js';
import { isPending, snapshotIn, type Task, type View } from '../../shared/view.js';
import { useApp } from '../app-context.js';
import { Button } from '../parts/button.js';
import { CopyButton } from '../parts/copy-button.js';
import { Room } from '../parts/room.js';
import { StateMark } from '../parts/state-mark.js';
import { useNow } from '../parts/use-now.js';
import { heads, type StateShown, sentences, stateShown } from '../state-shown.js';
import { Details } from './details.js';
import { TwoFacts } from './two-facts.js';

const CONTROLS: readonly Task[] = ['start', 'stop', 'restart'];

export function Overview(): JSX.Element {
  return (
    <div class="view">
      <Hero />
      <TwoFacts />
      <Details />
    </div>
  );
}

function Hero(): JSX.Element {
  const { view, say } = useApp();
  const { locale } = view.environment;
  const shown = stateShown(view, say);
  // The same until the language changes: not gathered and compared anew with each change of the tunnel.
  const roomForHead = useMemo(() => <Room texts={heads(locale)} />, [locale]);
  const roomForSentences = useMemo(() => <Room texts={sentences(locale)} />, [locale]);
  return (
    <section class="card hero" aria-labelledby="state">
      <div class="hero-mark">
        <StateMark mark={shown.mark} size={52} />
      </div>
      <div class="hero-text">
        <div>
          <h1 id="state">{shown.head}</h1>
          <Since snapshot={snapshotIn(view)} />
        </div>
        {roomForHead}
      </div>
      <Controls />
      <div class="hero-plain">
        <div>
          <p class="foreign">{shown.reason ?? shown.plain}</p>
          {shown.command === undefined ? (
            <p class="soft foreign">{noteOf(view, shown, say)}</p>
          ) : (
            <p class="hero-command">
              <code class="mono selectable">{shown.command}</code>
              <CopyButton text={shown.command} label={say('diagnosis.copy-command')} />
            </p>
          )}
        </div>
        {roomForSentences}
      </div>
    </section>
  );
}

/** What the user should know beside the state. */
function noteOf(view: View, { reason, plain, remedy }: StateShown, say: Translate): string {
  if (isPending(view, ...CONTROLS)) return say('pending.asked');
  if (CONTROLS.some((task) => view.denied.includes(task))) return say('hint.denied');
  return remedy ?? (reason === undefined ? '' : plain);
}

function Since({ snapshot }: { readonly snapshot: Snapshot | undefined }): JSX.Element {
  const { say, figures } = useApp();
  const now = useNow();
  const since = snapshot?.since;
  return (
    <p class="since soft figure">
      {since !== undefined &&
        say('since.at', { moment: figures.moment(since, now), duration: figures.duration(now - since) })}
    </p>
  );
}

function Controls(): JSX.Element {
  const { view, say, act } = useApp();
  const can = whatCanBeDone(view);
  const isStopping = isPending(view, 'stop');
  const isStarting = isPending(view, 'start');
  const isRestarting = isPending(view, 'restart');
  const isAny = isStopping || isStarting || isRestarting;
  return (
    <div class="controls row-of-buttons">
      {/* One button whatever it does: the focus stays when the state changes under it. */}
      <Button
        kind={can.toggle === 'stop' || isStopping ? 'plain' : 'primary'}
        isPending={isStopping || isStarting}
        isOff={can.toggle === undefined || isRestarting}
        onPress={can.toggle === 'stop' ? act.stop : act.start}
        words={TOGGLE_WORDS.map((word) => say(word))}
        id="toggle"
      >
        {say(toggleWord(can.toggle, isStarting, isStopping))}
      </Button>
      <Button
        isPending={isRestarting}
        isOff={!can.restart || isAny}
        onPress={act.restart}
        words={[say('action.restart'), say('pending.restart')]}
        id="restart"
      >
        {say(isRestarting ? 'pending.restart' : 'action.restart')}
      </Button>
    </div>
  );
}

type Toggle = 'start' | 'stop' | undefined;

const TOGGLE_WORDS = ['action.start', 'action.stop', 'pending.start', 'pending.stop'] as const;

function toggleWord(toggle: Toggle, isStarting: boolean, isStopping: boolean): (typeof TOGGLE_WORDS)[number] {
  if (isStopping) return 'pending.stop';
  if (isStarting) return 'pending.start';
  return toggle === 'stop' ? 'action.stop' : 'action.start';
}

interface Possible {
  readonly toggle: Toggle;
  readonly restart: boolean;
}

function whatCanBeDone(view: View): Possible {
  const { tunnel } = view;
  // What the tray's menu offers; a request that is pending is told on the button itself.
  return {
    toggle: toggleOf({ ...view, pending: [] }),
    restart: tunnel.presence === 'present' && tunnel.snapshot.isEnabled,
  };
}
