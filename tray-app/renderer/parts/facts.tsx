/** Names and values. Every name keeps its place, also while there is no value: nothing jumps when one comes. */
import type { ComponentChildren, JSX } from 'preact';

export interface FactProps {
  readonly name: string;
  readonly children: ComponentChildren;
  /** Takes the whole width. */
  readonly isWide?: boolean;
}

export function Fact({ name, children, isWide = false }: FactProps): JSX.Element {
  return (
    <div class={isWide ? 'fact wide' : 'fact'}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
