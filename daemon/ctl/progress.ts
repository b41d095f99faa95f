/** What becomes of a start, on standard error: one line that changes on a terminal, a line a change elsewhere. */
import type { Screen } from './screen.js';
import { fitted } from './terminal.js';

/** Milliseconds for each picture of the spinner. */
const TICK = 120;
const SPINNER = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];

export class Progress {
  readonly #screen: Screen;
  readonly #begun: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #sentence = '';
  #drawn = 0;

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

  /** Makes room for a line on standard output. */
  pause(): void {
    if (this.#screen.errIsTerminal && this.#sentence !== '') this.#screen.err('\r\u001b[K');
    this.#sentence = '';
  }

  /** Leaves no trace on a terminal. */
  end(): void {
    clearInterval(this.#timer);
    this.pause();
  }

  #draw(): void {
    if (this.#sentence === '') return;
    const seconds = Math.floor((this.#screen.now() - this.#begun) / 1000);
    const frame = SPINNER[this.#drawn % SPINNER.length];
    this.#drawn += 1;
    // What does not fit in one line could not be wiped away.
    const room = Math.max(20, (this.#screen.columns ?? 80) - 12);
    this.#screen.err(`\r\u001b[K${frame} ${fitted(this.#sentence, room)} (${seconds} s)`);
  }
}
