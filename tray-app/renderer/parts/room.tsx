/** Takes the room of the longest of several texts, in whatever font there is, and shows none: what is around it stays. */
import type { JSX } from 'preact';

/** One paragraph, or two below each other. */
export type Paragraphs = readonly [first: string, second?: string];

export function Room({ texts }: { readonly texts: readonly Paragraphs[] }): JSX.Element {
  return (
    <span class="room" aria-hidden="true">
      {texts.map(([first, second]) => (
        <span key={`${first}\n${second}`} data-first={first} data-second={second} />
      ))}
    </span>
  );
}
