/** The settings in $XDG_CONFIG_HOME/miredo/tray.json. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { done, fault, type Outcome } from '../../dbus/fault.js';
import { DEFAULT_SETTINGS, type Settings, settingsOf } from '../shared/settings.js';
import { errorSentence } from './error-sentence.js';

export const settingsPath = (configHome: string): string => join(configHome, 'miredo', 'tray.json');

/** The defaults where there is no file. One that cannot be read is a fault, and the app goes on with the defaults. */
export function readSettings(path: string): Outcome<Settings> {
  try {
    return done(settingsOf(JSON.parse(readFileSync(path, 'utf8'))));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return done(DEFAULT_SETTINGS);
    return fault('failed', `${path} cannot be read: ${errorSentence(error)}`);
  }
}

/** Whole or not at all: the new file takes the old one's place. */
export function writeSettings(path: string, settings: Settings): Outcome<void> {
  const fresh = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(fresh, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
    renameSync(fresh, path);
    return done(undefined);
  } catch (error) {
    return fault('failed', `${path} cannot be written: ${errorSentence(error)}`);
  }
}
