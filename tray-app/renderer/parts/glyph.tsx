/** Small line drawings on buttons and tabs; what they mean is written beside them. */
import type { JSX } from 'preact';

export type GlyphName =
  | 'overview'
  | 'traffic'
  | 'servers'
  | 'diagnosis'
  | 'log'
  | 'settings'
  | 'copy'
  | 'done'
  | 'plus'
  | 'remove'
  | 'search'
  | 'export'
  | 'down'
  | 'up';

const PATHS: Readonly<Record<GlyphName, string>> = {
  overview:
    'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM1.8 8h12.4M8 1.8c2 1.7 2.8 3.9 2.8 6.2S10 12.5 8 14.2C6 12.5 5.2 10.3 5.2 8S6 3.5 8 1.800z',
  traffic: 'M1.5 9.500h2.600l2-6 3.2 9.5 2-5.500h3.2',
  servers: 'M2.5 2.500h11v4.500h-11zM2.5 9h11v4.500h-11zM5 4.75h.01M5 11.25h.01M8 4.75h3M8 11.25h3',
  diagnosis: 'M2 3.500l1.2 1.2 2-2.200M2 8.200l1.2 1.2 2-2.200M2 12.900l1.2 1.2 2-2.200M8 4h6M8 8.500h6M8 13h6',
  log: 'M3 2.500h10M3 6.200h10M3 9.800h7M3 13.500h5',
  settings: 'M2 4.500h6M12 4.500h2M2 11.500h2M8 11.500h6M10 2.500v4M6 9.500v4',
  copy: 'M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3',
  done: 'M3 8.500l3.5 3.500L13 4.5',
  plus: 'M8 3v10M3 8h10',
  remove: 'M3.5 4.500h9M6 4.500v-2h4v2M4.5 4.500l.6 9h5.800l.6-9',
  search: 'M7 2.500a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.500l3.5 3.5',
  export: 'M8 10V2M5 5l3-3 3 3M2.5 10v3.500h11V10',
  down: 'M8 3v10M4 9l4 4 4-4',
  up: 'M8 13V3M4 7l4-4 4 4',
};

export function Glyph({ name }: { readonly name: GlyphName }): JSX.Element {
  return (
    <svg class="glyph" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
