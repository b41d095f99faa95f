/**
 * At login the panel may come later than the app, and a panel that is started anew comes back. Whoever starts the app by
 * hand, where there is no tray, does not want to wait.
 */

/** Milliseconds. */
const LONG = 20_000;
const SHORT = 1_000;

export class TrayPatience {
  readonly #giveUp: () => void;
  #patience: number;
  #timer: NodeJS.Timeout | undefined;
  #hasGivenUp = false;

  constructor(isAtLogin: boolean, giveUp: () => void) {
    this.#patience = isAtLogin ? LONG : SHORT;
    this.#giveUp = giveUp;
  }

  take(isPresent: boolean): void {
    if (isPresent) {
      this.end();
      this.#hasGivenUp = false;
      this.#patience = LONG;
    } else if (!this.#hasGivenUp && this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.end();
        this.#hasGivenUp = true;
        this.#giveUp();
      }, this.#patience);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
