/**
 * The app's words. A language is a set of message files (messages/*-LOCALE.ts) with the same keys; `{name}` stands for a
 * value. English is complete by definition, and the compiler holds the others to its keys.
 */
import { stateDe } from './messages/state-de.js';
import { stateEn } from './messages/state-en.js';
import { trayDe } from './messages/tray-de.js';
import { trayEn } from './messages/tray-en.js';
import { windowDe } from './messages/window-de.js';
import { windowEn } from './messages/window-en.js';
import type { Locale } from './view.js';

const en = { ...stateEn, ...trayEn, ...windowEn };

export type MessageKey = keyof typeof en;
type Message<K extends MessageKey> = (typeof en)[K];

/** Names between braces. */
type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** Nothing for a message without names, else an object with a value for each. */
type Values<K extends MessageKey> = [Names<Message<K>>] extends [never]
  ? []
  : [values: Readonly<Record<Names<Message<K>>, string | number>>];

export const CATALOGUES: Readonly<Record<Locale, Readonly<Record<MessageKey, string>>>> = {
  en,
  de: { ...stateDe, ...trayDe, ...windowDe },
};

export type Translate = <K extends MessageKey>(key: K, ...values: Values<K>) => string;

export function translator(locale: Locale): Translate {
  const catalogue = CATALOGUES[locale];
  return (key, ...values) => fill(catalogue[key], values[0]);
}

function fill(text: string, values: Readonly<Record<string, string | number>> | undefined): string {
  return text.replace(/\{([\w-]+)\}/g, (_, name: string) => String(values?.[name] ?? `{${name}}`));
}

/** For keys that are made of the daemon's words, of which it may know more than we: undefined when there is none. */
export function translateMaybe(locale: Locale, key: string): string | undefined {
  const catalogue: Readonly<Record<string, string>> = CATALOGUES[locale];
  return Object.hasOwn(catalogue, key) ? catalogue[key] : undefined;
}

/** The first of the user's languages that there are messages in; `tags` as in $LANGUAGE or BCP 47. */
export function localeOf(tags: readonly string[]): Locale {
  for (const tag of tags) {
    const language = tag.toLowerCase().split(/[-_.@]/)[0] ?? '';
    if (Object.hasOwn(CATALOGUES, language)) return language as Locale;
  }
  return 'en';
}
