/** A text that comes from the bus, or nothing: a dash, so that its place stays. */
import type { JSX } from 'preact';

interface ForeignProps {
  readonly text: string | undefined;
  readonly isMono?: boolean;
}

export function Foreign({ text, isMono = false }: ForeignProps): JSX.Element {
  if (text === undefined || text === '') return <span class="soft">–</span>;
  return <bdi class={`foreign selectable${isMono ? ' mono' : ''}`}>{text}</bdi>;
}
