/** Start at login: a file in $XDG_CONFIG_HOME/autostart (Desktop Application Autostart Specification). */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { done, fault, type Outcome } from '../../dbus/fault.js';
import { errorSentence } from './error-sentence.js';

/** Without a window, where there is a tray. */
export const HIDDEN_OPTION = '--hidden';

export const autostartPath = (configHome: string): string => join(configHome, 'autostart', 'miredo-tray.desktop');

/** `command`: program and arguments. */
export function setAutostart(path: string, isWanted: boolean, command: readonly string[]): Outcome<void> {
  try {
    if (isWanted) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, desktopEntry([...command, HIDDEN_OPTION]));
    } else {
      rmSync(path, { force: true });
    }
    return done(undefined);
  } catch (error) {
    return fault('failed', `${path} cannot be changed: ${errorSentence(error)}`);
  }
}

/** The desktop's own settings can turn it off by keys in the file. */
export function hasAutostart(path: string): boolean {
  try {
    const text = readFileSync(path, 'utf8');
    return !/^\s*(?:Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$/im.test(text);
  } catch {
    return false; // there is none
  }
}

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
