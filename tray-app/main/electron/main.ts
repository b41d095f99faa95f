/** The tray app as Electron starts it. */

import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { app, clipboard, dialog, nativeTheme } from 'electron';
import { done, fault } from '../../../dbus/fault.js';
import type { SaveOutcome } from '../../shared/ipc.js';
import { trayFace } from '../../shared/tray-model.js';
import { App } from '../app.js';
import { autostartFiles, HIDDEN_OPTION, TRAY_ONLY_OPTION } from '../autostart.js';
import { type Desktop, languagesOf, type Surroundings } from '../desktop.js';
import { errorSentence } from '../error-sentence.js';
import { TrayWatch } from '../tray-watch.js';
import { answerRequests } from './answer-requests.js';
import { DetailsWindow } from './details-window.js';
import { closeDoors, registerScheme } from './pages.js';
import { TrayIcon } from './tray-icon.js';

const ICONS = join(__dirname, 'icons');

function surroundings(): Surroundings {
  const { electron = '', chrome = '', node = '' } = process.versions;
  const {
    XDG_CONFIG_HOME: givenHome,
    XDG_CONFIG_DIRS: configDirs,
    XDG_CURRENT_DESKTOP: desktop = '',
    XDG_SESSION_TYPE: session = '',
  } = process.env;
  const configHome = givenHome || join(homedir(), '.config');
  return {
    configHome,
    autostart: autostartFiles(configHome, configDirs),
    command: app.isPackaged ? [process.execPath] : [process.execPath, app.getAppPath()],
    iconPath: join(ICONS, 'miredo.png'),
    languages: languagesOf(process.env),
    appVersion: app.getVersion(),
    platform: { electron, chrome, node, desktop, session },
    isHidden: process.argv.includes(HIDDEN_OPTION),
    isTrayOnly: process.argv.includes(TRAY_ONLY_OPTION),
    now: Date.now,
  };
}

async function saveText(proposedName: string, text: string): Promise<SaveOutcome> {
  const { canceled, filePath } = await dialog.showSaveDialog({ defaultPath: join(homedir(), proposedName) });
  if (canceled || filePath === '') return done('cancelled');
  try {
    await writeFile(filePath, text, { mode: 0o600 });
    return done({ path: filePath });
  } catch (error) {
    return fault('failed', errorSentence(error));
  }
}

function run(): void {
  const window = new DetailsWindow(ICONS);
  const desktop: Desktop = {
    copyText: (text) => void clipboard.writeText(text).catch((error) => complain(errorSentence(error))),
    saveText,
    applyTheme: (theme) => {
      nativeTheme.themeSource = theme;
      return themeNow();
    },
    showWindow: (section, isMinimised) => void window.show(section, isMinimised),
    quit: () => app.quit(),
  };
  const core = new App(surroundings(), desktop, window.send, complain);
  answerRequests(core.handlers, (sender) => window.isOwn(sender));
  const icon = new TrayIcon(ICONS, {
    perform: (action) => core.perform(action),
    open: () => core.show('overview'),
    toggle: () => core.toggle(),
  });
  const watch = new TrayWatch((isPresent) => {
    // Whoever shows icons now has not seen ours.
    if (isPresent) icon.forget();
    core.takeTray(isPresent);
  });
  core.store.listen((view) => icon.show(trayFace(view), view));
  icon.show(trayFace(core.store.view), core.store.view);
  window.onVisibility = (isVisible) => core.setWindowVisible(isVisible);
  window.onClosed = () => {
    // Without an icon there would be no way back to the app.
    if (core.store.view.environment.tray === 'absent') app.quit();
  };
  nativeTheme.on('updated', () => core.takeTheme(themeNow()));
  app.on('second-instance', () => core.show('overview'));
  // Electron ends with its last window, unless somebody listens.
  app.on('window-all-closed', () => undefined);
  app.on('will-quit', () => {
    watch.end();
    icon.end();
    void core.end();
  });
  core.begin();
  void watch.begin();
  if (!process.argv.includes(HIDDEN_OPTION)) core.show('overview');
}

const complain = (sentence: string): void => console.error(`miredo-tray: ${sentence}`);

const themeNow = (): 'dark' | 'light' => (nativeTheme.shouldUseDarkColors ? 'dark' : 'light');

if (app.requestSingleInstanceLock()) {
  app.enableSandbox();
  registerScheme();
  void app.whenReady().then(() => {
    closeDoors();
    run();
  });
} else {
  app.quit();
}
