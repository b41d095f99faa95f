/** The command lines of a page's literal blocks, as a shell takes them. */

export function commandsIn(page: string): string[] {
  const blocks = [...page.matchAll(/^\.Bd -literal[^\n]*\n([\s\S]*?)^\.Ed$/gm)].map(([, text = '']) => text);
  return blocks.flatMap((text) =>
    text
      .replaceAll('\\e', '\\')
      .replaceAll('\\-', '-')
      .replace(/ \\\n\s*/g, ' ')
      .trimEnd()
      .split('\n'),
  );
}
