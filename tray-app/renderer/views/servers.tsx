/** The list of servers: which is chosen, which answer, and how fast. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Probe } from '../../../dbus/reports.js';
import type { ServerEntry } from '../../../dbus/snapshot.js';
import type { MessageKey } from '../../shared/messages.js';
import { isPending, snapshotIn } from '../../shared/view.js';
import { useApp } from '../app-context.js';
import { Button } from '../parts/button.js';
import { Foreign } from '../parts/foreign.js';
import { Glyph } from '../parts/glyph.js';
import { StateMark } from '../parts/state-mark.js';
import { AddServer } from './add-server.js';
import { RemoveServer } from './remove-server.js';

export function Servers(): JSX.Element {
  const { view, say, act } = useApp();
  const [isAdding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<ServerEntry | undefined>(undefined);
  const snapshot = snapshotIn(view);
  const servers = snapshot?.servers ?? [];
  const isProbing = view.probes.isRunning || isPending(view, 'probe');
  return (
    <div class="view">
      <div class="view-head">
        <h1>{say('servers.title')}</h1>
        <div class="actions">
          <Button
            glyph="search"
            isPending={isProbing}
            isOff={servers.length === 0}
            onPress={act.probeServers}
            id="probe"
          >
            {say(isProbing ? 'servers.probing' : 'servers.probe')}
          </Button>
          <Button
            glyph="plus"
            isOff={snapshot === undefined}
            isPending={isPending(view, 'add-server')}
            onPress={() => setAdding(true)}
            id="add"
          >
            {say('servers.add')}
          </Button>
        </div>
      </div>
      <ProbeLine />
      <div class="card list-card">
        <ul class="servers" aria-label={say('servers.title')}>
          <AutomaticRow isKnown={snapshot !== undefined} />
          {servers.map((server) => (
            <ServerRow key={server.name} server={server} remove={() => setRemoved(server)} />
          ))}
        </ul>
        {snapshot !== undefined && servers.length === 0 && <p class="list-empty soft">{say('servers.none')}</p>}
      </div>
      {isAdding && <AddServer close={() => setAdding(false)} />}
      {removed !== undefined && <RemoveServer server={removed} close={() => setRemoved(undefined)} />}
    </div>
  );
}

/** How far the probe is; always one line. */
function ProbeLine(): JSX.Element {
  const { view, say } = useApp();
  const { probes } = view;
  const results = Object.values(probes.results);
  const all = results.length + probes.waiting.filter((name) => !Object.hasOwn(probes.results, name)).length;
  const done = probes.isRunning ? all - probes.waiting.length : all;
  const text = probes.isRunning
    ? say('servers.probe.progress', { done, all })
    : probes.time === undefined
      ? say('servers.probe.idle')
      : say('servers.probe.done', { reachable: results.filter(({ isReachable }) => isReachable).length, all });
  return (
    <div class="progress-line">
      <p class="hint" role="status">
        {text}
      </p>
      <progress
        class={probes.isRunning ? '' : 'idle'}
        aria-label={say('servers.probing')}
        aria-hidden={!probes.isRunning}
        value={done}
        max={Math.max(1, all)}
      />
    </div>
  );
}

function AutomaticRow({ isKnown }: { readonly isKnown: boolean }): JSX.Element {
  const { view, say } = useApp();
  const snapshot = snapshotIn(view);
  const isAuto = snapshot?.serverChoice === 'auto';
  return (
    <li class={isAuto ? 'server chosen' : 'server'}>
      <div class="server-words">
        <p class="server-name">{say('server.auto')}</p>
        <p class="server-note soft">{say('servers.automatic.hint')}</p>
      </div>
      <Choose name="auto" label={say('server.auto')} isKnown={isKnown} />
    </li>
  );
}

