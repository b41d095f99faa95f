/** Keeps the interface as it was last wanted, one change after the other; changes overtaken meanwhile are left out. */
import { clearLink, configureLink, type LinkFailure } from '../io/link.js';
import type { LinkConfiguration } from '../io/link-commands.js';

export class LinkKeeper {
  readonly #name: string;
  readonly #failed: (failure: LinkFailure) => void;
  #wanted: LinkConfiguration | undefined;
  #applied: LinkConfiguration | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(name: string, failed: (failure: LinkFailure) => void) {
    this.#name = name;
    this.#failed = failed;
  }

  /** Resolves when the interface is as wanted, or the failure was reported. */
  want(configuration: LinkConfiguration | undefined): Promise<void> {
    this.#wanted = configuration;
    this.#running ??= this.#apply().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** No change begins any more: the interface is about to go. */
  close(): void {
    this.#closed = true;
  }

  async #apply(): Promise<void> {
    while (!this.#closed && this.#wanted !== this.#applied) {
      const wanted = this.#wanted;
      const previous = this.#applied;
      const result =
        wanted === undefined ? await clearLink(this.#name) : await configureLink(this.#name, wanted, previous);
      this.#applied = wanted;
      if (!result.ok && !this.#closed) this.#failed(result);
    }
  }
}
