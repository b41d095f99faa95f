/** What the user has set in the app. Kept in a file, so that it is read with suspicion. */
import * as v from 'valibot';

/** What is told by notifications; each can be turned off. */
export const NOTICE_KINDS = ['qualified', 'lost', 'failed', 'server-switched'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

const noticesSchema = v.strictObject({
  qualified: v.boolean(),
  lost: v.boolean(),
  failed: v.boolean(),
  'server-switched': v.boolean(),
} satisfies Record<NoticeKind, unknown>);

const ENTRIES = {
  /** `system`: the desktop's language. */
  language: v.picklist(['system', 'en', 'de']),
  theme: v.picklist(['system', 'light', 'dark']),
  /** What the tray's icon is seen against. `system`: as the theme says, and dark on GNOME. */
  panel: v.picklist(['system', 'light', 'dark']),
  notices: noticesSchema,
  startAtLogin: v.boolean(),
  /** That this desktop shows no tray icons is told once. */
  hasToldNoTray: v.boolean(),
};

export type Settings = {
  readonly [K in keyof typeof ENTRIES]: Readonly<v.InferOutput<(typeof ENTRIES)[K]>>;
};

/** Some of them, to be changed. */
export const settingsChangeSchema = v.partial(v.strictObject(ENTRIES));
export type SettingsChange = v.InferOutput<typeof settingsChangeSchema>;

export const DEFAULT_SETTINGS: Settings = {
  language: 'system',
  theme: 'system',
  panel: 'system',
  notices: { qualified: true, lost: true, failed: true, 'server-switched': true },
  startAtLogin: false,
  hasToldNoTray: false,
};

/** What can be used of a file's content; the defaults for the rest, so that a file of another version does no harm. */
export function settingsOf(raw: unknown): Settings {
  const given: Readonly<Record<string, unknown>> = typeof raw === 'object' && raw !== null ? { ...raw } : {};
  const entry = <K extends keyof Settings>(key: K): Settings[K] => {
    const read = v.safeParse(ENTRIES[key], given[key]);
    return read.success ? (read.output as Settings[K]) : DEFAULT_SETTINGS[key];
  };
  return {
    language: entry('language'),
    theme: entry('theme'),
    panel: entry('panel'),
    notices: entry('notices'),
    startAtLogin: entry('startAtLogin'),
    hasToldNoTray: entry('hasToldNoTray'),
  };
}
