/**
 * The details window in Debian's Chromium: the built page, with the real preload in it, on a stand-in for the few names
 * of Electron that the preload uses. At the other end is a {@link Double}.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import {
  type EventName,
  type Events,
  eventChannel,
  REQUEST_NAMES,
  requestChannel,
} from '../../../tray-app/shared/ipc.js';
import type { View } from '../../../tray-app/shared/view.js';
import { type Asked, Double } from './double.js';
import { NOW } from './views.js';

/** Seen from build/test/tray-app/renderer. */
export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const PAGE = join(ROOT, 'build/renderer/index.html');
const CHROMIUM = '/usr/bin/chromium';

/** Why the window cannot be tested here; false when it can. */
export const windowSkip: string | false = existsSync(CHROMIUM)
  ? false
  : 'not installed: chromium (as root: apt-get install chromium)';

/** What the preload and the page find in the world, in place of Electron. */
const STAND_IN = `
const listeners = new Map();
globalThis.__emit = (channel, value) => { for (const listener of listeners.get(channel) ?? []) listener({}, value); };
const electron = {
  ipcRenderer: {
    invoke: (channel, ...args) => globalThis.__invoke(channel, args[0]),
    on: (channel, listener) => { listeners.set(channel, [...(listeners.get(channel) ?? []), listener]); },
    off: (channel, listener) => { listeners.set(channel, (listeners.get(channel) ?? []).filter((one) => one !== listener)); },
  },
  contextBridge: {
    exposeInMainWorld: (name, value) => { Object.defineProperty(globalThis, name, { value: Object.freeze(value) }); },
  },
};
const require = (name) => {
  if (name !== 'electron') throw new Error('A sandboxed preload has no ' + name + '.');
  return electron;
};`;

/** What the page finds faulty in itself, and how far things have jumped. */
const WATCH = `
globalThis.__violations = [];
document.addEventListener('securitypolicyviolation', (event) => globalThis.__violations.push(event.violatedDirective + ' ' + event.blockedURI));
globalThis.__shifts = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) globalThis.__shifts += entry.value; })
  .observe({ type: 'layout-shift', buffered: true });`;

/** The preload as it is delivered, and what it finds around it. */
function preloadScript(): string {
  const preload = readFileSync(join(ROOT, 'build/tray/preload.cjs'), 'utf8');
  return `{ const module = { exports: {} }; ${STAND_IN}\n${preload}\n}\n${WATCH}`;
}

export interface OpenOptions extends BrowserContextOptions {
  readonly double?: Double;
}

/** A browser, for all windows of a test file. */
export class Stage {
  readonly #browser: Browser;
  readonly #preload: string;
  /** By their settings: a browser makes a new page slowly. */
  readonly #windows = new Map<string, Opened>();

  private constructor(browser: Browser, preload: string) {
    this.#browser = browser;
    this.#preload = preload;
  }

  static async open(): Promise<Stage> {
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      // Its sandbox does not start for root, as whom the tests run.
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--font-render-hinting=none'],
    });
    return new Stage(browser, preloadScript());
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  /** A window that knows nothing of the one before, fully drawn. One at a time of each kind. */
  async window({ double = new Double(), ...options }: OpenOptions = {}): Promise<Opened> {
    const settings = {
      viewport: { width: 980, height: 720 },
      reducedMotion: 'reduce',
      colorScheme: 'light',
      locale: 'en-GB',
      timezoneId: 'UTC',
      ...options,
    } as const;
    const kind = JSON.stringify(settings);
    const opened = this.#windows.get(kind) ?? new Opened(await (await this.#browser.newContext(settings)).newPage());
    if (!this.#windows.has(kind)) await opened.prepare(this.#preload);
    this.#windows.set(kind, opened);
    await opened.page.setViewportSize(settings.viewport ?? { width: 980, height: 720 });
    await opened.page.emulateMedia({ colorScheme: settings.colorScheme });
    await opened.load(double);
    return opened;
  }
}

export class Opened implements AsyncDisposable {
  readonly page: Page;
  #double = new Double();
  #faults: string[] = [];

  constructor(page: Page) {
    this.page = page;
  }

  get double(): Double {
    return this.#double;
  }

  async prepare(preload: string): Promise<void> {
    const { page } = this;
    page.on('pageerror', (error) => this.#faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.#faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(file|about):/.test(request.url())) this.#faults.push(`asked for ${request.url()}`);
    });
    page.setDefaultTimeout(5000);
    await page.clock.setFixedTime(NOW);
    await page.exposeFunction('__invoke', (channel: string, args: unknown) => {
      const request = REQUEST_NAMES.find((name) => requestChannel(name) === channel);
      return this.#double.answer(request ?? channel, args);
    });
    await page.addInitScript(preload);
  }

  async load(double: Double): Promise<void> {
    this.#double = double;
    this.#faults = [];
    await this.page.goto(`file://${PAGE}`);
    await this.page.getByRole('tablist').waitFor();
  }

  /** As the main process sends it. */
  async emit<K extends EventName>(event: K, value: Events[K]): Promise<void> {
    const message = [eventChannel(event), value] as const;
    await this.page.evaluate(
      ([channel, inner]) => (globalThis as unknown as PageWorld).__emit(channel, inner),
      message,
    );
  }

  /** The main process has another view. */
  async show(view: View): Promise<void> {
    this.double.view = view;
    await this.emit('view', view);
  }

  async open(tab: string): Promise<void> {
    await this.page.getByRole('tab', { name: tab, exact: true }).click();
  }

  /** What the window asked of the main process since it was last looked at. */
  taken(): readonly Asked[] {
    return this.double.asked.splice(0);
  }

  /** That this, and nothing else, was asked since it was last looked at. Waits for as many as there should be. */
  async expectAsked(expected: readonly Asked[]): Promise<void> {
    // What the page has asked until now is on its way before the answer to this.
    await this.page.evaluate('0');
    const { double } = this;
    if (double.asked.length < expected.length) {
      const limit = AbortSignal.timeout(5000);
      await new Promise<void>((resolve) => {
        double.heard = () => double.asked.length >= expected.length && resolve();
        limit.addEventListener('abort', () => resolve(), { once: true });
      });
      double.heard = () => undefined;
    }
    assert.deepEqual(this.taken(), expected);
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Sum of the layout's jumps that no input of the user explains. */
  shifts(): Promise<number> {
    return this.page.evaluate(() => (globalThis as unknown as PageWorld).__shifts);
  }

  /** What the page complained of: errors, broken policy, requests to the outside. */
  async faults(): Promise<readonly string[]> {
    const violations = await this.page.evaluate(() => (globalThis as unknown as PageWorld).__violations);
    return [...this.#faults, ...violations];
  }

  /** What still goes on in the page ends; the page is used again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.goto('about:blank');
  }
}

interface PageWorld {
  readonly __emit: (channel: string, value: unknown) => void;
  readonly __violations: readonly string[];
  readonly __shifts: number;
}
