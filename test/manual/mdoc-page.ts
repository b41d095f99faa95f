/** A page of the manual as tests look at it: macros and their words, by section. */

export interface Macro {
  /** The section it stands in, as written: "EXIT STATUS". */
  readonly section: string;
  /** Without the dot: "Xr". */
  readonly name: string;
  readonly words: readonly string[];
}

/** The macros of a page, those within the lines of others apart: `.It Fl c Ar file` is one. */
export function macrosOf(page: string): Macro[] {
  let section = '';
  const macros: Macro[] = [];
  for (const line of page.split('\n')) {
    const match = /^\.([A-Z%][A-Za-z0-9]) ?(.*)$/.exec(line);
    if (match === null) continue;
    const [, name = '', rest = ''] = match;
    if (name === 'Sh') section = rest;
    macros.push({ section, name, words: rest.split(' ').filter((word) => word !== '') });
  }
  return macros;
}

/** What follows each `name` on its line, wherever in the line it stands, up to the next macro or delimiter. */
export function wordsAfter(macros: readonly Macro[], name: string): string[] {
  return macros.flatMap((macro) => {
    const all = [macro.name, ...macro.words];
    return all.flatMap((word, i) => (word === name && all[i + 1] !== undefined ? [all[i + 1] ?? ''] : []));
  });
}

export const sectionsOf = (page: string): string[] =>
  macrosOf(page)
    .filter(({ name }) => name === 'Sh')
    .map(({ words }) => words.join(' '));

/** The words of each `.It` of a section. */
export const itemsOf = (page: string, section: string): (readonly string[])[] =>
  macrosOf(page)
    .filter((macro) => macro.section === section && macro.name === 'It')
    .map(({ words }) => words);

/** `.Fl \-config` and `.Fl c` as they are typed. */
export const typedOption = (word: string): string => `-${word.replace('\\-', '-')}`;
