/** Names and values. Every name keeps its place, also while there is no value: nothing jumps when one comes. */
import type { ComponentChildren, JSX } from 'preact';

export interface FactProps {
  readonly name: string;
  readonly children: ComponentChildren;
  /** Takes the whole width. */
  readonly isWide?: boolean;
  /** May take two lines in a small window: they are kept free. */
  readonly isTall?: boolean;
}

export function Fact({ name, children, isWide = false, isTall = false }: FactProps): JSX.Element {
  return (
    <div class={`fact${isWide ? ' wide' : ''}${isTall ? ' tall' : ''}`}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
