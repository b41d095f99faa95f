/**
 * Start at login: a file in an `autostart` folder (Desktop Application Autostart Specification). A package may have put
 * one where it counts for everybody; the user's own goes before it.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { done, fault, type Outcome } from '../../dbus/fault.js';
import { errorSentence } from './error-sentence.js';

/** Without a window, where there is a tray. */
export const HIDDEN_OPTION = '--hidden';
/** Ends where there is no tray: for whoever has not asked for the app. */
export const TRAY_ONLY_OPTION = '--tray-only';

const NAME = 'autostart/miredo-tray.desktop';

export interface AutostartFiles {
  readonly own: string;
  /** For everybody; the first that is there counts. */
  readonly common: readonly string[];
}

/** `configDirs`: $XDG_CONFIG_DIRS. */
export const autostartFiles = (configHome: string, configDirs: string | undefined): AutostartFiles => ({
  own: join(configHome, NAME),
  common: (configDirs || '/etc/xdg').split(':').map((folder) => join(folder, NAME)),
});

/** `command`: program and arguments. */
export function setAutostart(files: AutostartFiles, isWanted: boolean, command: readonly string[]): Outcome<void> {
  const { own } = files;
  const isCommon = isOnIn(files.common);
  try {
    if (isWanted === isCommon) rmSync(own, { force: true });
    else write(own, isWanted ? desktopEntry([...command, HIDDEN_OPTION]) : SWITCHED_OFF);
    return done(undefined);
  } catch (error) {
    return fault('failed', `${own} cannot be changed: ${errorSentence(error)}`);
  }
}

export const hasAutostart = ({ own, common }: AutostartFiles): boolean => isOnIn([own, ...common]);

/** The desktop's own settings can turn it off by keys in the file. */
function isOnIn(files: readonly string[]): boolean {
  const file = files.find((each) => existsSync(each));
  if (file === undefined) return false;
  try {
    const text = readFileSync(file, 'utf8');
    return !/^\s*(?:Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$/im.test(text);
  } catch {
    return false; // the desktop cannot read it either
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text);
}

/** In the place of a file for everybody. */
const SWITCHED_OFF = `[Desktop Entry]
Type=Application
Name=Miredo
Hidden=true
`;

function desktopEntry(command: readonly string[]): string {
  return `[Desktop Entry]
Type=Application
Name=Miredo
Comment=IPv6 by Teredo: state and control
Comment[de]=IPv6 mit Teredo: Zustand und Bedienung
Exec=${command.map(quoted).join(' ')}
Icon=miredo
Terminal=false
X-GNOME-Autostart-enabled=true
`;
}

/** As the Desktop Entry Specification has it for Exec: quoted, and escaped once more as a string. */
function quoted(word: string): string {
  if (/^[\w./:@=+-]+$/.test(word)) return word;
  const inner = word.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%');
  return `"${inner}"`.replaceAll('\\', '\\\\');
}
