/** Keeps the interface as it was last wanted, one change after the other; changes overtaken meanwhile are left out. */
import { clearLink, configureLink, type LinkFailure } from '../io/link.js';
import type { LinkConfiguration } from '../io/link-commands.js';

export class LinkKeeper {
  readonly #name: string;
  readonly #failed: (failure: LinkFailure) => void;
  #wanted: LinkConfiguration | undefined;
  #applied: LinkConfiguration | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(name: string, failed: (failure: LinkFailure) => void) {
    this.#name = name;
    this.#failed = failed;
  }

  /** Resolves when the interface is as wanted, or the failure was reported. */
  want(configuration: LinkConfiguration | undefined): Promise<void> {
    this.#wanted = configuration;
    // Always one more turn: the one that runs may have taken its last look already. Mostly it finds nothing to do.
    this.#running = this.#running.then(() => this.#apply());
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
