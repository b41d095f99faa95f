/** Numbers and times as people of the language write them. */

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

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function figuresIn(language: string): Figures {
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const tenths = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  const seconds = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const dated = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const bytes = (count: number): string => {
    const [value, unit] = scaled(count);
    return `${unit === 'B' ? whole.format(value) : tenths.format(value)}\u00a0${unit}`;
  };
  return {
    language,
    bytes,
    rate: (bytesPerSecond) => `${bytes(bytesPerSecond)}/s`,
    rateTick: (bytesPerSecond) => {
      const [value, unit] = scaled(bytesPerSecond);
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

/** In powers of 1000. What would be rounded up to 1000.0 is the next unit's already. */
function scaled(count: number): readonly [number, string] {
  let value = count;
  let unit = 0;
  while (unit < UNITS.length - 1 && value >= (unit === 0 ? 1000 : 999.95)) {
    value /= 1000;
    unit += 1;
  }
  return [value, UNITS[unit] ?? ''];
}

/** The symbols are the same in every language. Clocks that were set back make no negative ones. */
function duration(milliseconds: number): string {
  const total = Math.max(0, Math.round(milliseconds / 1000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(total / 86_400), 'd'],
    [Math.floor(total / 3600) % 24, 'h'],
    [Math.floor(total / 60) % 60, 'min'],
    [total % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0\u00a0s';
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count}\u00a0${unit}`).join(' ');
}

function isSameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
