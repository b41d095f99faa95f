/** What becomes of a start, on standard error: one line that changes on a terminal, a line a change elsewhere. */
import type { Screen } from './screen.js';

const TICK = 1000;

export class Progress {
  readonly #screen: Screen;
  readonly #begun: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #sentence = '';

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#begun = screen.now();
    if (screen.errIsTerminal) this.#timer = setInterval(() => this.#draw(), TICK);
  }

  tell(sentence: string): void {
    if (sentence === this.#sentence) return;
    this.#sentence = sentence;
    if (this.#screen.errIsTerminal) this.#draw();
    else this.#screen.err(`${sentence}\n`);
  }

  /** Leaves no trace on a terminal. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#screen.errIsTerminal) this.#screen.err('\r\u001b[K');
  }

  #draw(): void {
    if (this.#sentence === '') return;
    const seconds = Math.floor((this.#screen.now() - this.#begun) / 1000);
    this.#screen.err(`\r\u001b[K${this.#sentence} (${seconds} s)`);
  }
}
