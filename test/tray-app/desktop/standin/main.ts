/**
 * Runs the app's compiled main process on the stand-in, and does what the test says over the channel between them:
 *
 *     node main.js build/tray/main.cjs [OPTION…]
 */
import Module, { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { windows } from './browser-window.js';
import { dialogAnswers, electron } from './electron.js';
import { invoke } from './ipc-main.js';
import { nativeTheme } from './native-theme.js';
import { recorded } from './record.js';

export type Order =
  | { readonly do: 'records' | 'close-window' | 'window-count' | 'resources' }
  /** A request as from a page that is at this address, in this window or another. */
  | { readonly do: 'forge'; readonly url: string; readonly isOwnWindow: boolean; readonly isInFrame: boolean }
  /** An expression of JavaScript in the page; its promise is waited for. */
  | { readonly do: 'evaluate' | 'until'; readonly expression: string }
  | { readonly do: 'click'; readonly selector: string }
  | { readonly do: 'screenshot'; readonly path: string }
  | { readonly do: 'dialog'; readonly path: string }
  | { readonly do: 'desktop-theme'; readonly isDark: boolean };

export interface Answer {
  readonly serial: number;
  readonly value?: unknown;
  readonly error?: string;
}

function loadWithStandIn(file: string): void {
  const loader = Module as unknown as { _load: (name: string, ...rest: readonly unknown[]) => unknown };
  const load = loader._load;
  loader._load = function (this: unknown, name, ...rest) {
    return name === 'electron' ? electron : load.call(this, name, ...rest);
  };
  createRequire(import.meta.url)(file);
}

async function obey(order: Order): Promise<unknown> {
  const [window] = windows;
  switch (order.do) {
    case 'records':
      return recorded;
    case 'window-count':
      return [...windows].filter(({ isLoaded }) => isLoaded).length;
    case 'resources':
      return process.getActiveResourcesInfo();
    case 'dialog':
      return dialogAnswers.push(order.path);
    case 'desktop-theme':
      nativeTheme.desktopIsDark = order.isDark;
      return undefined;
  }
  if (window === undefined) throw new Error('no window is open');
  switch (order.do) {
    case 'forge': {
      const { url, isOwnWindow, isInFrame } = order;
      const senderFrame = { url, parent: isInFrame ? { url: 'app://miredo/index.html' } : null };
      return invoke('miredo:request:begin', { sender: isOwnWindow ? window.webContents : {}, senderFrame }, [[]]);
    }
    case 'close-window':
      return window.close();
    case 'evaluate':
      return window.page.evaluate(order.expression);
    case 'until':
      await window.page.waitForFunction(order.expression, undefined, { timeout: 20_000 });
      return undefined;
    case 'click':
      return window.page.click(order.selector, { timeout: 10_000 });
    case 'screenshot':
      await window.page.screenshot({ path: order.path });
      return undefined;
  }
}

process.on('message', ({ serial, order }: { readonly serial: number; readonly order: Order }) => {
  obey(order).then(
    (value) => process.send?.({ serial, value } satisfies Answer),
    (error: unknown) => process.send?.({ serial, error: String(error) } satisfies Answer),
  );
});
const closeAll = (): Promise<unknown> => Promise.allSettled([...windows].map((window) => window.close()));
// The browsers first: nobody else ends them.
process.on('SIGTERM', () => void closeAll().then(() => process.exit(143)));
process.on('disconnect', () => void closeAll().then(() => process.exit(1)));

const file = process.argv[2] ?? '';
// The app is to see its own options alone.
process.argv.splice(1, 2, resolve(file));
loadWithStandIn(resolve(file));