function ServerRow({ server, remove }: { readonly server: ServerEntry; readonly remove: () => void }): JSX.Element {
  const { view, say } = useApp();
  const { name, primary, secondary, comment, origin } = server;
  const snapshot = snapshotIn(view);
  const isUsed = snapshot?.server === name || snapshot?.server === primary;
  const notes = [primary === name ? undefined : primary, secondary, comment].filter((note) => note !== undefined);
  return (
    <li class={snapshot?.serverChoice === name ? 'server chosen' : 'server'}>
      <div class="server-words">
        <p class="server-name">
          <Foreign text={name} />
          {isUsed && <span class="pill used">{say('servers.in-use')}</span>}
        </p>
        <p class="server-note soft">
          <Foreign text={[say(originWord(origin)), ...notes].join(' · ')} />
        </p>
      </div>
      <div class="server-result">
        <span class="only-read-aloud">{say('servers.probed')}: </span>
        <ProbeResult probe={view.probes.results[name]} isWaiting={view.probes.waiting.includes(name)} />
      </div>
      <Choose name={name} label={name} isKnown />
      <div class="server-remove">
        {origin === 'user' && (
          <Button
            kind="quiet"
            label={say('servers.remove.label', { name })}
            isPending={view.pending.some(({ task, subject }) => task === 'remove-server' && subject === name)}
            onPress={remove}
          >
            <Glyph name="remove" />
          </Button>
        )}
      </div>
    </li>
  );
}

const ORIGINS: Readonly<Record<string, MessageKey & `servers.origin.${'administrator' | 'configuration' | 'user'}`>> = {
  administrator: 'servers.origin.administrator',
  configuration: 'servers.origin.configuration',
  user: 'servers.origin.user',
};

const originWord = (origin: string) =>
  (Object.hasOwn(ORIGINS, origin) ? ORIGINS[origin] : undefined) ?? 'servers.origin.other';

interface ChooseProps {
  readonly name: string;
  readonly label: string;
  readonly isKnown: boolean;
}

/** The daemon's word is what is chosen; the button only asks. */
function Choose({ name, label, isKnown }: ChooseProps): JSX.Element {
  const { view, say, act } = useApp();
  const isChosen = snapshotIn(view)?.serverChoice === name;
  const isAsked = view.pending.some(({ task, subject }) => task === 'set-server' && subject === name);
  return (
    <button
      type="button"
      class={`button choose${isChosen ? ' is-chosen' : ''}`}
      aria-pressed={isChosen}
      aria-busy={isAsked}
      aria-disabled={!isKnown || isAsked || isPending(view, 'set-server')}
      aria-label={say(isChosen ? 'servers.chosen.label' : 'servers.use.label', { name: label })}
      onClick={() => {
        if (isKnown && !isChosen && !isPending(view, 'set-server')) act.setServer(name);
      }}
    >
      {isAsked ? <span class="spinner" aria-hidden="true" /> : isChosen && <Glyph name="done" />}
      <span>{say(isChosen ? 'servers.chosen' : 'servers.use')}</span>
    </button>
  );
}

function ProbeResult({
  probe,
  isWaiting,
}: {
  readonly probe: Probe | undefined;
  readonly isWaiting: boolean;
}): JSX.Element {
  const { say, figures } = useApp();
  if (isWaiting) {
    return (
      <span class="result soft">
        <span class="spinner small" aria-hidden="true" />
        {say('servers.result.waiting')}
      </span>
    );
  }
  if (probe === undefined) return <span class="soft">–</span>;
  if (!probe.isReachable) {
    return (
      <span class="result" title={probe.error?.sentence}>
        <StateMark mark="absent" size={16} />
        {say('servers.result.silent')}
      </span>
    );
  }
  return (
    <span class="result figure">
      <StateMark mark={probe.hasSecondary ? 'half' : 'waiting'} size={16} />
      {probe.roundTrip === undefined ? '' : figures.roundTrip(probe.roundTrip)}
      {!probe.hasSecondary && <span class="soft">{say('servers.result.secondary')}</span>}
    </span>
  );
}
