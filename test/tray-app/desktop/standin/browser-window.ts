/** Electron's BrowserWindow as Debian's Chromium: one browser a window, gone with it. */
import { EventEmitter } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Frame, type Page, type Route } from 'playwright-core';
import { app } from './app.js';
import { invoke } from './ipc-main.js';
import { nativeTheme } from './native-theme.js';
import { EMIT, INVOKE, preloadScript } from './page-shim.js';
import { record } from './record.js';
import type { StandInSession } from './session.js';
import { onlyKeys, strict } from './strict.js';

const OPTIONS = [
  'width',
  'height',
  'minWidth',
  'minHeight',
  'title',
  'icon',
  'show',
  'autoHideMenuBar',
  'webPreferences',
];
const PREFERENCES = ['preload', 'session', 'contextIsolation', 'sandbox', 'nodeIntegration', 'devTools', 'spellcheck'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-sync',
  '--disable-component-update',
  '--test-type',
];

/** Chromium knows no schemes of an app: they go by a host name that there is not, and back. */
const HOST = '.stand-in.invalid';
const outside = (url: string): string => url.replace(/^(\w+):\/\/([\w-]+)/, `https://$2.$1${HOST}`);
const inside = (url: string): string => url.replace(/^https:\/\/([\w-]+)\.(\w+)\.stand-in\.invalid/, '$2://$1');

interface Options {
  readonly width: number;
  readonly height: number;
  readonly webPreferences: { readonly preload: string; readonly session: StandInSession };
}

type WindowOpenHandler = (details: { readonly url: string }) => { readonly action: string };

/** Electron's WebContents. */
class Contents extends EventEmitter {
  page: Page | undefined;
  openHandler: WindowOpenHandler | undefined;

  setWindowOpenHandler(handler: WindowOpenHandler): void {
    this.openHandler = handler;
  }

  send(channel: string, ...args: readonly unknown[]): void {
    const copy = structuredClone(args);
    const { page } = this;
    if (page === undefined || page.isClosed()) return;
    page
      .evaluate(
        ([name, channelName, values]) => {
          const emit = Reflect.get(globalThis, name) as ((channel: string, args: unknown) => void) | undefined;
          emit?.(channelName, values);
        },
        [EMIT, channel, copy] as const,
      )
      .catch((error: unknown) => record('not sent', channel, String(error)));
  }
}

/** The windows that are open, for the test. */
export const windows = new Set<StandInWindow>();

export class StandInWindow extends EventEmitter {
  readonly webContents = strict('webContents', new Contents());
  readonly #options: Options;
  #context: BrowserContext | undefined;
  isLoaded = false;
  #isVisible = false;
  #isMinimised = false;

  constructor(options: Options) {
    super();
    onlyKeys('BrowserWindow', options, OPTIONS);
    onlyKeys('webPreferences', options.webPreferences, PREFERENCES);
    const { session: _session, preload: _preload, ...flags } = options.webPreferences;
    record('BrowserWindow', flags);
    this.#options = options;
    windows.add(this);
    app.emit('web-contents-created', {}, this.webContents);
  }

  get page(): Page {
    if (this.webContents.page === undefined) throw new Error('stand-in: the window has no page yet');
    return this.webContents.page;
  }

  async loadURL(url: string): Promise<void> {
    const { width, height, webPreferences } = this.#options;
    const folder = mkdtempSync(join(process.env['HOME'] ?? tmpdir(), 'chromium-'));
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: '/usr/bin/chromium',
      headless: false,
      viewport: null,
      colorScheme: nativeTheme.shouldUseDarkColors ? 'dark' : 'light',
      args: [...FLAGS, `--window-size=${width},${height}`, '--window-position=20,20'],
    });
    this.#context = context;
    const page = context.pages()[0] ?? (await context.newPage());
    this.webContents.page = page;
    page.on('close', () => this.#closed());
    page.on('console', (message) => record('console', message.type(), message.text()));
    page.on('pageerror', (error) => record('page error', String(error)));
    context.on('page', (other) => void this.#refuse(other));
    await context.route('**/*', (route) => this.#fulfil(route, webPreferences.session));
    await page.exposeBinding(INVOKE, ({ frame }, channel: string, args: readonly unknown[]) =>
      invoke(channel, this.#event(frame), args),
    );
    await page.addInitScript(preloadScript(webPreferences.preload));
    nativeTheme.on('updated', () => void this.#paint());
    await page.goto(outside(url));
    this.isLoaded = true;
    this.emit('ready-to-show');
    this.webContents.emit('did-finish-load');
  }

  #event(frame: Frame): unknown {
    const parent = frame.parentFrame();
    return {
      sender: this.webContents,
      senderFrame: { url: inside(frame.url()), parent: parent === null ? null : { url: inside(parent.url()) } },
    };
  }

  async #fulfil(route: Route, own: StandInSession): Promise<void> {
    const request = route.request();
    const url = inside(request.url());
    const navigated = navigatedFrame(request);
    // Another page's, which is about to be closed; it is told of only when it has loaded something.
    if (navigated === 'not yet there') return route.fulfill({ status: 200, body: '' });
    if (navigated === this.page.mainFrame() && this.page.url() !== 'about:blank') {
      let isStopped = false;
      this.webContents.emit('will-navigate', {
        preventDefault: () => {
          isStopped = true;
        },
      });
      record('will-navigate', url, isStopped);
      if (isStopped) return route.abort('aborted');
    }
    const response = await own.fetch(url);
    if (response === undefined) return route.abort('blockedbyclient');
    const body = Buffer.from(await response.arrayBuffer());
    await route.fulfill({ status: response.status, headers: Object.fromEntries(response.headers), body });
  }

  async #refuse(other: Page): Promise<void> {
    if (other === this.webContents.page) return;
    const action = this.webContents.openHandler?.({ url: other.url() }).action ?? 'allow';
    record('window.open', action);
    if (action === 'deny') await other.close();
  }

  async #paint(): Promise<void> {
    if (this.page.isClosed()) return;
    await this.page.emulateMedia({ colorScheme: nativeTheme.shouldUseDarkColors ? 'dark' : 'light' });
  }

  #closed(): void {
    windows.delete(this);
    this.#isVisible = false;
    record('window closed');
    this.emit('closed');
    if (windows.size === 0) app.emit('window-all-closed');
    // Its files go with the desktop's home, when nobody writes there any more.
    void this.#context?.close().catch((error: unknown) => record('not closed', String(error)));
  }

  close(): Promise<void> {
    return this.page.close();
  }

  show(): void {
    record('window.show');
    this.#isVisible = true;
    void this.webContents.page?.bringToFront();
    this.emit('show');
  }

  minimize(): void {
    record('window.minimize');
    this.#isMinimised = true;
    this.emit('minimize');
  }

  restore(): void {
    this.#isMinimised = false;
    this.emit('restore');
  }

  isVisible(): boolean {
    return this.#isVisible;
  }

  isMinimized(): boolean {
    return this.#isMinimised;
  }

  removeMenu(): void {
    record('window.removeMenu');
  }
}

/** Playwright has no frame for the first request of a page that has just been opened. */
function navigatedFrame(request: ReturnType<Route['request']>): Frame | 'not yet there' | undefined {
  if (!request.isNavigationRequest()) return undefined;
  try {
    return request.frame();
  } catch {
    return 'not yet there';
  }
}
