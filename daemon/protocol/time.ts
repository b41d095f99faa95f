/** Virtual or real, the core only ever sees these numbers: it owns no clock. */
import type { Brand } from '../wire/brand.js';

/** Milliseconds on a monotonic clock whose origin is the host's affair. */
export type Instant = Brand<number, 'Instant'>;
/** Milliseconds. */
export type Duration = Brand<number, 'Duration'>;

/** The deadline of a core that waits for nothing. */
export const NEVER = Number.POSITIVE_INFINITY as Instant;

export const seconds = (count: number): Duration => (count * 1000) as Duration;
export const after = (instant: Instant, duration: Duration): Instant => (instant + duration) as Instant;
export const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b);
