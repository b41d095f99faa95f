/** Questions to an engine that wait for their answers. */
import type { EngineStatistics } from '../tunnel/messages.js';

/** Milliseconds that an engine has to answer. */
const ANSWER_TIMEOUT = 2_000;

interface Question {
  readonly answered: (statistics: EngineStatistics | undefined) => void;
  readonly timer: NodeJS.Timeout;
}

export class EngineQuestions {
  /** BOUNDED: each is dropped after ANSWER_TIMEOUT. */
  readonly #open = new Map<number, Question>();
  #next = 1;

  /** `put` asks under a number. Resolves to undefined when no answer comes in time. */
  ask(put: (number: number) => void): Promise<EngineStatistics | undefined> {
    const number = this.#next++;
    return new Promise((answered) => {
      const timer = setTimeout(() => this.answer(number, undefined), ANSWER_TIMEOUT);
      this.#open.set(number, { answered, timer });
      put(number);
    });
  }

  /** An answer that nobody waits for (any more) is nothing. */
  answer(number: number, statistics: EngineStatistics | undefined): void {
    const question = this.#open.get(number);
    if (question === undefined) return;
    this.#open.delete(number);
    clearTimeout(question.timer);
    question.answered(statistics);
  }

  /** Nobody is there to answer. */
  drop(): void {
    for (const number of [...this.#open.keys()]) this.answer(number, undefined);
  }
}
