/**
 * What the window shows: the main process's view, the log and the samples as they came in, and which part is chosen.
 * Nothing about the tunnel is decided here.
 */
import { type Beginning, type Bridge, type Events, LOG_KEPT, type Section } from '../shared/ipc.js';
import type { LogEntry } from '../shared/log-entry.js';
import { SAMPLES_KEPT, type Sample } from '../shared/sample.js';
import type { View } from '../shared/view.js';
import { cleanDeep } from './foreign-text.js';

export interface WindowState {
  readonly view: View;
  /** The oldest first. BOUNDED: the last {@link LOG_KEPT}. */
  readonly log: readonly LogEntry[];
  /** The oldest first. BOUNDED: the last {@link SAMPLES_KEPT}. */
  readonly samples: readonly Sample[];
  readonly section: Section;
  /** Rises when somebody outside asked for a section, so that the focus goes there. */
  readonly shows: number;
}

export class WindowStore {
  #state: WindowState | undefined;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get state(): WindowState | undefined {
    return this.#state;
  }

  async begin(bridge: Bridge): Promise<void> {
    // What comes before the answer is in the answer.
    bridge.on('view', (view) => this.#update({ view: cleanDeep(view) }));
    bridge.on('log', (entry) => this.#addEntry(cleanDeep(entry)));
    bridge.on('sample', (sample) => this.#addSample(cleanDeep(sample)));
    bridge.on('show', (section) => this.#update({ section, shows: (this.#state?.shows ?? 0) + 1 }));
    const beginning: Beginning = cleanDeep(await bridge.request('begin'));
    this.#set({ ...beginning, shows: 0 });
  }

  choose(section: Section): void {
    this.#update({ section });
  }

  #addEntry(entry: Events['log']): void {
    const log = this.#state?.log ?? [];
    if (log.some(({ id }) => id === entry.id)) return;
    this.#update({ log: [...log, entry].slice(-LOG_KEPT) });
  }

  #addSample(sample: Sample): void {
    this.#update({ samples: [...(this.#state?.samples ?? []), sample].slice(-SAMPLES_KEPT) });
  }

  #update(change: Partial<WindowState>): void {
    if (this.#state !== undefined) this.#set({ ...this.#state, ...change });
  }

  #set(state: WindowState): void {
    this.#state = state;
    this.#changed();
  }
}
