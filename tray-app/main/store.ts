/** The view of this moment, and who is told when it is another. */
import type { View } from '../shared/view.js';

export class Store {
  #view: View;
  /** BOUNDED: tray, window, notices: each once. */
  readonly #listeners = new Set<(view: View) => void>();

  constructor(view: View) {
    this.#view = view;
  }

  get view(): View {
    return this.#view;
  }

  change(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) listener(this.#view);
  }

  /** Returns what ends it. */
  listen(listener: (view: View) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
