/** Holds the stand-in to Electron's own declarations, as far as it stands in: the compiler is the test. */
import type Electron from 'electron';
import type { app } from './app.js';
import type { StandInWindow } from './browser-window.js';
import type { electron } from './electron.js';
import type { nativeTheme } from './native-theme.js';
import type { protocol, StandInSession } from './session.js';
import type { StandInTray } from './tray.js';

/** Compiles only where `Ours` has these members as Electron has them. */
type Fits<Theirs, Names extends keyof Theirs, Ours extends Pick<Theirs, Names>> = Ours;

export type Conformance = [
  Fits<
    Electron.App,
    'enableSandbox' | 'getAppPath' | 'getVersion' | 'isPackaged' | 'quit' | 'requestSingleInstanceLock' | 'whenReady',
    typeof app
  >,
  Fits<
    Electron.BrowserWindow,
    'isMinimized' | 'isVisible' | 'loadURL' | 'minimize' | 'removeMenu' | 'restore' | 'show',
    StandInWindow
  >,
  Fits<Electron.Clipboard, 'writeText', (typeof electron)['clipboard']>,
  Fits<Electron.NativeTheme, 'shouldUseDarkColors', typeof nativeTheme>,
  Fits<Electron.Protocol, 'registerSchemesAsPrivileged', typeof protocol>,
  Fits<Electron.Tray, 'destroy' | 'setToolTip', StandInTray>,
  Fits<Electron.Session, never, StandInSession>,
];
