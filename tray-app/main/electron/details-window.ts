/** The window with the details: made when it is wanted and gone when it is closed, so that an idle app has none. */
import { join } from 'node:path';
import { app, BrowserWindow, type WebContents } from 'electron';
import { type Events, eventChannel, type Section } from '../../shared/ipc.js';
import { ownSession, PAGE } from './pages.js';

const SIZE = { width: 980, height: 720, minWidth: 420, minHeight: 360 };

export class DetailsWindow {
  onVisibility: (isVisible: boolean) => void = () => undefined;
  onClosed: () => void = () => undefined;
  readonly #icons: string;
  #window: BrowserWindow | undefined;

  constructor(icons: string) {
    this.#icons = icons;
  }

  readonly send = <K extends keyof Events>(event: K, value: Events[K]): void => {
    this.#window?.webContents.send(eventChannel(event), value);
  };

  isOwn(contents: WebContents): boolean {
    return this.#window?.webContents === contents;
  }

  async show(section: Section, isMinimised = false): Promise<void> {
    const open = this.#window;
    if (open !== undefined) {
      if (open.isMinimized()) open.restore();
      open.show();
      this.send('show', section);
      return;
    }
    const window = this.#make();
    this.#window = window;
    this.#watch(window);
    window.once('ready-to-show', () => (isMinimised ? window.minimize() : window.show()));
    await window.loadURL(PAGE);
  }

  #make(): BrowserWindow {
    const window = new BrowserWindow({
      ...SIZE,
      title: 'Miredo',
      icon: join(this.#icons, 'miredo.png'),
      show: false,
      autoHideMenuBar: true,
      webPreferences: {
        preload: join(__dirname, 'preload.cjs'),
        session: ownSession(),
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        devTools: !app.isPackaged,
        spellcheck: false,
      },
    });
    window.removeMenu();
    return window;
  }

  #watch(window: BrowserWindow): void {
    const tell = (): void => this.onVisibility(window.isVisible() && !window.isMinimized());
    window.on('show', tell);
    window.on('hide', tell);
    window.on('minimize', tell);
    window.on('restore', tell);
    window.on('closed', () => {
      this.#window = undefined;
      this.onVisibility(false);
      this.onClosed();
    });
  }
}
