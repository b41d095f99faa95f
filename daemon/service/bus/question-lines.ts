/**
 * Questions to polkit that are open at the same time. The bus lets a connection wait for 128 answers and refuses what
 * is beyond (`max_replies_per_connection`); a question may be open for as long as somebody looks for a password. So
 * each line, one a user, has a few open, and the rest of it waits: who asks much waits for himself only.
 */
const OPEN_OF_LINE = 4;

interface Line {
  open: number;
  /** BOUNDED: each belongs to a call that is under way (CallLimits). */
  readonly waiting: (() => void)[];
}

export class QuestionLines {
  /** BOUNDED: a line goes with its last question. */
  readonly #lines = new Map<string, Line>();

  /** `ask` is called when it is its turn. */
  async take<Answer>(name: string, ask: () => Promise<Answer>): Promise<Answer> {
    const line = this.#lines.get(name) ?? { open: 0, waiting: [] };
    this.#lines.set(name, line);
    if (line.open < OPEN_OF_LINE) line.open += 1;
    else await new Promise<void>((turn) => line.waiting.push(turn));
    try {
      return await ask();
    } finally {
      const next = line.waiting.shift();
      // The place is handed on, so that nobody comes in between.
      if (next !== undefined) next();
      else if (line.open > 1) line.open -= 1;
      else this.#lines.delete(name);
    }
  }
}
