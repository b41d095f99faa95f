/** Amounts as people read them: which number of which unit. How they are written is the language's. */

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** In powers of 1000. What would be rounded up to 1000.0 is the next unit's already. */
export function scaledBytes(count: number): readonly [number, (typeof BYTE_UNITS)[number]] {
  let value = count;
  let unit = 0;
  while (unit < BYTE_UNITS.length - 1 && value >= (unit === 0 ? 1000 : 999.95)) {
    value /= 1000;
    unit += 1;
  }
  return [value, BYTE_UNITS[unit] ?? 'TB'];
}

/** Of milliseconds, the two largest units: 3 h, 5 min. Clocks that were set back make no negative ones. */
export function durationParts(milliseconds: number): readonly (readonly [number, string])[] {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return first === -1 ? [[0, 's']] : parts.slice(first, first + 2).filter(([count]) => count > 0);
}
