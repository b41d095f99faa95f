/** What main needs of each of the three services. */

/** Start-up that failed: nothing is left behind. */
export interface StartFailure {
  readonly ok: false;
  readonly sentence: string;
}

export interface Started {
  readonly ok: true;
  readonly service: Service;
}

export interface Service {
  /** Takes everything away. Idempotent, and quick: nothing that leaves is waited for. */
  close(): void;
}

/** The tunnel broke in a way that only a new start can mend. */
export type Broken = (sentence: string) => void;
