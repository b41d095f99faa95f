/** The window: what state the tunnel is in, the names of the views, and the one that is chosen. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Section } from '../shared/ipc.js';
import { snapshotIn } from '../shared/view.js';
import { type App, AppContext } from './app-context.js';
import type { GlyphName } from './parts/glyph.js';
import { RefusalNote } from './parts/refusal-note.js';
import { StateMark } from './parts/state-mark.js';
import { panelId, Tabs, tabId } from './parts/tabs.js';
import { stateShown } from './state-shown.js';
import { Diagnosis } from './views/diagnosis.js';
import { Log } from './views/log.js';
import { Overview } from './views/overview.js';
import { Servers } from './views/servers.js';
import { Settings } from './views/settings.js';
import { Traffic } from './views/traffic.js';

type Views = Readonly<Record<Section, { readonly glyph: GlyphName; readonly View: () => JSX.Element }>>;

/** In the order of the tabs. */
const VIEWS: Views = {
  overview: { glyph: 'overview', View: Overview },
  traffic: { glyph: 'traffic', View: Traffic },
  servers: { glyph: 'servers', View: Servers },
  diagnosis: { glyph: 'diagnosis', View: Diagnosis },
  log: { glyph: 'log', View: Log },
  settings: { glyph: 'settings', View: Settings },
};
const SECTIONS = Object.keys(VIEWS) as readonly Section[];

interface FrameProps {
  readonly app: App;
  /** What is said to who hears the window. */
  readonly announced: string;
}

export function Frame({ app, announced }: FrameProps): JSX.Element {
  const { section, say, choose, shows } = app;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (shows > 0) panel.current?.focus();
  }, [shows]);
  const { View } = VIEWS[section];
  return (
    <AppContext.Provider value={app}>
      <div class="frame">
        <header class="sidebar">
          <Badge app={app} />
          <Tabs
            label={say('window.views')}
            tabs={SECTIONS.map((name) => ({ name, label: say(`tab.${name}`), glyph: VIEWS[name].glyph }))}
            chosen={section}
            choose={choose}
          />
        </header>
        <main class="main">
          {/* Each view has a panel of its own, so that each keeps to its beginning when it is opened. */}
          <section
            key={section}
            class="panel"
            role="tabpanel"
            id={panelId(section)}
            aria-labelledby={tabId(section)}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and who has no mouse does it with the arrows.
            tabIndex={0}
            ref={panel}
          >
            <View />
          </section>
          <RefusalNote />
        </main>
        <p class="only-read-aloud" role="status">
          {announced}
        </p>
      </div>
    </AppContext.Provider>
  );
}

/** The state, from every view. */
function Badge({ app: { view, say } }: { readonly app: App }): JSX.Element {
  const shown = stateShown(view, say);
  const address = snapshotIn(view)?.address;
  return (
    <div class="badge">
      <StateMark mark={shown.mark} size={28} />
      <div>
        <p class="name">{say('window.title')}</p>
        <p class="state" role="status">
          {shown.head}
          {address !== undefined && <span class="only-read-aloud"> {address}</span>}
        </p>
      </div>
    </div>
  );
}
