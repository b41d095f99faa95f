/** A reading of the daemon's counters. Taken each second while the window is to be seen, and never otherwise. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The daemon's counters as they stand, by their names on the bus; empty when there is no tunnel. */
  readonly statistics: Readonly<Record<string, number>>;
  /** Microseconds; undefined when not known. */
  readonly roundTrip: number | undefined;
  /** Milliseconds since 1970; undefined for never. */
  readonly lastServerContact: number | undefined;
  /** Microseconds. */
  readonly refreshInterval: number | undefined;
}

/** BOUNDED: samples that the main process keeps for a window that opens, and the window for its graphs: five minutes. */
export const SAMPLES_KEPT = 300;
export const SAMPLE_INTERVAL = 1000;
