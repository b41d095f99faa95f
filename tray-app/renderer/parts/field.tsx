/** A line to type in, with the place where its fault is told kept free. */
import type { JSX } from 'preact';

interface FieldProps {
  readonly id: string;
  readonly label: string;
  /** Stands where the fault will. */
  readonly hint: string;
  readonly value: string;
  readonly change: (text: string) => void;
  readonly complaint?: string | undefined;
  readonly isNeeded?: boolean;
}

export function Field({ id, label, hint, value, change, complaint, isNeeded = false }: FieldProps): JSX.Element {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        type="text"
        id={id}
        value={value}
        maxLength={253}
        autocomplete="off"
        spellcheck={false}
        aria-required={isNeeded}
        aria-invalid={complaint !== undefined}
        aria-describedby={`${id}-note`}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <p id={`${id}-note`} class={complaint === undefined ? 'hint' : 'complaint'} aria-live="polite">
        {complaint ?? hint}
      </p>
    </div>
  );
}
