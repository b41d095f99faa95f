/** The views' names: one stop for the tabulator key, then arrows, Home and End (WAI-ARIA's pattern for tabs). */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Glyph, type GlyphName } from './glyph.js';

export interface Tab<Name extends string> {
  readonly name: Name;
  readonly label: string;
  readonly glyph: GlyphName;
}

interface TabsProps<Name extends string> {
  readonly label: string;
  readonly tabs: readonly Tab<Name>[];
  readonly chosen: Name;
  readonly choose: (name: Name) => void;
}

export const panelId = (name: string): string => `panel-${name}`;
export const tabId = (name: string): string => `tab-${name}`;

/** Where each key leads, from a place among so many. */
const STEPS: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowUp: (at, count) => (at + count - 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

export function Tabs<Name extends string>({ label, tabs, chosen, choose }: TabsProps<Name>): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const walk = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const at = tabs.findIndex(({ name }) => name === chosen);
    const next = tabs[step(at, tabs.length)];
    if (next === undefined) return;
    choose(next.name);
    list.current?.querySelector<HTMLElement>(`#${tabId(next.name)}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} aria-orientation="vertical" ref={list} onKeyDown={walk}>
      {tabs.map(({ name, label: text, glyph }) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={tabId(name)}
          class="tab"
          aria-selected={name === chosen}
          aria-controls={panelId(name)}
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => choose(name)}
        >
          <Glyph name={glyph} />
          <span>{text}</span>
        </button>
      ))}
    </div>
  );
}
