/** Changes settings: in the file, in the desktop, and in the view. */
import type { Outcome } from '../../dbus/fault.js';
import { done } from '../../dbus/fault.js';
import { localeOf } from '../shared/messages.js';
import type { Settings, SettingsChange } from '../shared/settings.js';
import { setAutostart } from './autostart.js';
import type { Desktop, Surroundings } from './desktop.js';
import { settingsPath, writeSettings } from './settings-file.js';
import type { Store } from './store.js';

export class Preferences {
  readonly #store: Store;
  readonly #surroundings: Surroundings;
  readonly #desktop: Desktop;

  constructor(store: Store, surroundings: Surroundings, desktop: Desktop) {
    this.#store = store;
    this.#surroundings = surroundings;
    this.#desktop = desktop;
  }

  /** What cannot be kept is not shown as kept. */
  change(change: SettingsChange): Outcome<void> {
    const before = this.#store.view.settings;
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    const settings: Settings = { ...before, ...Object.fromEntries(given) };
    const { configHome, autostart, command } = this.#surroundings;
    if (settings.startAtLogin !== before.startAtLogin) {
      const set = setAutostart(autostart, settings.startAtLogin, command);
      if (!set.ok) return set;
    }
    const written = writeSettings(settingsPath(configHome), settings);
    if (!written.ok) return written;
    this.#show(settings, before);
    return done(undefined);
  }

  #show(settings: Settings, before: Settings): void {
    const { environment } = this.#store.view;
    const { languages } = this.#surroundings;
    const locale = settings.language === 'system' ? localeOf(languages) : settings.language;
    const theme = settings.theme === before.theme ? environment.theme : this.#desktop.applyTheme(settings.theme);
    this.#store.change({ settings, environment: { ...environment, locale, theme } });
  }
}
