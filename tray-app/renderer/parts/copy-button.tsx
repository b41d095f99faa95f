/** Copies a text and says that it did, without moving anything. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../app-context.js';
import { Glyph } from './glyph.js';

/** Milliseconds for which "Copied" stands there. */
const SHOWN = 2000;

interface CopyButtonProps {
  readonly text: string | undefined;
  /** What is copied, as the button is called: "Copy the address". */
  readonly label: string;
}

export function CopyButton({ text, label }: CopyButtonProps): JSX.Element {
  const { say, act, announce } = useApp();
  const [copied, setCopied] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (copied === undefined) return undefined;
    const timer = setTimeout(() => setCopied(undefined), SHOWN);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (): Promise<void> => {
    if (text === undefined) return;
    const isDone = await act.copy(text);
    if (isDone) setCopied(text);
    announce(say(isDone ? 'copy.done' : 'copy.failed'));
  };
  const isCopied = copied !== undefined && copied === text;
  return (
    <button
      type="button"
      class={`copy${isCopied ? ' copied' : ''}`}
      aria-label={label}
      title={isCopied ? say('copy.done') : label}
      aria-disabled={text === undefined}
      onClick={() => void copy()}
    >
      <Glyph name={isCopied ? 'done' : 'copy'} />
    </button>
  );
}
