/** The app without Electron: the daemon's word, the user's wishes and settings, brought together in one view. */

import type { Beginning, Events, Handlers, Section } from '../shared/ipc.js';
import { localeOf, translator } from '../shared/messages.js';
import { DEFAULT_SETTINGS } from '../shared/settings.js';
import type { TrayAction } from '../shared/tray-model.js';
import { toggleOf } from '../shared/tray-model.js';
import type { Environment } from '../shared/view.js';
import { hasAutostart } from './autostart.js';
import { DaemonLink } from './daemon-link.js';
import type { Desktop, Surroundings } from './desktop.js';
import { EventLog } from './event-log.js';
import { Notices } from './notices.js';
import { Notifier } from './notification.js';
import { Preferences } from './preferences.js';
import { problemReport } from './problem-report.js';
import { Sampling } from './sampling.js';
import { readSettings, settingsPath } from './settings-file.js';
import { Store } from './store.js';
import { Tasks } from './tasks.js';
import { TrayPatience } from './tray-patience.js';

/** Sends the window what it is to hear. */
export type Emit = <K extends keyof Events>(event: K, value: Events[K]) => void;

export class App {
  readonly store: Store;
  readonly handlers: Handlers;
  readonly #surroundings: Surroundings;
  readonly #desktop: Desktop;
  readonly #log: EventLog;
  readonly #link: DaemonLink;
  readonly #tasks: Tasks;
  readonly #sampling: Sampling;
  readonly #notices: Notices;
  readonly #notifier: Notifier;
  readonly #preferences: Preferences;
  readonly #trayPatience: TrayPatience;
  #section: Section = 'overview';
  /** Until somebody has seen an icon or asked for the window. */
  #isUnseen = true;

