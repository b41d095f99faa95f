/** The little of mdoc(7) that is written by programs: text, and the options and directives in it. */

/** Running text, a sentence a line as mdoc wants it. No line of it is a macro. */
export function sentences(text: string): string {
  return escapeText(text.replace(/(?<=[.;]) (?=[A-Z])/g, '\n'))
    .split('\n')
    .map((line) => line.replace(/^(?=[.'])/, '\\&'))
    .join('\n');
}

/** Backslashes, hyphens that somebody may copy, and what is not ASCII. */
export function escapeText(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replace(/--/g, '\\-\\-')
    .replace(/[^ -~\s]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
    });
}

/** "configuration file" → "Configuration file." */
export function asSentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(begun) ? begun : `${begun}.`;
}

/** A list of terms, each with lines of mdoc. */
export function tagList(items: readonly (readonly [term: string, body: readonly string[]])[]): string[] {
  return ['.Bl -tag -width Ds', ...items.flatMap(([term, body]) => [`.It ${term}`, ...body]), '.El'];
}
