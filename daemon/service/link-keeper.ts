/** Keeps the interface as it was last wanted, one change after the other; changes overtaken meanwhile are left out. */
import { clearLink, configureLink, type LinkFailure } from '../io/link.js';
import type { LinkConfiguration } from '../io/link-commands.js';

export class LinkKeeper {
  readonly #name: string;
  readonly #failed: (failure: LinkFailure) => void;
  #wanted: LinkConfiguration | undefined;
  /** What was last tried. */
  #tried: LinkConfiguration | undefined;
  /** What the interface carries for certain; undefined when it is down, or when nobody knows. */
  #carried: LinkConfiguration | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(name: string, failed: (failure: LinkFailure) => void) {
    this.#name = name;
    this.#failed = failed;
  }

  /** Resolves when the interface is as wanted, or the failure was reported. */
  want(configuration: LinkConfiguration | undefined): Promise<void> {
    this.#wanted = configuration;
    if (this.#running === undefined && this.#isDue()) this.#running = this.#apply();
    return this.#running ?? Promise.resolve();
  }

  /** Resolves when no change is under way. */
  settled(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** No change begins any more: the interface is about to go. */
  close(): void {
    this.#closed = true;
  }

  #isDue(): boolean {
    return !this.#closed && this.#wanted !== this.#tried;
  }

  /** Called when something is due, so it does not end before `#running` is set. */
  async #apply(): Promise<void> {
    while (this.#isDue()) {
      const wanted = this.#wanted;
      const result =
        wanted === undefined ? await clearLink(this.#name) : await configureLink(this.#name, wanted, this.#carried);
      this.#tried = wanted;
      // A change that failed may be half done: the next one begins with taking away what is there.
      this.#carried = result.ok ? wanted : undefined;
      if (!result.ok && !this.#closed) this.#failed(result);
    }
    // In the same step as the last look: whoever wants something later must not take this for still running.
    this.#running = undefined;
  }
}
