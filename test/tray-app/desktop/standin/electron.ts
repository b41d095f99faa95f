/**
 * Stands in for `electron` in the main process, where its binary cannot be had: the window is a real Chromium, the tray
 * icon a real StatusNotifierItem, the clipboard the X server's. It tests our main process and preload, not Electron.
 */
import { spawn } from 'node:child_process';
import { app } from './app.js';
import { StandInWindow } from './browser-window.js';
import { nativeImage } from './image.js';
import { ipcMain } from './ipc-main.js';
import { StandInMenu } from './menu.js';
import { nativeTheme } from './native-theme.js';
import { record } from './record.js';
import { protocol, session } from './session.js';
import { strict } from './strict.js';
import { StandInTray } from './tray.js';

/** Where the user will say that the file goes; nowhere when there is none left. */
export const dialogAnswers: string[] = [];

const clipboard = {
  async writeText(text: string): Promise<void> {
    record('clipboard.writeText', text);
    // It stays to hand the text out, as whoever owns a selection has to.
    spawn('xclip', ['-selection', 'clipboard', '-quiet'], { stdio: ['pipe', 'ignore', 'ignore'] }).stdin?.end(text);
  },
};

const dialog = {
  showSaveDialog: async ({ defaultPath }: { readonly defaultPath: string }) => {
    record('dialog.showSaveDialog', defaultPath);
    const filePath = dialogAnswers.shift();
    return { canceled: filePath === undefined, filePath: filePath ?? '' };
  },
};

export const electron = strict('main', {
  app: strict('app', app),
  BrowserWindow: StandInWindow,
  clipboard: strict('clipboard', clipboard),
  dialog: strict('dialog', dialog),
  ipcMain: strict('ipcMain', ipcMain),
  Menu: StandInMenu,
  nativeImage: strict('nativeImage', nativeImage),
  nativeTheme: strict('nativeTheme', nativeTheme),
  protocol: strict('protocol', protocol),
  session: strict('session', session),
  Tray: StandInTray,
});
