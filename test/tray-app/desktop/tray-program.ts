/** The tray app as a process: its compiled main process on the stand-in for Electron. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Desktop } from './desktop.js';
import type { Answer, Order } from './standin/main.js';
import type { Recorded } from './standin/record.js';

const STAND_IN = fileURLToPath(new URL('standin/main.js', import.meta.url));
const MAIN = fileURLToPath(new URL('../../../tray/main.cjs', import.meta.url));

export class TrayProgram {
  readonly exited: Promise<number | null>;
  stderr = '';
  readonly #desktop: Desktop;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #serial = 0;

  constructor(desktop: Desktop, words: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    this.#desktop = desktop;
    this.#child = fork(STAND_IN, [MAIN, ...words], {
      env: { ...desktop.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#child.on('message', (answer: Answer) => {
      this.#waiting.get(answer.serial)?.(answer);
      this.#waiting.delete(answer.serial);
    });
    this.exited = new Promise((resolve) => this.#child.on('exit', resolve));
    void this.exited.then(() => {
      for (const [serial, settle] of this.#waiting) settle({ serial, error: `the app has ended:\n${this.stderr}` });
    });
  }

  async order(order: Order): Promise<unknown> {
    this.#serial += 1;
    const serial = this.#serial;
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(serial, resolve);
      if (!this.#child.connected) resolve({ serial, error: `the app has ended:\n${this.stderr}` });
      else this.#child.send({ serial, order });
    });
    if (answer.error !== undefined) throw new Error(`${order.do}: ${answer.error}`);
    return answer.value;
  }

  /** Of an expression in the page. */
  evaluate(expression: string): Promise<unknown> {
    return this.order({ do: 'evaluate', expression });
  }

  until(expression: string): Promise<unknown> {
    return this.order({ do: 'until', expression });
  }

  async records(call: string): Promise<readonly (readonly unknown[])[]> {
    const all = (await this.order({ do: 'records' })) as readonly Recorded[];
    return all.filter((entry) => entry.call === call).map(({ values }) => values);
  }

  /** The first value of the latest call that `isWanted` likes. */
  async recorded(call: string, isWanted: (value: string) => boolean): Promise<string> {
    for (let tries = 0; tries < 300; tries += 1) {
      const latest = (await this.records(call)).at(-1)?.[0];
      if (typeof latest === 'string' && isWanted(latest)) return latest;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const latest = (await this.records(call)).slice(-4).map((values) => JSON.stringify(values));
    throw new Error(`no such ${call}; the latest were:\n${latest.join('\n')}\n${this.stderr}`);
  }

  menu(isWanted: (menu: string) => boolean): Promise<string> {
    return this.recorded('Tray.setContextMenu', isWanted);
  }

  /** Clicks an entry of the icon's menu, with the keyboard, as the panel shows it; once more when the keys got lost. */
  async choose(label: string | RegExp): Promise<void> {
    const isWanted = (line: string): boolean => (typeof label === 'string' ? line.includes(label) : label.test(line));
    for (let tries = 0; tries < 3; tries += 1) {
      const menu = await this.menu((text) => text.split('\n').some(isWanted));
      await waitUntil('the panel to read the menu', () => this.#menuIsRead());
      const top = menu.split('\n').filter((line) => !line.startsWith(' ') && !line.startsWith('──'));
      const clickable = top.filter((line) => !line.endsWith('(disabled)'));
      const position = clickable.findIndex(isWanted) + 1;
      if (position === 0) throw new Error(`${String(label)} cannot be clicked:\n${menu}`);
      const clicks = (await this.records('menu click')).length;
      await this.#desktop.choose(position);
      if (await this.#clickCame(clicks)) return;
    }
    throw new Error(`${String(label)} was clicked, and the app heard nothing`);
  }

  /** The panel shows what the app has set last. */
  async #menuIsRead(): Promise<boolean> {
    const all = (await this.order({ do: 'records' })) as readonly Recorded[];
    const calls = all.map(({ call }) => call);
    return calls.lastIndexOf('menu read') > calls.lastIndexOf('Tray.setContextMenu');
  }

  async #clickCame(before: number): Promise<boolean> {
    for (let tries = 0; tries < 40; tries += 1) {
      // Who quits hears no more questions.
      const clicks = await this.records('menu click').catch(() => undefined);
      if (clicks === undefined || clicks.length > before) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  }

  async window(): Promise<void> {
    await waitUntil('a window', async () => Number(await this.order({ do: 'window-count' })) > 0);
    await this.until('window.miredo !== undefined');
  }

  /** With its browser, which a killed process would leave behind. */
  async kill(): Promise<void> {
    this.#child.kill('SIGTERM');
    const last = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await this.exited;
    clearTimeout(last);
  }
}

/** Until `look` says so. */
export async function waitUntil(what: string, look: () => Promise<boolean> | boolean, timeout = 20_000): Promise<void> {
  const end = performance.now() + timeout;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`waiting for ${what}: nothing after ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
