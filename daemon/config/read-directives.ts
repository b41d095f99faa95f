/**
 * From the lines of a file to the values of a table of directives, with every fault on the way.
 *
 * What the old program ran with, this one runs with: a directive that is unknown, repeated or of another mode is
 * passed over with a warning; the first of several counts. A value that cannot be is an error.
 */
import type { Directive, Mode } from './directives.js';
import type { Fault, FaultCode } from './fault.js';
import { type Line, splitLines } from './lines.js';
import { nearest } from './nearest.js';

export type Table = Readonly<Record<string, Directive<unknown>>>;

type ValueOf<D> = D extends Directive<infer Value> ? Value : never;

/** The value of each directive that the file holds and that can be read. */
export type Values<T extends Table> = { readonly [Key in keyof T]?: ValueOf<T[Key]> };

/** Finds faults in one file; knows where they are. */
export class FileReader<T extends Table> {
  readonly faults: Fault[] = [];
  readonly file: string;
  readonly #table: T;
  readonly #lines = new Map<keyof T, Line>();

  constructor(file: string, table: T, text: string) {
    this.file = file;
    this.#table = table;
    for (const line of splitLines(text)) this.#place(line);
  }

  /** Reads the values that belong to `mode`; all of them without one. */
  values(mode?: Mode): Values<T> {
    const values: Record<string, unknown> = {};
    for (const key of Object.keys(this.#table)) {
      const value = this.value(key, mode);
      if (value !== undefined) values[key] = value;
    }
    return values as Values<T>;
  }

  /** Reads one value; undefined when it is absent, faulty, or of no use in `mode`. */
  value<Key extends keyof T & string>(key: Key, mode?: Mode): ValueOf<T[Key]> | undefined {
    const line = this.#lines.get(key);
    const directive = this.#table[key];
    if (line === undefined || line.openQuote || directive === undefined) return undefined;
    const [name, text, ...more] = line.words;
    if (mode !== undefined && !directive.modes.includes(mode)) {
      this.add(
        'wrong-mode',
        line,
        directive.name,
        `${directive.name} means nothing in ${mode} mode and is ignored`,
        'warning',
      );
      return undefined;
    }
    if (text === undefined) {
      this.add('missing-value', line, directive.name, `${name} needs a value: ${directive.operand}`);
      return undefined;
    }
    if (more.length > 0) {
      const sentence = `${directive.name} takes one value; ${JSON.stringify(more.join(' '))} is ignored`;
      this.add('extra-words', line, directive.name, sentence, 'warning');
    }
    const read = directive.read(text);
    if (read.ok) return read.value as ValueOf<T[Key]>;
    this.add('bad-value', line, directive.name, `${directive.name}: ${read.problem}`);
    return undefined;
  }

  add(
    code: FaultCode,
    line: Line | undefined,
    directive: string,
    sentence: string,
    severity: Fault['severity'] = 'error',
  ): void {
    if (this.faults.some((fault) => fault.code === code && fault.line === (line?.number ?? 0))) return;
    this.faults.push({ severity, code, file: this.file, line: line?.number ?? 0, directive, sentence });
  }

  /** The line of a directive, for faults that concern several. */
  lineOf(key: keyof T): Line | undefined {
    return this.#lines.get(key);
  }

  #place(line: Line): void {
    const word = line.words[0] ?? '';
    if (line.openQuote) {
      this.add('quote', line, word, 'a quote is opened and not closed on this line');
    }
    const entries = Object.entries(this.#table);
    const found = entries.find(([, directive]) => directive.name.toLowerCase() === word.toLowerCase());
    if (found === undefined) {
      if (line.openQuote) return;
      const names = entries.map(([, directive]) => directive.name);
      const suggestion = nearest(word, names);
      const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
      this.add(
        'unknown-directive',
        line,
        word,
        `${JSON.stringify(word)} is no directive and is ignored${hint}`,
        'warning',
      );
      return;
    }
    const [key, directive] = found;
    const first = this.#lines.get(key);
    if (first === undefined) {
      this.#lines.set(key, line);
      return;
    }
    const sentence = `${directive.name} stands in line ${first.number} already; this one is ignored`;
    this.add('duplicate', line, directive.name, sentence, 'warning');
  }
}
