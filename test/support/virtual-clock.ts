/**
 * Time that passes only when nothing is left to do at the present instant.
 *
 * Events of one instant run in the order in which they were scheduled, so a run depends on nothing but its seed.
 */
import type { Duration, Instant } from '../../daemon/protocol/time.js';

interface Event {
  readonly instant: number;
  /** Ties are broken by the order of scheduling. */
  readonly sequence: number;
  readonly action: () => void;
}

const isBefore = (a: Event, b: Event): boolean =>
  a.instant < b.instant || (a.instant === b.instant && a.sequence < b.sequence);

export class VirtualClock {
  /** Binary heap: each event is before its children at 2i + 1 and 2i + 2. */
  readonly #heap: Event[] = [];
  #now: number;
  #sequence = 0;
  #executed = 0;

  constructor(origin = 0) {
    this.#now = origin;
  }

  get now(): Instant {
    return this.#now as Instant;
  }

  /** Events run so far. */
  get executed(): number {
    return this.#executed;
  }

  get pending(): number {
    return this.#heap.length;
  }

  /** Runs `action` at `instant`, or at the present one when that has passed. */
  at(instant: number, action: () => void): void {
    if (Number.isNaN(instant)) throw new Error('an event cannot be at NaN');
    this.#push({ instant: Math.max(instant, this.#now), sequence: this.#sequence++, action });
  }

  after(delay: Duration | number, action: () => void): void {
    this.at(this.#now + delay, action);
  }

  /** Runs every event up to and including `until`; then it is `until`. */
  run(until: number): void {
    this.runUntil(() => false, until);
  }

  runFor(duration: Duration | number): void {
    this.run(this.#now + duration);
  }

  /** Runs until `condition` holds after an event (true), or nothing is left before `limit` (false; then it is `limit`). */
  runUntil(condition: () => boolean, limit: number): boolean {
    if (condition()) return true;
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.instant > limit) break;
      this.#pop();
      this.#now = next.instant;
      this.#executed++;
      next.action();
      if (condition()) return true;
    }
    if (limit > this.#now) this.#now = limit;
    return false;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let child = heap.length;
    heap.push(event);
    while (child > 0) {
      const parent = (child - 1) >>> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const moved = heap.pop();
    const size = heap.length;
    if (moved === undefined || size === 0) return;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, moved)) break;
      heap[hole] = heap[child] as Event;
      hole = child;
    }
    heap[hole] = moved;
  }
}
