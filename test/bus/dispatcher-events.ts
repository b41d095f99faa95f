/** What our script for NetworkManager's dispatcher tells, as it is seen on the bus. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { waitFor } from '../lab/kernel-view.js';

export class DispatcherEvents {
  readonly #monitor: ChildProcessWithoutNullStreams;
  #text = '';

  get text(): string {
    return this.#text;
  }

  constructor(t: TestContext) {
    const match = "type='method_call',interface='org.miredo.Client1',member='NetworkEvent'";
    this.#monitor = spawn('dbus-monitor', ['--system', match]);
    t.after(() => this.#monitor.kill());
    this.#monitor.stdout.setEncoding('utf8').on('data', (more: string) => {
      this.#text += more;
    });
  }

  /** It is told so when it listens. */
  ready(): Promise<boolean> {
    return this.#said('NameLost');
  }

  /** Of any device where none is named: the kernel numbers those of VPNs. */
  told(action: string, device?: string, count = 1): Promise<boolean> {
    return this.#said(wordsOf(action, device), count);
  }

  /** How often it has been told so far. */
  count(action: string, device: string): number {
    return this.#text.split(wordsOf(action, device)).length - 1;
  }

  #said(text: string, count = 1): Promise<boolean> {
    return waitFor(text, () => this.#text.split(text).length > count || undefined, { timeout: 20_000 });
  }
}

const wordsOf = (action: string, device?: string): string =>
  `string "${action}"\n${device === undefined ? '' : `   string "${device}"`}`;
