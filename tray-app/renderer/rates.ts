/** Throughput out of counters, for the graphs. */
import { SAMPLE_INTERVAL, SAMPLES_KEPT, type Sample } from '../shared/sample.js';

/** Milliseconds after which two samples are not neighbours: the window was hidden in between. */
const GAP = 3 * SAMPLE_INTERVAL;

/** Seconds that a graph shows. */
export const SPAN = (SAMPLES_KEPT * SAMPLE_INTERVAL) / 1000;

export interface Course {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  /** Bytes a second. */
  readonly received: readonly (number | null)[];
  readonly sent: readonly (number | null)[];
  /** Microseconds. */
  readonly roundTrips: readonly (number | null)[];
}

export function courseOf(samples: readonly Sample[]): Course {
  const before = (i: number): Sample | undefined => samples[i - 1];
  return {
    times: samples.map(({ time }) => time / 1000),
    received: samples.map((sample, i) => rate(before(i), sample, 'bytes-in')),
    sent: samples.map((sample, i) => rate(before(i), sample, 'bytes-out')),
    roundTrips: samples.map(({ roundTrip }) => roundTrip ?? null),
  };
}

/** Bytes a second; null where there is nothing to compare with, and where the tunnel has begun to count anew. */
function rate(before: Sample | undefined, sample: Sample, counter: string): number | null {
  const from = before?.statistics[counter];
  const to = sample.statistics[counter];
  if (before === undefined || from === undefined || to === undefined || to < from) return null;
  const passed = sample.time - before.time;
  return passed <= 0 || passed > GAP ? null : ((to - from) * 1000) / passed;
}

export interface Drop {
  /** The daemon's word. */
  readonly reason: string;
  readonly count: number;
}

/** The most frequent first. BOUNDED: by the daemon's reasons; of a daemon that has more, the first fifty. */
export function dropsIn(statistics: Readonly<Record<string, number>>): readonly Drop[] {
  const prefix = 'dropped-';
  return Object.entries(statistics)
    .filter(([name, count]) => name.startsWith(prefix) && count > 0)
    .map(([name, count]) => ({ reason: name.slice(prefix.length), count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, 50);
}
