/**
 * The main process as the window sees it, for tests: it answers every request of the schema (the compiler demands it)
 * and remembers what it was asked. What it knows is set by the test.
 */
import * as v from 'valibot';
import { done, fault } from '../../../dbus/fault.js';
import type { Arguments, Beginning, Handlers, RequestName, Results, Section } from '../../../tray-app/shared/ipc.js';
import { REQUESTS } from '../../../tray-app/shared/ipc.js';
import type { LogEntry } from '../../../tray-app/shared/log-entry.js';
import type { Sample } from '../../../tray-app/shared/sample.js';
import type { View } from '../../../tray-app/shared/view.js';
import { viewOf } from './views.js';

export type Asked = { readonly [K in RequestName]: readonly [request: K, ...args: Arguments<K>] }[RequestName];

export class Double {
  view: View = viewOf();
  log: readonly LogEntry[] = [];
  samples: readonly Sample[] = [];
  section: Section = 'overview';
  /** Everything but `begin`. */
  readonly asked: Asked[] = [];
  /** Called after each. */
  heard: () => void = () => undefined;
  readonly #handlers: Handlers;

  constructor(answers: Partial<Handlers> = {}) {
    const granted = (): Results['start'] => done(undefined);
    this.#handlers = {
      begin: (): Beginning => ({ view: this.view, log: this.log, samples: this.samples, section: this.section }),
      start: granted,
      stop: granted,
      restart: granted,
      setServer: granted,
      addServer: granted,
      removeServer: granted,
      probeServers: () => done([]),
      diagnose: () => done([]),
      changeSettings: granted,
      dismissRefusal: () => undefined,
      copyText: () => undefined,
      composeReport: ({ redact }) => `report ${redact ? 'without' : 'with'} addresses`,
      saveReport: () => done({ path: '/home/u/report.txt' }),
      ...answers,
    };
  }

  /** As the main process does: what does not fit the schema is a fault of the window. */
  async answer(request: string, args: unknown): Promise<unknown> {
    if (!isRequest(request)) throw new Error(`The schema has no request ${request}.`);
    return this.#dispatch(request, args);
  }

  #remember(asked: Asked): void {
    this.asked.push(asked);
    this.heard();
  }

  async #dispatch<K extends RequestName>(request: K, raw: unknown): Promise<Results[K]> {
    const args = v.parse(REQUESTS[request], raw) as unknown as Arguments<K>;
    if (request !== 'begin') this.#remember([request, ...args] as unknown as Asked);
    return this.#handlers[request](...args);
  }
}

const isRequest = (name: string): name is RequestName => Object.hasOwn(REQUESTS, name);

export const refused = (sentence: string): Results['changeSettings'] => fault('failed', sentence);
