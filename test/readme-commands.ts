/** The commands that a README shows. */

/** Fenced blocks: what stands behind the fence, and what is in it. */
export const blocksOf = (text: string): readonly { readonly language: string; readonly text: string }[] =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', block = '']) => ({
    language,
    text: block,
  }));

/** Lines of the shell's blocks, without comments. */
export const commandsOf = (text: string): string[] =>
  blocksOf(text)
    .filter(({ language }) => language === 'sh')
    .flatMap((block) => block.text.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '');

/** Those of the section "From scripts", which need a bus. */
export function scriptCommands(text: string): string[] {
  const [, section = ''] = /^### From scripts\n([\s\S]*?)^## /m.exec(text) ?? [];
  return commandsOf(section);
}
