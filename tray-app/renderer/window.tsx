/** Entry point of the details window. All it has of the outside is `window.miredo`, which the preload puts there. */
import { render } from 'preact';
import type { BRIDGE_NAME, Bridge } from '../shared/ipc.js';
import { type Translate, translator } from '../shared/messages.js';
import type { Locale } from '../shared/view.js';
import { actionsOver } from './actions.js';
import { type Figures, figuresIn } from './figures.js';
import { Frame } from './frame.js';
import { WindowStore } from './window-store.js';

declare global {
  interface Window {
    readonly [BRIDGE_NAME]: Bridge;
  }
}

const { miredo } = window;

interface Words {
  readonly locale: Locale;
  readonly say: Translate;
  readonly figures: Figures;
}

/** The user's own way to write times, when the region speaks the language. */
const regional = (locale: Locale): string => navigator.languages.find((tag) => tag.startsWith(locale)) ?? locale;

/** Made once for each language: the parts compare them. */
let words: Words | undefined;

function wordsIn(locale: Locale): Words {
  if (words?.locale !== locale) {
    words = { locale, say: translator(locale), figures: figuresIn(regional(locale)) };
    document.documentElement.lang = locale;
    document.title = words.say('window.title');
  }
  return words;
}

let announced = '';

const store = new WindowStore(draw);

function draw(): void {
  const { state } = store;
  if (state === undefined) return;
  const { say, figures } = wordsIn(state.view.environment.locale);
  const app = {
    ...state,
    say,
    figures,
    act,
    announce,
    choose: (section: typeof state.section) => store.choose(section),
  };
  render(<Frame app={app} announced={announced} />, document.body);
}

function announce(text: string): void {
  // Said twice it would not be heard twice, were it the same text.
  announced = announced === text ? `${text}\u00a0` : text;
  draw();
}

const act = actionsOver(miredo, (error) => {
  console.error(error);
  const say = words?.say ?? translator('en');
  announce(say('outcome.broken'));
});

store.begin(miredo).catch((error: unknown) => {
  console.error(error);
  document.body.textContent = translator('en')('outcome.broken');
});
