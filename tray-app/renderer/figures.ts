/** Numbers and times as people of the language write them. */

import { durationParts, scaledBytes } from '../../dbus/quantities.js';

export interface Figures {
  /** With the region, as the browser takes it. */
  readonly language: string;
  /** Of bytes a second: "1.5 MB/s". */
  readonly rate: (bytesPerSecond: number) => string;
  readonly bytes: (count: number) => string;
  readonly count: (count: number) => string;
  /** The same for a scale: "500 kB/s". */
  readonly rateTick: (bytesPerSecond: number) => string;
  /** Of microseconds: "23.4 ms". */
  readonly roundTrip: (microseconds: number) => string;
  readonly roundTripTick: (microseconds: number) => string;
  /** Of milliseconds, in the two largest units: "3 h 5 min". */
  readonly duration: (milliseconds: number) => string;
  /** "14:03" today, else with the date. */
  readonly moment: (when: number, now: number) => string;
  /** "14:03:22". */
  readonly clock: (when: number) => string;
}

export function figuresIn(language: string): Figures {
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  const seconds = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const dated = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const bytes = (count: number): string => {
    const [value, unit] = scaledBytes(count);
    return `${unit === 'B' ? whole.format(value) : tenths.format(value)}\u00a0${unit}`;
  };
  return {
    language,
    bytes,
    rate: (bytesPerSecond) => `${bytes(bytesPerSecond)}/s`,
    rateTick: (bytesPerSecond) => {
      const [value, unit] = scaledBytes(bytesPerSecond);
      return `${short.format(value)}\u00a0${unit}/s`;
    },
    count: (count) => whole.format(count),
    roundTrip: (microseconds) => `${tenths.format(microseconds / 1000)}\u00a0ms`,
    roundTripTick: (microseconds) => `${short.format(microseconds / 1000)}\u00a0ms`,
    duration,
    moment: (when, now) => (isSameDay(when, now) ? time : dated).format(when),
    clock: (when) => seconds.format(when),
  };
}

/** The symbols are the same in every language. */
const duration = (milliseconds: number): string =>
  durationParts(milliseconds)
    .map(([count, unit]) => `${count}\u00a0${unit}`)
    .join(' ');

function isSameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
