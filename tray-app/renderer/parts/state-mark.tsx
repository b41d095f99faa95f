/** A shape for each state, so that nobody has to tell colours apart. Beside it there is always the word. */
import type { JSX } from 'preact';
import type { Mark } from '../mark.js';

const RING = <circle cx="12" cy="12" r="9" fill="none" stroke="currentColor" stroke-width="2" />;
const line = (d: string): JSX.Element => (
  <path d={d} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
);

const SHAPES: Readonly<Record<Mark, JSX.Element>> = {
  off: (
    <>
      {RING}
      <rect x="8.5" y="8.5" width="7" height="7" rx="1" fill="currentColor" />
    </>
  ),
  waiting: (
    <>
      {RING}
      {line('M12 7v5l3.5 2')}
    </>
  ),
  busy: (
    <>
      <circle cx="12" cy="12" r="9" fill="none" stroke="currentColor" stroke-width="2" opacity="0.3" />
      <path
        class="turning"
        d="M12 3a9 9 0 0 1 9 9"
        fill="none"
        stroke="currentColor"
        stroke-width="2.4"
        stroke-linecap="round"
      />
      <circle cx="12" cy="12" r="2.4" fill="currentColor" />
    </>
  ),
  good: (
    <>
      <circle cx="12" cy="12" r="10" fill="currentColor" />
      <path
        d="M7.5 12.5l3 3 6-6.5"
        fill="none"
        stroke="var(--card)"
        stroke-width="2.2"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </>
  ),
  limited: (
    <>
      <circle cx="12" cy="12" r="10" fill="currentColor" />
      <path d="M12 6.8v6.4" stroke="var(--card)" stroke-width="2.4" stroke-linecap="round" />
      <circle cx="12" cy="17" r="1.4" fill="var(--card)" />
    </>
  ),
  half: (
    <>
      {RING}
      {line('M7.8 12.3l2.8 2.8 5.6-6')}
    </>
  ),
  bad: (
    <>
      <path
        d="M12 2.5L22.5 20.5h-21z"
        fill="currentColor"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linejoin="round"
      />
      <path d="M12 9v5.2" stroke="var(--card)" stroke-width="2.2" stroke-linecap="round" />
      <circle cx="12" cy="17.4" r="1.3" fill="var(--card)" />
    </>
  ),
  stop: (
    <>
      <path d="M7.9 2.5h8.2l5.4 5.4v8.2l-5.4 5.4H7.9l-5.4-5.4V7.9z" fill="currentColor" />
      <path d="M8.5 8.5l7 7M15.5 8.5l-7 7" stroke="var(--card)" stroke-width="2.2" stroke-linecap="round" />
    </>
  ),
  skipped: (
    <>
      {RING}
      {line('M8 12h8')}
    </>
  ),
  absent: (
    <>
      {RING}
      {line('M6 18L18 6')}
    </>
  ),
};

export function StateMark({ mark, size }: { readonly mark: Mark; readonly size: number }): JSX.Element {
  return (
    <svg
      class={`mark mark-${mark}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[mark]}
    </svg>
  );
}
