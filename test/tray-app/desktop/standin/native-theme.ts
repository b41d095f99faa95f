/** Electron's nativeTheme; what the desktop prefers is up to the test. */
import { EventEmitter } from 'node:events';

class StandInTheme extends EventEmitter {
  #source = 'system';
  #desktopIsDark = process.env['STAND_IN_DARK'] === '1';

  get themeSource(): string {
    return this.#source;
  }

  set themeSource(source: string) {
    this.#source = source;
    this.emit('updated');
  }

  get shouldUseDarkColors(): boolean {
    return this.#source === 'system' ? this.#desktopIsDark : this.#source === 'dark';
  }

  set desktopIsDark(isDark: boolean) {
    this.#desktopIsDark = isDark;
    this.emit('updated');
  }
}

export const nativeTheme = new StandInTheme();
