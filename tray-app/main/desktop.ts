/** What the app has of Electron, so that everything else runs without it. */
import type { SaveOutcome, Section } from '../shared/ipc.js';
import type { Settings } from '../shared/settings.js';
import type { Theme } from '../shared/view.js';
import type { AutostartFiles } from './autostart.js';

export interface Desktop {
  copyText(text: string): void;
  /** Asks the user where to. */
  saveText(proposedName: string, text: string): Promise<SaveOutcome>;
  /** Returns what the desktop makes of it. */
  applyTheme(theme: Settings['theme']): Theme;
  showWindow(section: Section, isMinimised?: boolean): void;
  quit(): void;
}

/** What is known when the app begins, and does not change. */
export interface Surroundings {
  /** $XDG_CONFIG_HOME. */
  readonly configHome: string;
  readonly autostart: AutostartFiles;
  /** How the app is started: program and arguments. */
  readonly command: readonly string[];
  /** For notifications. */
  readonly iconPath: string;
  /** The user's languages, the best first. */
  readonly languages: readonly string[];
  readonly appVersion: string;
  /** Names and versions of what the app runs on, for the problem report. */
  readonly platform: Readonly<Record<string, string>>;
  /** Started at login: no window, where there is a tray. */
  readonly isHidden: boolean;
  /** Started at login for everybody: where there is no tray, nobody has asked for a window. */
  readonly isTrayOnly: boolean;
  readonly now: () => number;
}

/** The user's languages by the environment (gettext's rules). */
export function languagesOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || 'C';
  // $LANGUAGE counts only where there is a locale at all.
  const list = /^(C|POSIX)(\.|$)/.test(locale) ? [] : (env['LANGUAGE'] ?? '').split(':');
  return [...list, locale].filter((tag) => tag !== '');
}
