/**
 * From the lines of a file to the values of a table of directives, with every fault on the way.
 *
 * What the old program ran with, this one runs with: a directive that is unknown, repeated, without a value or of
 * another mode is passed over with a warning; the first of several counts. A value that cannot be is an error.
 */
import type { Directive, Mode } from './directives.js';
import type { Fault, FaultCode } from './fault.js';
import { type Line, splitLines } from './lines.js';
import { nearest } from './nearest.js';

export type Table = Readonly<Record<string, Directive<unknown>>>;

type ValueOf<D> = D extends Directive<infer Value> ? Value : never;

/** The value of each directive that the file holds and that can be read. */
export type Values<T extends Table> = { readonly [Key in keyof T]?: ValueOf<T[Key]> };

/** The other file's directives: one of them here is no mistyped word. */
export interface Elsewhere {
  readonly table: Table;
  /** As the manual names it: "miredo.conf". */
  readonly file: string;
}

/** Finds faults in one file; knows where they are. */
export class FileReader<T extends Table> {
  readonly faults: Fault[] = [];
  readonly file: string;
  readonly #table: T;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #lines = new Map<keyof T, Line>();

  constructor(file: string, table: T, text: string, elsewhere?: Elsewhere) {
    this.file = file;
    this.#table = table;
    this.#elsewhere = elsewhere;
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
    const useless = whyUseless(directive, mode);
    if (useless !== undefined) {
      this.add(useless.code, line, directive.name, useless.sentence, 'warning');
      return undefined;
    }
    return this.#read(line, directive) as ValueOf<T[Key]> | undefined;
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

  #read(line: Line, directive: Directive<unknown>): unknown {
    const [, text = '', ...more] = line.words;
    if (more.length > 0) {
      const sentence = `${directive.name} takes one value; ${JSON.stringify(more.join(' '))} is ignored`;
      this.add('extra-words', line, directive.name, sentence, 'warning');
    }
    const read = directive.read(text);
    if (!read.ok) {
      this.add('bad-value', line, directive.name, `${directive.name}: ${read.problem}`);
      return undefined;
    }
    if (read.warning !== undefined) {
      this.add('odd-value', line, directive.name, `${directive.name}: ${read.warning}`, 'warning');
    }
    return read.value;
  }

  #place(line: Line): void {
    const word = line.words[0] ?? '';
    if (line.openQuote) {
      this.add('quote', line, word, 'a quote is opened and not closed on this line');
    }
    const found = findDirective(this.#table, word);
    if (found === undefined) {
      if (!line.openQuote) this.add('unknown-directive', line, word, this.#whyUnknown(word), 'warning');
      return;
    }
    const [key, directive] = found;
    if (line.words.length < 2 && !line.openQuote) {
      const sentence = `${directive.name} needs a value: ${directive.operand}; this line is ignored`;
      this.add('missing-value', line, directive.name, sentence, 'warning');
      return;
    }
    const first = this.#lines.get(key);
    if (first === undefined) {
      this.#lines.set(key, line);
      return;
    }
    const sentence = `${directive.name} stands in line ${first.number} already; this one is ignored`;
    this.add('duplicate', line, directive.name, sentence, 'warning');
  }

  #whyUnknown(word: string): string {
    const elsewhere = this.#elsewhere;
    const other = elsewhere && findDirective(elsewhere.table, word)?.[1].name;
    if (other !== undefined) return `${other} belongs in ${elsewhere?.file} and is ignored here`;
    const suggestion = nearest(
      word,
      Object.values(this.#table).map(({ name }) => name),
    );
    const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
    return `${JSON.stringify(word)} is no directive and is ignored${hint}`;
  }
}

/** With its key in the table. */
function findDirective(table: Table, word: string): [string, Directive<unknown>] | undefined {
  return Object.entries(table).find(([, directive]) => directive.name.toLowerCase() === word.toLowerCase());
}

function whyUseless(
  directive: Directive<unknown>,
  mode: Mode | undefined,
): { readonly code: FaultCode; readonly sentence: string } | undefined {
  const { name, modes, obsolete } = directive;
  if (obsolete !== undefined) return { code: 'obsolete', sentence: `${name} is obsolete and is ignored: ${obsolete}` };
  if (mode === undefined || modes.includes(mode)) return undefined;
  return { code: 'wrong-mode', sentence: `${name} means nothing in ${mode} mode and is ignored` };
}
