import type { ComponentChildren, JSX } from 'preact';
import { Glyph, type GlyphName } from './glyph.js';
import { Room } from './room.js';

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onPress: () => void;
  readonly kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  readonly glyph?: GlyphName;
  /** It cannot be pressed now, but stays where it is and can be reached: focus must not fall away under the user. */
  readonly isOff?: boolean;
  readonly isPending?: boolean;
  /** When what is written on it does not say enough by itself. */
  readonly label?: string;
  /** All that is ever written on it, where its width must not change. */
  readonly words?: readonly string[];
  readonly id?: string;
}

export function Button(props: ButtonProps): JSX.Element {
  const { children, onPress, kind = 'plain', glyph, isOff = false, isPending = false, label, words, id } = props;
  const isDead = isOff || isPending;
  return (
    <button
      type="button"
      id={id}
      class={`button ${kind}${isPending ? ' pending' : ''}`}
      aria-disabled={isDead}
      aria-busy={isPending}
      aria-label={label}
      onClick={() => {
        if (!isDead) onPress();
      }}
    >
      {isPending ? <span class="spinner" aria-hidden="true" /> : glyph !== undefined && <Glyph name={glyph} />}
      <span class="word">
        <span>{children}</span>
        {words !== undefined && <Room texts={words.map((word) => [word])} />}
      </span>
    </button>
  );
}
