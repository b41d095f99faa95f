/** What every part of the window may use, without handing it down through all that lie between. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Section } from '../shared/ipc.js';
import type { Translate } from '../shared/messages.js';
import type { Actions } from './actions.js';
import type { Figures } from './figures.js';
import type { WindowState } from './window-store.js';

export interface App extends WindowState {
  readonly say: Translate;
  readonly figures: Figures;
  readonly act: Actions;
  readonly choose: (section: Section) => void;
  /** Says it to who hears the window instead of seeing it. */
  readonly announce: (text: string) => void;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error('There is no window around this part.');
  return app;
}