  /** `complain`: of what the user can do without, and somebody who looks for it should find. */
  constructor(surroundings: Surroundings, desktop: Desktop, emit: Emit, complain: (sentence: string) => void) {
    const { now, configHome, autostart } = surroundings;
    this.#surroundings = surroundings;
    this.#desktop = desktop;
    const path = settingsPath(configHome);
    const read = readSettings(path);
    if (!read.ok) complain(read.fault.sentence);
    const kept = read.ok ? read.value : DEFAULT_SETTINGS;
    const settings = { ...kept, startAtLogin: hasAutostart(autostart) };
    const environment: Environment = {
      tray: 'unknown',
      locale: settings.language === 'system' ? localeOf(surroundings.languages) : settings.language,
      theme: desktop.applyTheme(settings.theme),
      appVersion: surroundings.appVersion,
    };
    this.store = new Store({
      tunnel: { presence: 'connecting' },
      pending: [],
      refusal: undefined,
      denied: [],
      probes: { isRunning: false, results: {}, waiting: [], time: undefined },
      diagnosis: { isRunning: false, steps: [], time: undefined },
      settings,
      environment,
    });
    this.#log = new EventLog(now);
    this.#link = new DaemonLink(this.store, this.#log);
    this.#tasks = new Tasks(this.store, this.#log, this.#link, now);
    this.#sampling = new Sampling(this.store, this.#link, now, (sample) => emit('sample', sample));
    this.#notifier = new Notifier(surroundings.iconPath, complain);
    this.#notices = new Notices(this.store, this.#log, now, (text) => this.#notifier.show(text));
    this.#preferences = new Preferences(this.store, surroundings, desktop);
    this.#trayPatience = new TrayPatience(surroundings.isHidden, () => this.#goWithoutTray());
    this.#log.listen((entry) => {
      emit('log', entry);
      this.#notices.take(entry);
    });
    this.store.listen((view) => emit('view', view));
    this.handlers = this.#makeHandlers();
  }

  begin(): void {
    this.#link.begin();
  }

  async end(): Promise<void> {
    this.#sampling.setActive(false);
    this.#notices.end();
    this.#trayPatience.end();
    await this.#link.end();
  }

  /** What a click in the tray's menu does. */
  perform(action: TrayAction): void {
    switch (action.do) {
      case 'start':
      case 'stop':
        runAside(this.#tasks[action.do]());
        break;
      case 'set-server':
        runAside(this.#tasks.setServer(action.server));
        break;
      case 'probe':
        runAside(this.#tasks.probeServers([]));
        break;
      case 'ask-again':
        this.#tasks.forgetDenials();
        break;
      case 'copy':
        this.#desktop.copyText(action.text);
        break;
      case 'show':
        this.show(action.section);
        break;
      case 'start-at-login':
        this.#preferences.change({ startAtLogin: action.isWanted });
        break;
      case 'quit':
        this.#desktop.quit();
        break;
    }
  }

  /** What a click with the middle button does, where the desktop tells of it. */
  toggle(): void {
    const action = toggleOf(this.store.view);
    if (action !== undefined) this.perform({ do: action });
  }

  show(section: Section, isMinimised = false): void {
    this.#isUnseen = false;
    this.#section = section;
    this.#desktop.showWindow(section, isMinimised);
  }

  /** Counters are read only for somebody who looks. */
  setWindowVisible(isVisible: boolean): void {
    this.#sampling.setActive(isVisible);
  }

  takeTheme(theme: Environment['theme']): void {
    if (theme !== this.store.view.environment.theme) this.#changeEnvironment({ theme });
  }

  takeTray(isPresent: boolean): void {
    if (isPresent) {
      this.#isUnseen = false;
      this.#changeEnvironment({ tray: 'present' });
    }
    this.#trayPatience.take(isPresent);
  }

  /** Said once, and the window takes the icon's place: minimised when nobody has asked for it. */
  #goWithoutTray(): void {
    if (this.#surroundings.isTrayOnly && this.#isUnseen) {
      this.#desktop.quit();
      return;
    }
    this.#changeEnvironment({ tray: 'absent' });
    const { settings, environment } = this.store.view;
    this.show('overview', this.#surroundings.isHidden);
    if (settings.hasToldNoTray) return;
    const translate = translator(environment.locale);
    this.#notifier.show({ title: translate('tray.no-tray-title'), body: translate('tray.no-tray') });
    this.#preferences.change({ hasToldNoTray: true });
  }

  #changeEnvironment(change: Partial<Environment>): void {
    this.store.change({ environment: { ...this.store.view.environment, ...change } });
  }

  #makeHandlers(): Handlers {
    const tasks = this.#tasks;
    return {
      begin: () => this.#beginning(),
      start: () => tasks.start(),
      stop: () => tasks.stop(),
      restart: () => tasks.restart(),
      setServer: (server) => tasks.setServer(server),
      addServer: (name, details) => tasks.addServer(name, details),
      removeServer: (name) => tasks.removeServer(name),
      probeServers: (names) => tasks.probeServers(names),
      diagnose: () => tasks.diagnose(),
      changeSettings: (change) => this.#preferences.change(change),
      dismissRefusal: () => void tasks.dismissRefusal(),
      copyText: (text) => void this.#desktop.copyText(text),
      composeReport: ({ redact }) => this.#report(redact),
      saveReport: ({ redact }) => this.#desktop.saveText(this.#reportName(), this.#report(redact)),
    };
  }

  #beginning(): Beginning {
    const section = this.#section;
    return { view: this.store.view, log: this.#log.entries, samples: this.#sampling.samples, section };
  }

  #report(isRedacted: boolean): string {
    const { platform, now } = this.#surroundings;
    return problemReport({ view: this.store.view, log: this.#log.entries, platform, now: now() }, isRedacted);
  }

  #reportName(): string {
    const day = new Date(this.#surroundings.now()).toISOString().slice(0, 10);
    return `miredo-report-${day}.txt`;
  }
}

/** Nobody waits for it: what comes of it is in the view. */
function runAside(outcome: Promise<unknown>): void {
  void outcome;
}
